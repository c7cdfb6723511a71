"""1: keys of the kernel as a channel between runs."""
from attack import cannot, done, refused, readable, say_open

refused("add_key", b"user", b"left", b"behind", 6, -4 & 0xFFFFFFFFFFFFFFFF)
refused("keyctl", 0, -3 & 0xFFFFFFFFFFFFFFFF, 1)  # KEYCTL_GET_KEYRING_ID
refused("keyctl", 1, 0)  # KEYCTL_JOIN_SESSION_KEYRING
refused("request_key", b"user", b"left", b"", 0)
if readable("/proc/keys"):
    say_open("/proc/keys")
done()
