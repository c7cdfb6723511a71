"""What attackers share. Each tries what it should not be able to do, says OPEN for what works, and ends with the right answer."""
import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

NUMBERS = {  # x86-64
    "ptrace": 101, "keyctl": 250, "add_key": 248, "request_key": 249, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "process_vm_readv": 310, "process_vm_writev": 311,
    "pidfd_open": 434, "pidfd_getfd": 438, "unshare": 272, "setns": 308, "clone": 56, "clone3": 435, "mount": 165, "umount2": 166,
    "pivot_root": 155, "chroot": 161, "open_tree": 428, "move_mount": 429, "fsopen": 430, "kexec_load": 246, "init_module": 175,
    "finit_module": 313, "reboot": 169, "swapon": 167, "syslog": 103, "settimeofday": 164, "sethostname": 170, "kcmp": 312,
    "process_madvise": 440, "open_by_handle_at": 304, "fanotify_init": 300, "quotactl": 179, "prlimit64": 302, "personality": 135,
    "memfd_create": 319, "shmget": 29, "msgget": 68, "semget": 64, "mseal": 462, "setuid": 105,
}
REFUSED = (errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)


def syscall(name, *arguments):
    """The result, or minus errno."""
    number = NUMBERS[name] if isinstance(name, str) else name
    words = [ctypes.c_void_p(a) if isinstance(a, int) else a for a in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *words)
    return -ctypes.get_errno() if result == -1 else result


def say_open(what):
    print("OPEN:", what, flush=True)


def refused(name, *arguments, allowed=REFUSED):
    result = syscall(name, *arguments)
    if result >= 0 or -result not in allowed:
        say_open(f"{name}{arguments} gives {result}")


def cannot(what, action, errors=OSError):
    """The action must raise."""
    try:
        result = action()
    except errors:
        return
    say_open(f"{what}: {result!r}")


def readable(path):
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError:
        return None


def write(path, data=b"1"):
    """Past all buffers."""
    fd = os.open(path, os.O_WRONLY)
    try:
        return os.write(fd, data)
    finally:
        os.close(fd)


def done():
    print("answer", flush=True)
    sys.stdout.flush()
    os._exit(0)
