"""Tasks through the broker in memory (put, deliver, settle, each confirmed) against a bare ZeroMQ PULL→PUSH relay.

8 producers and 8 consumers, threads of four processes, over ipc; the same number of tasks in flight for both: of three windows the one that is best
for the relay. Five interleaved pairs; the median of their ratios must be .50, .70 and .80 for bodies of 4, 64 and 256 KiB: ratio = the
smallest of measured over required. Latency from the intended put to the delivery, at 30 % of that load: p99 at most 5 ms above
an echo's of the same bodies at the same rate, the median of interleaved rounds. Both have their clients send once a millisecond what
is due; woken for each task by itself, at 30,000 tasks/s the echo's clients and the echo alone keep two processors busy.
"""
import statistics
import sys

from servers import BIN, Server, broker, exists, finish, load, scratch

KIB = 1024
CASES = {4 * KIB: (0.50, (32, 128, 512)), 64 * KIB: (0.70, (16, 64, 256)), 256 * KIB: (0.80, (8, 32, 128))}
PAIRS = 5
SECONDS = 1.5
LATENCY_ROUNDS = 7
LATENCY_SECONDS = 2
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
        at = self.broker.endpoint if system == "broker" else self.echo_at
        return load(system, "--endpoint", at, "--bytes", size, "--rate", rate, "--beat", BEAT_SECONDS, "--seconds", LATENCY_SECONDS)


def throughput(systems, size, windows):
    best = max(windows, key=lambda window: systems.closed("relay", size, window, 0.7)["rate"])
    ratios, broker_rates, times = [], [], {"relay": [], "broker": []}
    for _ in range(PAIRS):
        pair = {system: systems.closed(system, size, best) for system in ("relay", "broker")}
        ratios.append(pair["broker"]["rate"] / pair["relay"]["rate"])
        broker_rates.append(pair["broker"]["rate"])
        for system, seen in pair.items():
            times[system].append(seen["server_us"] + seen["load_us"])
    ratio = statistics.median(ratios)
    relay_us, broker_us = (statistics.median(times[system]) for system in ("relay", "broker"))
    print(f"{size // KIB} KiB, {best} in flight for each producer: {statistics.median(broker_rates):.0f} tasks/s, {ratio:.2f} of the relay's "
          f"({', '.join(f'{each:.2f}' for each in sorted(ratios))}); processor time of a task, all processes: {broker_us:.0f} us, relay {relay_us:.0f} us",
          flush=True)
    return ratio, statistics.median(broker_rates)


def latency(systems, size, rate):
    rounds = []
    for number in range(LATENCY_ROUNDS):
        order = ("echo", "broker") if number % 2 == 0 else ("broker", "echo")
        rounds.append({system: systems.open(system, size, rate) for system in order})

    def middle(system, quantile):
        return statistics.median(seen[system][quantile] for seen in rounds)

    above = sorted(seen["broker"]["p99_ms"] - seen["echo"]["p99_ms"] for seen in rounds)
    print(f"{size // KIB} KiB at {rate:.0f} tasks/s: put to delivery p50 {middle('broker', 'p50_ms'):.2f} ms, p99 {middle('broker', 'p99_ms'):.2f} ms, "
          f"echo {middle('echo', 'p50_ms'):.2f} and {middle('echo', 'p99_ms'):.2f} ms; p99 above the echo's {statistics.median(above):.2f} ms "
          f"({', '.join(f'{each:.1f}' for each in above)}) bound<={LATENCY_BOUND_MS}", flush=True)
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
    return finish("broker_memory", smallest, 1, worst_latency <= LATENCY_BOUND_MS)


if __name__ == "__main__":
    sys.exit(main())
