"""Bad neighbours on the broker: a consumer that stops reading, one that grants a byte, 10 GiB put into a queue of 1 GiB.

8 producers and 8 consumers pass 4 KiB tasks, each put in a message of its own, at 30 % of what the broker takes of such puts, in turns of half a second
through a broker where they are alone and through one beside a consumer of the same queue that grants credit for 512 tasks and never reads, one that
grants a single byte, a producer of 10 GiB into a queue of 1 GiB that nobody empties, and 20,000 held tasks of 300 bytes. The side whose turn it is not
is stopped, its broker too. Those next to bad neighbours
must keep their rate and p99: both within 1.2 of what they have alone; ratio = the smaller of 1.2 × (rate / rate alone) and 1.2 × (p99 alone / p99),
medians of five rounds. Rate, p50 and p99 of a round are those of the middle one of 16 turns; the worst turn is printed too. Then everything is read:
each task must have been settled once. The broker's resident memory must stay within the bound and 20 %.
"""
import sys

from servers import BIN, broker, finish, load, run_json, scratch

MIB = 1 << 20
BODY = 4096
QUEUE_BYTES = 1 << 30
ROUNDS = 5
TURNS = 16
# What the configuration lets the broker hold here: the full queue, each session's window, 64 KiB for each of 23 connections.
BOUND_MIB = QUEUE_BYTES / MIB + 64 + 23 / 16
LARGEST_SLOWDOWN = 1.2


def measure(folder, number):
    overrides = [f"--broker.queue_bytes={QUEUE_BYTES}", "--broker.durability=memory"]
    with broker(folder, *overrides, name=f"alone-{number}") as alone, broker(folder, *overrides, name=f"broker-{number}") as server:
        capacity = load("broker", "--endpoint", alone.endpoint, "--bytes", BODY, "--window", 64, "--singly", "--seconds", 1)["rate"]
        seen = run_json([BIN / "bench-flow", "--alone", alone.endpoint, "--endpoint", server.endpoint, "--bytes", BODY, "--rate", 0.3 * capacity,
                         "--turns", TURNS, "--queue-bytes", QUEUE_BYTES, "--alone-server", alone.pid, "--server", server.pid], timeout=600)
    print(f"{seen['rate']:.0f} of {seen['rate_alone']:.0f} tasks/s; p50 {seen['p50_ms']:.2f} ms, alone {seen['p50_alone_ms']:.2f}; p99 {seen['p99_ms']:.2f} ms, "
          f"alone {seen['p99_alone_ms']:.2f} (worst turns {seen['worst_ms']:.2f} and {seen['worst_alone_ms']:.2f}; while the queue fills "
          f"{seen['p99_filling_ms']:.2f}); broker {seen['most_resident_mib']:.0f} MiB bound<="
          f"{1.2 * BOUND_MIB:.0f}, 20,000 held tasks {seen['resident_held_mib'] - seen['resident_alone_mib']:.1f} MiB; {seen['sent']} put, "
          f"{seen['done']} settled, {seen['failed']} refused", flush=True)
    return seen


def main():
    with scratch() as folder:
        rounds = [measure(folder, number) for number in range(ROUNDS)]

    def middle(value):
        return sorted(value(seen) for seen in rounds)[ROUNDS // 2]

    ratio = min(LARGEST_SLOWDOWN * middle(lambda seen: seen["rate"] / seen["rate_alone"]),
                LARGEST_SLOWDOWN * middle(lambda seen: seen["p99_alone_ms"] / seen["p99_ms"]))
    kept = all(seen["sent"] == seen["done"] and seen["failed"] == 0 for seen in rounds)
    bounded = all(seen["most_resident_mib"] <= 1.2 * BOUND_MIB for seen in rounds)
    if not kept:
        print("FAILED: a task was dropped or settled twice")
    if not bounded:
        print("FAILED: more memory than the bound and 20 %")
    return finish("broker_flow", ratio, 1, kept and bounded)


if __name__ == "__main__":
    sys.exit(main())
