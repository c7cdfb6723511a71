#!/usr/bin/env python3
"""libpower_cut.so and power_cut.py: what was synced stays, to the byte; what was not may go, whole, in part, or torn."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys

import power_cut
from processes import SCRATCH, TESTS, check

SEEDS = 60

# Written by a process that dies. Sectors that are synced: A. Unsynced on top of them: B, then C.
WRITER = """
import os, signal, sys
folder = sys.argv[1]
directory = os.open(folder, os.O_RDONLY)
file = os.open(folder + "/synced", os.O_CREAT | os.O_WRONLY)
os.posix_fallocate(file, 0, 16384)
os.pwrite(file, b"A" * 8192, 0)
os.fdatasync(file)
gone = os.open(folder + "/gone", os.O_CREAT | os.O_WRONLY)
os.write(gone, b"G" * 1000)
os.fsync(gone)
os.fsync(directory)
os.pwrite(file, b"B" * 4096, 4096)
os.pwritev(file, [b"C" * 512, b"C" * 512], 6144)
os.pwrite(file, b"D" * 100, 8192)
new = os.open(folder + "/new", os.O_CREAT | os.O_WRONLY)
os.write(new, b"N" * 100)
os.fdatasync(new)
os.unlink(folder + "/gone")
os.rename(folder + "/new", folder + "/renamed")
os.kill(os.getpid(), signal.SIGKILL)
"""


def one(seed, root):
    shutil.rmtree(root, ignore_errors=True)
    folder, graveyard, log = root / "journal", root / "graveyard", root / "undo"
    folder.mkdir(parents=True)
    graveyard.mkdir()
    environment = {**os.environ, "LD_PRELOAD": str(TESTS / "libpower_cut.so"), "POWER_CUT_DIRECTORY": str(folder),
                   "POWER_CUT_LOG": str(log), "POWER_CUT_GRAVEYARD": str(graveyard)}
    died = subprocess.run([sys.executable, "-c", WRITER, folder], env=environment)
    check(died.returncode == -signal.SIGKILL, f"the writer ended with {died.returncode}")
    power_cut.cut(folder, log, graveyard, random.Random(seed))
    data = (folder / "synced").read_bytes()
    names = {path.name for path in folder.iterdir()}
    check(data[:4096] == b"A" * 4096, "synced bytes were lost")
    check(len(data) == 16384, f"the size was synced; now it is {len(data)}")
    sectors = [data[at:at + 512] for at in range(4096, 8192, 512)]
    for place, sector in enumerate(sectors):
        allowed = b"ABC" if place in (4, 5) else b"AB"
        check(len(set(sector)) == 1 and sector[0] in allowed, f"sector {place} holds what was never written: {sector!r}")
    check(data[8192:8292] in (b"D" * 100, bytes(100)) and not any(data[8292:]), "bytes behind the end")
    check(not ({"new", "renamed"} <= names), "a file has two names")
    for name in {"new", "renamed"} & names:
        check((folder / name).read_bytes() == b"N" * 100, "the synced bytes of a new file were lost")
    if "gone" in names:
        check((folder / "gone").read_bytes() == b"G" * 1000, "a file came back with other bytes")
    return (b"".join(sector[:1] for sector in sectors).decode(), "D" if data[8192] else "", *sorted(names))


def main():
    ends = {one(seed, SCRATCH / "power-cut-test") for seed in range(SEEDS)}
    sectors = {end[0] for end in ends}
    check("AAAAAAAA" in sectors and "BBBBCCBB" in sectors, "all lost, or nothing lost, never happened")
    check(len(sectors) > 5, f"hardly any variety: {sectors}")
    check(any("B" in each and "A" in each for each in sectors), "nothing was torn")
    for name in ("gone", "new", "renamed"):
        check(any(name in end for end in ends) and any(name not in end for end in ends), f"{name} always ends alike")
    check(any(not {"new", "renamed"} & set(end) for end in ends), "an unsynced name never went")
    print(f"{SEEDS} power cuts, {len(ends)} ends, {len(sectors)} states of a file")


if __name__ == "__main__":
    main()
