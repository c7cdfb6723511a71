"""17: descriptors: its own, and in flight through a socket."""
import array
import os
import socket

from attack import done, say_open

held = []
try:
    while len(held) < 100_000:
        held.append(os.open("/dev/null", os.O_RDONLY))
    say_open(f"{len(held)} descriptors")
except OSError:
    pass
for fd in held:
    os.close(fd)
a, b = socket.socketpair()
b.setblocking(False)
a.setblocking(False)
flying = 0
fds = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 100)
try:
    while flying < 1_000_000:
        a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        flying += len(fds)
except OSError:
    pass
if flying >= 100_000:
    say_open(f"{flying} descriptors in flight")
done()
