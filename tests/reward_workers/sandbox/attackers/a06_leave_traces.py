"""6, 7, 8, 12, 56: leaves whatever it can behind: files, shared memory, special files, links, IPC, processes."""
import ctypes
import os
import socket
import stat

from attack import cannot, done, libc, say_open, syscall

MARK = "cohort-left-behind"
for folder in ("/work", "/tmp", "/dev/shm"):
    with open(f"{folder}/{MARK}", "w") as file:
        file.write("x" * 100)
    os.mkfifo(f"{folder}/{MARK}-fifo")
    os.symlink("/etc/shadow", f"{folder}/{MARK}-link")
    os.symlink("../../../../../../../etc", f"{folder}/{MARK}-up")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/{MARK}-socket")
    for kind, name in ((stat.S_IFCHR, "char"), (stat.S_IFBLK, "block")):
        cannot(f"mknod {name}", lambda: os.mknod(f"{folder}/{MARK}-{name}", kind | 0o666, os.makedev(1, 1)))
    os.chmod(f"{folder}/{MARK}", 0o6777)
for folder in ("/", "/usr", "/usr/bin", "/etc", "/dev", "/proc", "/run"):
    cannot(f"write {folder}", lambda: open(f"{folder}/{MARK}", "w"))
for path in ("/usr/bin/python3", "/etc/passwd", "/etc/hosts"):
    cannot(f"open {path}", lambda: open(path, "r+b"))
    cannot(f"chmod {path}", lambda: os.chmod(path, 0o777))
if os.path.exists("/etc/shadow"):
    say_open("/etc/shadow")
syscall("shmget", 0x434F48, 4096, 0o1666)
syscall("msgget", 0x434F48, 0o1666)
syscall("semget", 0x434F48, 1, 0o1666)
libc.mq_open(b"/" + MARK.encode(), os.O_CREAT | os.O_RDWR, 0o666, None)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            ctypes.CDLL(None).pause()
    os._exit(0)
done()
