"""9: networks. Its own loopback works; nothing else is there, and nothing of the machine's: argv names its ports."""
import socket
import sys

from attack import cannot, done, say_open

for address in (("1.1.1.1", 53), ("8.8.8.8", 443), ("169.254.169.254", 80), ("10.0.0.1", 80), ("127.0.0.1", int(sys.argv[1]))):
    cannot(address, lambda: socket.create_connection(address, timeout=3))
cannot("IPv6", lambda: socket.create_connection(("2606:4700:4700::1111", 53), timeout=3))
cannot("UDP", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("1.1.1.1", 53)))
cannot("names", lambda: socket.gethostbyname("example.com"))
with socket.socket(socket.AF_UNIX) as client:
    cannot("the machine's abstract sockets", lambda: client.connect("\0" + sys.argv[2]))
with open("/proc/net/dev") as file:
    names = [line.split(":")[0].strip() for line in file if ":" in line]
if names != ["lo"]:
    say_open(f"interfaces {names}")
server = socket.create_server(("127.0.0.1", 0))
with socket.create_connection(server.getsockname(), timeout=3) as client:
    peer, _ = server.accept()
    peer.sendall(b"hello")
    if client.recv(5) != b"hello":
        print("the loopback is broken")
done()
