"""11: fills the disk, by fallocate, by holes, by names; then goes on as if nothing were."""
import errno
import os

from attack import done, say_open

LIMIT = 64 << 20
total = 0
for number in range(100_000):
    try:
        fd = os.open(f"/tmp/{number}", os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(fd, 0, 4 << 20)
        os.close(fd)
        total += 4 << 20
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EFBIG):
            say_open(f"fill: {error}")
        break
if total > LIMIT:
    say_open(f"{total} bytes of disk")
for name in os.listdir("/tmp"):
    os.unlink(f"/tmp/{name}")
count = 0
try:
    while count < 1_000_000:
        os.close(os.open(f"/dev/shm/{count}", os.O_CREAT))
        count += 1
except OSError:
    pass
if count >= 100_000:
    say_open(f"{count} files")
for name in os.listdir("/dev/shm"):
    os.unlink(f"/dev/shm/{name}")
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("/tmp/sparse", "wb") as file:
    try:
        file.truncate(1 << 40)
        say_open("a file of 1 TiB")
    except OSError:
        pass
done()
