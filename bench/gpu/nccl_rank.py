"""One rank: obeys JSON lines from standard input, answers each with one JSON line. LIBRARY is NCCL's path. Needs no torch.

Every answer has `at`, the monotonic clock at its end, and either the operation's results or `failed`. One thread; every wait polls
until a deadline, so that only the library itself can keep it.
"""
import ctypes
import json
import os
import random
import sys
import time

from cuda_table import Cuda
from nccl_table import UINT8, Failed, Nccl

PIECE = 1 << 20


def piece(seed, number):
    return random.Random(f"{seed}/{number}").randbytes(PIECE)


class Rank:
    def __init__(self, library):
        self.cuda = Cuda()
        self.nccl = Nccl(library)
        self.stream = self.cuda.stream()
        self.communicator = self.old = None
        self.buffer, self.size = None, 0

    def hello(self):
        return {"version": self.nccl.version(), "has": [name for name in ("ncclCommShrink", "ncclCommGrow", "ncclCommRevoke", "ncclCommSuspend")
                                                        if self.nccl.has(name)]}

    def unique(self):
        return {"id": self.nccl.unique_id()}

    def init(self, id, size, rank, wait):
        deadline = time.monotonic() + wait
        self.communicator = self.nccl.begin_init(size, id, rank)
        self.nccl.settle("init", self.communicator, deadline)
        return {"count": self.nccl.count(self.communicator)}

    def allocate(self, size):
        if self.buffer:
            self.cuda.free(self.buffer)
        self.buffer, self.size = self.cuda.allocate(size), size
        self.cuda.fill(self.buffer, 0, size)
        return {}

    def places(self):
        return [(i * (self.size - PIECE) // 4) // 256 * 256 for i in range(5)]

    def mark(self, seed):
        """Random pieces at five places of the buffer."""
        for number, place in enumerate(self.places()):
            self.cuda.write(self.buffer, place, piece(seed, number))
        return {}

    def check(self, seed):
        return {"right": all(self.cuda.read(self.buffer, place, PIECE) == piece(seed, number) for number, place in enumerate(self.places()))}

    def broadcast(self, root, times, wait):
        """Seconds of each of `times` broadcasts of the buffer; the deadline is for each."""
        seconds = []
        for _ in range(times):
            began = time.monotonic()
            try:
                self.nccl.call("ncclBroadcast", self.buffer, self.buffer, ctypes.c_size_t(self.size), UINT8, root, self.communicator, self.stream)
                self.nccl.settle("enqueue", self.communicator, began + wait)
                while not self.cuda.idle(self.stream):
                    if state := self.nccl.state(self.communicator):
                        raise Failed("broadcast", state)
                    if time.monotonic() > began + wait:
                        raise Failed("broadcast", None)
                    time.sleep(5e-5)
            except Failed as error:
                return {"failed": str(error), "done": len(seconds), "waited": time.monotonic() - began}
            seconds.append(time.monotonic() - began)
        return {"seconds": seconds}

    def state(self):
        return {"state": self.nccl.state(self.communicator)}

    def shrink(self, exclude, wait):
        self.old = self.communicator
        self.communicator = self.nccl.shrink(self.old, exclude, time.monotonic() + wait)
        return {"count": self.nccl.count(self.communicator)}

    def grow_id(self):
        return {"id": self.nccl.unique_id(self.communicator)}

    def grow(self, size, id, rank, wait):
        self.old = self.communicator
        self.communicator = self.nccl.grow(self.old, size, id, rank, time.monotonic() + wait)
        return {"count": self.nccl.count(self.communicator)}

    def abort(self):
        self.nccl.call("ncclCommAbort", self.communicator)
        self.communicator = None
        return {}

    def abort_old(self):
        """The parent of what shrink or grow made."""
        self.nccl.call("ncclCommAbort", self.old)
        self.old = None
        return {}

    def idle(self, wait):
        """Seconds until the stream has nothing left to do."""
        deadline = time.monotonic() + wait
        while not self.cuda.idle(self.stream):
            if time.monotonic() > deadline:
                raise Failed("stream", None)
            time.sleep(1e-4)
        return {}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the library prints what it likes elsewhere
    rank = Rank(sys.argv[1])
    for line in sys.stdin:
        order = json.loads(line)
        began = time.monotonic()
        try:
            answer = getattr(rank, order.pop("do"))(**order)
        except Exception as error:  # every failure is an answer
            answer = {"failed": str(error)}
        now = time.monotonic()
        print(json.dumps({**answer, "took": now - began, "at": now}), file=answers, flush=True)


main()
