"""A fleet of 5,000 clients on one broker: 1,000 simulated actors, 4,000 simulated reward workers, bodies of 16 KiB.

Every client has a socket and a session of its own (few processes drive them). A learner puts prompts, each actor settles its prompt with a rollout,
each worker its rollout with a score, the learner settles that: 2,000 tasks/s in all, or 30 % of what the broker takes where that is less.
Latency counts from the put (of a rollout or a score: from the settle that puts it) to the delivery: p99 at most 20 ms above an echo's of
the same bodies at the same rate; ratio = 20 ms over that difference. The broker's memory must stay within its configuration: the bounds of the queues and
64 KiB for each connection.

Limits: the broker needs a descriptor for each client, the load two (RLIMIT_NOFILE; both raise the soft limit to the hard one); ZeroMQ's
default of 1,023 sockets a context is raised in the load; clients that come all at once wait in the listening socket's
backlog, 4,096 in the broker, which the kernel cuts to net.core.somaxconn.
"""
import pathlib
import resource
import statistics
import subprocess
import sys

from servers import BIN, Server, broker, exists, finish, load, run_json, scratch

ACTORS, WORKERS = 1000, 4000
BODY = 16 * 1024
MOST = 2000
PROBE_RATE = 15000  # offered to find the capacity
ROUNDS = 3
SECONDS = 4
BOUND_MS = 20
MIB = 1 << 20
QUEUE_BYTES = 256 * MIB
QUEUES = 3
CONNECTION_BYTES = 64 * 1024


def fleet(server, rate, seconds, keys, *more):
    return run_json([BIN / "bench-fleet", "--endpoint", server.endpoint, "--actors", ACTORS, "--workers", WORKERS, "--bytes", BODY,
                     "--rate", rate, "--warm-up", 2, "--seconds", seconds, "--server", server.pid, *(["--keys", keys] if keys else []), *more])


def serve(folder, what, overrides):
    return broker(folder, f"--broker.queue_bytes={QUEUE_BYTES}", f"--security.pending_connections={2 * (ACTORS + WORKERS)}", *overrides, name=what)


def measure(folder, what, overrides, keys=None):
    """The bound over the latency, and whether the memory is within its bound."""
    echo_at = f"ipc://{folder}/echo-{what}.sock"
    with serve(folder, f"probe-{what}", overrides) as server:
        capacity = fleet(server, PROBE_RATE, 2, keys, "--probe")["rate"]
    with serve(folder, what, overrides) as server, \
         Server([BIN / "bench-relay", "echo", echo_at], folder / "echo.log", exists(echo_at)):
        rate = min(MOST, 0.3 * capacity)
        above, resident = [], 0
        for _ in range(ROUNDS):
            bare = load("echo", "--endpoint", echo_at, "--bytes", BODY, "--rate", rate, "--seconds", SECONDS)
            seen = fleet(server, rate, SECONDS, keys)
            above.append(seen["p99_ms"] - bare["p99_ms"])
            resident = max(resident, seen["resident_mib"])
        bound = (QUEUES * QUEUE_BYTES + (ACTORS + WORKERS) * CONNECTION_BYTES) / MIB
        middle = statistics.median(above)
        print(f"{what}: capacity {capacity:.0f} tasks/s or more; at {rate:.0f} tasks/s put to delivery p50 {seen['p50_ms']:.2f} ms, p99 {seen['p99_ms']:.2f} ms, "
              f"echo {bare['p50_ms']:.2f} and {bare['p99_ms']:.2f} ms; p99 above the echo's, median of {ROUNDS}: {middle:.2f} ms bound<={BOUND_MS}; "
              f"broker: {resident:.0f} MiB bound<={bound:.0f}, {seen['server_us']:.0f} us of processor time a task", flush=True)
    return BOUND_MS / max(middle, 0.1), resident <= bound


def main():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    backlog = int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text())
    print(f"limits: {limit} descriptors, backlog {min(backlog, 4096)}", flush=True)
    if limit < 2 * (ACTORS + WORKERS):
        sys.exit(f"FAILED: {limit} descriptors are too few: raise `ulimit -Hn` to {2 * (ACTORS + WORKERS) + 1000}")
    with scratch() as folder:
        keys = folder / "keys"
        subprocess.run([BIN / "cohort", "keys", "new", "--fleet", "--keys", keys], check=True, stdout=subprocess.DEVNULL)
        plain = measure(folder, "without-CURVE", ["--broker.durability=memory"])
        curve = measure(folder, "with-CURVE", ["--broker.durability=memory", f"--security.keys={keys}"], keys)
    return finish("broker_scale", min(plain[0], curve[0]), 1, plain[1] and curve[1])


if __name__ == "__main__":
    sys.exit(main())
