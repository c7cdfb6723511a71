"""Opens a device buffer of another process by its IPC handle and copies it: HANDLE BYTES. Prints one line of JSON. Needs no torch."""
import json
import sys
import time

from cuda_table import Cuda


def timed(function, *arguments):
    began = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - began, result


def main():
    handle, size = sys.argv[1], int(sys.argv[2])
    start, cuda = timed(Cuda)
    mine = cuda.allocate(size)
    cuda.fill(mine, 1, size)
    opened, theirs = timed(cuda.open, handle)
    copies = [timed(cuda.copy, mine, theirs, size)[0] for _ in range(4)]
    same = all(cuda.read(mine, offset, 1 << 16) == cuda.read(theirs, offset, 1 << 16) for offset in (0, size // 2, size - (1 << 16)))
    closed, _ = timed(cuda.close, theirs)
    again, theirs = timed(cuda.open, handle)
    last = cuda.read(theirs, size - 16, 16).hex()
    print(json.dumps({"context": start, "open": opened, "copy": min(copies), "close": closed, "open again": again, "same": same,
                      "last": last}))


main()
