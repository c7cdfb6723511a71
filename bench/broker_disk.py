"""Tasks through the broker with durable queues against Redis Streams, beanstalkd and the bare disk.

32 producers with 1 and with 16 unanswered puts each, 8 consumers, bodies of 4 and 64 KiB; a task counts when its settle is confirmed, and put and settle
are confirmed when they are on the disk. The same is asked of the peers: Redis (XADD, XREADGROUP, XACK) syncs its file before it answers,
beanstalkd after each write. So that the servers are compared and not their clients, those of the broker and of Redis are alike: plain sockets, one
thread for all producers and one for all consumers, in processes of their own (--zeromq: the broker's by ZeroMQ, as Cohort's processes have them).
beanstalkd's have a thread each, in four processes. A producer of the broker declares a floor every 256 answers.
The bare loop writes about the same bytes and syncs once per 32 × window tasks. Each case must reach 1.5 times the best peer or .80 of the bare
loop, in the median of five interleaved rounds: ratio = the smallest over the cases of the better of the two. The peers come from Debian; this script
installs them when they are missing.
--sync-ms N makes each sync of all of them N ms longer, as on a slower disk.
"""
import argparse
import functools
import shutil
import statistics
import subprocess
import sys
import os

from servers import BIN, Server, broker, finish, interleaved, listed, load, run_json, scratch, slower_disk

KIB = 1024
PRODUCERS = 32
CONSUMERS = 8
CASES = [(size, window) for size in (4 * KIB, 64 * KIB) for window in (1, 16)]
ROUNDS = 5
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


def compare(folder, size, window):
    rounds = interleaved(tuple(SYSTEMS), ROUNDS, lambda name: SYSTEMS[name](folder, size, window))
    against_peers = sorted(seen["broker"]["rate"] / max(seen["Redis"]["rate"], seen["beanstalkd"]["rate"]) for seen in rounds)
    against_peer = statistics.median(against_peers)
    against_disk = statistics.median(seen["broker"]["rate"] / seen["bare loop"]["rate"] for seen in rounds)

    def middle(name, key):
        return statistics.median(seen[name][key] for seen in rounds)

    rates = ", ".join(f"{name} {middle(name, 'rate'):.0f}" for name in SYSTEMS)
    times = ", ".join(f"{name} {middle(name, 'server_us'):.0f} + {middle(name, 'load_us'):.0f}" for name in SYSTEMS if name != "bare loop")
    print(f"{size // KIB} KiB, window {window}: {rates} tasks/s; {against_peer:.2f} of the best peer ({listed(against_peers, 2)}; 1.5 wanted), "
          f"{against_disk:.2f} of the bare loop (0.80); processor time of a task in us, server and clients: {times}", flush=True)
    return max(against_peer / 1.5, against_disk / 0.8)


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
    with scratch() as folder:
        smallest = min(compare(folder, size, window) for size, window in CASES)
    return finish("broker_disk", smallest, 1)


if __name__ == "__main__":
    sys.exit(main())
