"""A scoring service that answers each request SECONDS plus or minus SPREAD later; prints its port.

  slow_service.py SECONDS SPREAD
"""
import asyncio
import random
import sys

SECONDS, SPREAD = float(sys.argv[1]), float(sys.argv[2])
REPLY = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"value":1}'


async def serve(reader, writer):
    rng = random.Random(id(writer))
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            await asyncio.sleep(SECONDS + rng.uniform(-SPREAD, SPREAD))
            writer.write(REPLY)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
