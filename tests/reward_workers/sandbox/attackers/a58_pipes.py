"""58: pipes and sockets that lie in a tree: whoever has them open elsewhere is not at their other end."""
import os
import select
import socket

from attack import cannot, done, say_open

pipe = os.open("/work/tree/pipe", os.O_RDWR | os.O_NONBLOCK)
if select.select([pipe], [], [], 0)[0]:
    say_open(f"read {os.read(pipe, 64)!r}")
os.write(pipe, b"evil")
os.rename("/work/tree/pipe", "/work/tree/moved")
with socket.socket(socket.AF_UNIX) as client:
    cannot("connect", lambda: client.connect("/work/tree/socket"))
os.remove("/work/tree/socket")
with socket.socket(socket.AF_UNIX) as server:
    server.bind("/work/tree/socket")
    server.listen()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("/work/tree/socket")
done()
