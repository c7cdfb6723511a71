"""3, one half: locks files that others see, and waits until its stdin closes."""
import fcntl
import os
import struct
import sys

held = []
for path in sys.argv[1:]:
    fd = os.open(path, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)  # holds up whoever opens the file
    except OSError:
        pass
    fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
    held.append(fd)
print("held", flush=True)
sys.stdin.read()
