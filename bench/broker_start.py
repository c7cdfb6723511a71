"""How long a broker needs, after kill -9, until it listens again with 1 GiB of journal.

Filled by 8 producers with bodies of 1, 4 and 64 KiB that nobody takes; then the broker is killed, its journal is put out of the system's
cache, and it is started again. It must listen within 10 s and hold as many tasks as before: ratio = 10 s over the longest start.
"""
import json
import os
import shutil
import subprocess
import sys
import time

from servers import BIN, broker, finish, load, scratch

KIB = 1024
BOUND_S = 10
FILL_SECONDS = {1 * KIB: 30, 4 * KIB: 12, 64 * KIB: 6}
OPTIONS = ["--broker.durability=disk", f"--broker.queue_bytes={KIB ** 3}", "--broker.queue_tasks=2000000"]


def ready(server, run):
    words = [BIN / "cohort", "queues", "list", run, "--endpoint", server.endpoint, "--json"]
    lines = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    return sum(json.loads(line)["ready"] for line in lines)


def serve(folder):
    """A broker that serves, and the seconds until it did."""
    start = time.monotonic()
    server = broker(folder, *OPTIONS)
    return server, time.monotonic() - start


def forget(path):
    """Has the next reader of a file go to the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def start_with(folder, size):
    run = folder / "broker"
    server, _ = serve(folder)
    load("broker", "--endpoint", server.endpoint, "--bytes", size, "--consumers", 0, "--per-thread", 8, "--processes", 1,
         "--unanswered", 64, "--seconds", FILL_SECONDS[size], "--may-stay")
    tasks = ready(server, run)
    server.process.kill()
    server.process.wait()
    segments = list(run.rglob("*.segment"))
    journal = sum(path.stat().st_size for path in segments)
    for path in segments:
        forget(path)
    server, seconds = serve(folder)
    lost = tasks - ready(server, run)
    progress = [line for line in server.log.read_text().splitlines() if "reading the journal" in line]
    server.stop()
    shutil.rmtree(run)
    print(f"bodies of {size // KIB} KiB: {tasks} tasks, {journal / KIB ** 3:.2f} GiB of journal: listens after {seconds:.2f} s, {lost} lost; "
          f"{len(progress)} lines of progress", flush=True)
    return seconds, journal >= KIB ** 3 and lost == 0


def main():
    longest, whole = 0.0, True
    with scratch() as folder:
        for size in FILL_SECONDS:
            seconds, complete = start_with(folder, size)
            longest = max(longest, seconds)
            whole = whole and complete
    return finish("broker_start", BOUND_S / longest, 1, whole)


if __name__ == "__main__":
    sys.exit(main())
