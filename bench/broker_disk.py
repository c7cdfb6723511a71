"""Tasks through the broker with durable queues against Redis Streams, beanstalkd and the bare disk.

32 producers with 1 and with 16 unanswered puts each, 8 consumers, bodies of 4 and 64 KiB; a task counts when its settle is confirmed, and put and settle
are confirmed when they are on the disk. The same is asked of the peers: Redis (XADD, XREADGROUP, XACK) syncs its file before it answers,
beanstalkd after each write. So that the servers are compared and not their clients, those of the broker and of Redis are alike: plain sockets, one
thread for all producers and one for all consumers, in processes of their own (--zeromq: the broker's by ZeroMQ, as Cohort's processes have them).
beanstalkd's have a thread each, in four processes. A producer of the broker declares a floor every 256 answers.
The bare loop writes about the same bytes and syncs once per 32 × window tasks. Each case must reach 1.5 times the best peer or .80 of the bare
loop: ratio = the smallest over the cases of the better of the two. The peers come from Debian; this script installs them when they are missing.
--sync-ms N makes each sync of all of them N ms longer, as on a slower disk.
"""
import argparse
import functools
import shutil
import statistics
import subprocess
import sys
import os

from servers import BIN, Server, broker, finish, load, run_json, scratch, slower_disk

KIB = 1024
PRODUCERS = 32
CONSUMERS = 8
CASES = [(size, window) for size in (4 * KIB, 64 * KIB) for window in (1, 16)]
ROUNDS = 3
SECONDS = 2
# Until the broker writes into segments that it wrote before. The bare loop goes round in a file of two segments.
WARM_UP = 3
DURABLE = ["--broker.durability=disk"]
REDIS = ["--port", "0", "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0",
         "--daemonize", "no"]
# A process for the producers and one for the consumers.
ALIKE = ["--per-thread", PRODUCERS, "--processes", 2]
# Sync after every write; jobs of 1 MiB.
BEANSTALKD = ["-f0", "-z", str(KIB * KIB)]
PACKAGES = {"redis-server": "redis-server", "beanstalkd": "beanstalkd"}


def install():
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if not missing:
        return
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    # RUNLEVEL=1: no service is started.
    environment = ["env", "RUNLEVEL=1", "DEBIAN_FRONTEND=noninteractive"]
    subprocess.run(prefix + environment + ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True,
                   stdout=subprocess.DEVNULL)


def peer(system, socket, size, window, pid, clients=()):
    return run_json([BIN / "bench-peer", system, "--socket", socket, "--bytes", size, "--window", window, "--seconds", SECONDS, "--warm-up", WARM_UP,
                     "--producers", PRODUCERS, "--consumers", CONSUMERS, "--drain", 0, "--server", pid, *clients])


def measure_redis(folder, size, window):
    home = folder / "redis"
    home.mkdir()
    socket = home / "socket"
    try:
        log = folder / "redis.log"
        with Server(["redis-server", "--unixsocket", socket, "--dir", home, *REDIS], log, lambda: "ready to accept" in log.read_text()) as server:
            return peer("redis", socket, size, window, server.pid, ALIKE)
    finally:
        shutil.rmtree(home)


def measure_beanstalkd(folder, size, window):
    home = folder / "beanstalkd"
    home.mkdir()
    socket = home / "socket"
    try:
        with Server(["beanstalkd", "-l", f"unix:{socket}", "-b", home, *BEANSTALKD], folder / "beanstalkd.log", socket.exists) as server:
            return peer("beanstalkd", socket, size, window, server.pid)
    finally:
        shutil.rmtree(home)


def measure_disk(folder, size, window):
    return run_json([BIN / "bench-peer", "disk", "--file", folder / "bare", "--bytes", size, "--records", PRODUCERS * window,
                     "--warm-up", 1, "--seconds", SECONDS])


def measure_broker(folder, size, window, links=("--bare",)):
    with broker(folder, *DURABLE, name="durable") as server:
        seen = load("broker", "--endpoint", server.endpoint, "--bytes", size, "--producers", PRODUCERS, "--consumers", CONSUMERS,
                    "--unanswered", window, "--window", 128, "--seconds", SECONDS, "--warm-up", WARM_UP, "--server", server.pid, *ALIKE, *links)
    shutil.rmtree(folder / "durable")
    return seen


SYSTEMS = {"broker": measure_broker, "Redis": measure_redis, "beanstalkd": measure_beanstalkd, "bare loop": measure_disk}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sync-ms", type=float, default=0, help="so much longer takes each sync (default: 0)")
    parser.add_argument("--zeromq", action="store_true", help="the broker's clients by ZeroMQ")
    arguments = parser.parse_args()
    install()
    if arguments.zeromq:
        SYSTEMS["broker"] = functools.partial(measure_broker, links=())
    if arguments.sync_ms > 0:
        slower_disk(arguments.sync_ms)
    smallest = 1e9
    with scratch() as folder:
        for size, window in CASES:
            rates, times = {name: [] for name in SYSTEMS}, {}
            for _ in range(ROUNDS):
                for name, measure in SYSTEMS.items():
                    seen = measure(folder, size, window)
                    rates[name].append(seen["rate"])
                    if "server_us" in seen:
                        times[name] = f"{name} {seen['server_us']:.0f} + {seen['load_us']:.0f}"
            middle = {name: statistics.median(each) for name, each in rates.items()}
            best_peer = max(middle["Redis"], middle["beanstalkd"])
            against_peer = middle["broker"] / best_peer
            against_disk = middle["broker"] / middle["bare loop"]
            print(f"{size // KIB} KiB, window {window}: " + ", ".join(f"{name} {rate:.0f}" for name, rate in middle.items()) +
                  f" tasks/s; {against_peer:.2f} of the best peer (1.5), {against_disk:.2f} of the bare loop (0.80); "
                  f"processor time of a task in us, server and clients: {', '.join(times.values())}", flush=True)
            smallest = min(smallest, max(against_peer / 1.5, against_disk / 0.8))
    return finish("broker_disk", smallest, 1)


if __name__ == "__main__":
    sys.exit(main())
