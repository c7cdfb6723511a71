"""2: sockets that reach out of the box: VSOCK and all but UNIX, IPv4 and IPv6, with garbage in the upper half too."""
import socket

from attack import cannot, done, say_open, syscall

for family in range(0, 64):
    for upper in (0, 1 << 32):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            result = syscall(41, family | upper, kind, 0)
            if result >= 0 and (family not in (1, 2, 10) or (kind == socket.SOCK_RAW and family != 1)):
                say_open(f"socket({family | upper:#x}, {kind}, 0)")
            if result >= 0:
                import os
                os.close(result)
for protocol in (33, 115, 132, 136, 262):
    cannot(f"protocol {protocol}", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol))
cannot("packet socket", lambda: socket.socket(17, socket.SOCK_RAW))
cannot("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
done()
