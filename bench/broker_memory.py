"""Tasks through the broker in memory (put, deliver, settle, each confirmed) against a bare ZeroMQ PULL→PUSH relay.

8 producers and 8 consumers, threads of four processes, over ipc; the same number of tasks in flight for both: of three windows the one that is best
for the relay. Five interleaved pairs; the median of their ratios must be .50, .70 and .80 for bodies of 4, 64 and 256 KiB: ratio = the
smallest of measured over required. Latency from the intended put to the delivery, at 30 % of that load: p99 at most 5 ms above
an echo's of the same bodies at the same rate, the median of interleaved rounds. In both, once a millisecond a client sends what is due
as one message: the load whose 30 % it is went in batches too, and clients that are woken for each task keep two processors busy.
"""
import statistics
import sys

from servers import BIN, Server, broker, exists, finish, interleaved, listed, load, scratch

KIB = 1024
CASES = {4 * KIB: (0.50, (32, 128, 512)), 64 * KIB: (0.70, (16, 64, 256)), 256 * KIB: (0.80, (8, 32, 128))}
PAIRS = 5
SECONDS = 1.5
LATENCY_ROUNDS = 8
LATENCY_SECONDS = 3
BEAT_SECONDS = 0.001
LATENCY_BOUND_MS = 5


class Systems:
    def __init__(self, folder):
        self.relay_in, self.relay_out, self.echo_at = (f"ipc://{folder}/{name}.sock" for name in ("in", "out", "echo"))
        self.relay = Server([BIN / "bench-relay", "relay", self.relay_in, self.relay_out], folder / "relay.log", exists(self.relay_out))
        self.echo = Server([BIN / "bench-relay", "echo", self.echo_at], folder / "echo.log", exists(self.echo_at))
        self.broker = broker(folder, "--broker.durability=memory")

    def stop(self):
        for server in (self.relay, self.echo, self.broker):
            server.stop()

    def closed(self, system, size, window, seconds=SECONDS):
        where = (["--endpoint", self.broker.endpoint, "--server", self.broker.pid] if system == "broker" else
                 ["--endpoint", self.relay_in, "--out", self.relay_out, "--server", self.relay.pid])
        return load(system, *where, "--bytes", size, "--window", window, "--seconds", seconds)

    def open(self, system, size, rate):
        at, server = (self.broker.endpoint, self.broker) if system == "broker" else (self.echo_at, self.echo)
        seen = load(system, "--endpoint", at, "--bytes", size, "--rate", rate, "--beat", BEAT_SECONDS, "--seconds", LATENCY_SECONDS, "--server", server.pid)
        if seen["rate"] < 0.95 * rate:
            sys.exit(f"{system}: {seen['rate']:.0f} of {rate:.0f} tasks/s with bodies of {size} bytes: what it did not carry has no latency")
        return seen


def throughput(systems, size, windows):
    best = max(windows, key=lambda window: systems.closed("relay", size, window, 0.7)["rate"])
    pairs = interleaved(("relay", "broker"), PAIRS, lambda system: systems.closed(system, size, best))
    ratios = sorted(pair["broker"]["rate"] / pair["relay"]["rate"] for pair in pairs)
    ratio, rate = statistics.median(ratios), statistics.median(pair["broker"]["rate"] for pair in pairs)
    relay_us, broker_us = (statistics.median(pair[system]["server_us"] + pair[system]["load_us"] for pair in pairs) for system in ("relay", "broker"))
    print(f"{size // KIB} KiB, {best} in flight for each producer: {rate:.0f} tasks/s, {ratio:.2f} of the relay's ({listed(ratios, 2)}); "
          f"processor time of a task, all processes: {broker_us:.0f} us, relay {relay_us:.0f} us", flush=True)
    return ratio, rate


def latency(systems, size, rate):
    rounds = interleaved(("echo", "broker"), LATENCY_ROUNDS, lambda system: systems.open(system, size, rate))

    def told(system):
        p50, p99, server, clients = (statistics.median(seen[system][key] for seen in rounds) for key in ("p50_ms", "p99_ms", "server_us", "load_us"))
        return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, {rate * (server + clients) / 1e6:.2f} processors"

    above = sorted(seen["broker"]["p99_ms"] - seen["echo"]["p99_ms"] for seen in rounds)
    print(f"{size // KIB} KiB at {rate:.0f} tasks/s: put to delivery {told('broker')}; echo {told('echo')}; "
          f"p99 above the echo's {statistics.median(above):.2f} ms ({listed(above, 1)}) bound<={LATENCY_BOUND_MS}", flush=True)
    return statistics.median(above)


def main():
    smallest, worst_latency = 1e9, 0
    with scratch() as folder:
        systems = Systems(folder)
        try:
            for size, (required, windows) in CASES.items():
                ratio, rate = throughput(systems, size, windows)
                smallest = min(smallest, ratio / required)
                worst_latency = max(worst_latency, latency(systems, size, 0.3 * rate))
        finally:
            systems.stop()
    if worst_latency > LATENCY_BOUND_MS:
        print(f"FAILED: p99 {worst_latency:.2f} ms above the echo's")
    return finish("broker_memory", smallest, 1, worst_latency <= LATENCY_BOUND_MS)


if __name__ == "__main__":
    sys.exit(main())
