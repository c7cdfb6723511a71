"""3, the other half: looks for locks and leases of others."""
import fcntl
import os
import struct
import sys

from attack import done, say_open

for path in sys.argv[1:]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except BlockingIOError:
        say_open(f"a lease on {path}")
        continue
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say_open(f"flock on {path} is seen")
    lock = fcntl.fcntl(fd, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    if struct.unpack("hhqqi4x", lock)[0] != fcntl.F_UNLCK:
        say_open(f"a lock on {path} is seen")
done()
