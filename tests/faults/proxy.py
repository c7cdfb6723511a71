#!/usr/bin/env python3
"""A bad network between processes and broker: proxy.py LISTEN_PORT TARGET_PORT SEED, with orders on standard input.

    cut         ends a connection
    stall S     a connection carries nothing for S seconds
    flip        turns over a bit of what a connection carries next
    garbage     a stranger connects and says what no peer would
"""
import asyncio
import random
import sys

CHUNK = 256 * 1024


class Connection:
    def __init__(self, streams):
        self.streams = streams
        self.open = asyncio.Event()
        self.open.set()
        self.flip = False

    def end(self):
        for stream in self.streams:
            stream.transport.abort()


class Proxy:
    def __init__(self, target, rng):
        self.target, self.rng = target, rng
        self.connections = set()

    async def serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        connection = Connection([writer, far_writer])
        self.connections.add(connection)
        ways = [asyncio.create_task(self.carry(connection, *way))
                for way in ((reader, far_writer), (far_reader, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        connection.end()
        self.connections.discard(connection)
        for way in ways:
            way.cancel()

    async def carry(self, connection, reader, writer):
        try:
            while data := await reader.read(CHUNK):
                await connection.open.wait()
                if connection.flip:
                    connection.flip = False
                    data = bytearray(data)
                    data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    async def stranger(self):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.target)
            writer.write(self.rng.randbytes(self.rng.randrange(1, 4096)))
            await asyncio.sleep(0.2)
            writer.transport.abort()
        except OSError:
            pass

    async def stall(self, connection, seconds):
        connection.open.clear()
        await asyncio.sleep(seconds)
        connection.open.set()

    async def obey(self, orders):
        others = set()
        while line := await orders.readline():
            words = line.decode().split()
            if words[0] == "garbage":
                work = self.stranger()
            elif self.connections and words[0] == "stall":
                work = self.stall(self.some(), float(words[1]))
            else:
                if self.connections and words[0] == "cut":
                    self.some().end()
                if self.connections and words[0] == "flip":
                    self.some().flip = True
                continue
            task = asyncio.create_task(work)
            others.add(task)
            task.add_done_callback(others.discard)

    def some(self):
        return self.rng.choice(sorted(self.connections, key=id))


async def main():
    listen, target, seed = (int(word) for word in sys.argv[1:4])
    proxy = Proxy(target, random.Random(seed))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", listen, limit=CHUNK)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async with server:
        await proxy.obey(orders)


if __name__ == "__main__":
    asyncio.run(main())
