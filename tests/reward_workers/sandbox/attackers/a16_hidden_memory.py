"""16: memory that belongs to no process: argv names the kind."""
import os
import socket
import sys

from attack import syscall

kind = sys.argv[1]
held = []
block = b"x" * (1 << 20)
if kind == "heap":
    while True:
        held.append(bytearray(1 << 20))
elif kind == "children":
    for _ in range(20):
        if os.fork() == 0:
            held.append(bytearray(30 << 20))
            break
    import time
    time.sleep(100)
elif kind == "memfd":
    fd = syscall("memfd_create", b"x", 0)
    if fd < 0:
        sys.exit(3)
    while True:
        os.write(fd, block)
elif kind == "shm":
    import ctypes
    for _ in range(1000):
        number = syscall("shmget", 0, 1 << 20, 0o1600)
        if number < 0:
            sys.exit(3)
        libc = ctypes.CDLL(None)
        libc.shmat.restype = ctypes.c_void_p
        at = libc.shmat(number, None, 0)
        ctypes.memset(at, 1, 1 << 20)
        libc.shmdt(ctypes.c_void_p(at))
elif kind == "sockets":
    while True:
        if os.fork() == 0:
            continue
        try:
            while True:
                a, b = socket.socketpair()
                held += [a, b]
                for end in (a, b):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
                    end.setblocking(False)
                    try:
                        while True:
                            end.send(block[:65536])
                    except BlockingIOError:
                        pass
        except OSError:
            import time
            time.sleep(100)
