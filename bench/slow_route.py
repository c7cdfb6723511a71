"""Step time with a route whose rewards take 60 steps' time, against the same prompts with a fast scorer.

A quarter of each step's groups is slow. The delay is calibrated first; then four runs in the order fast, slow, slow, fast. ratio =
median step time fast / slow. Besides, at least 80 % of the slow groups must be trained within their staleness bound of 120
(those issued in the last 120 steps left out).
"""
import statistics
import sys

from fleet import SCRATCH, SOURCE, Fleet, parity_data, parity_sft

STEPS = 360
WARM_UP = 60
DELAY_IN_STEPS = 60
STALENESS = 120
RATIO_BOUND = 0.95
SHARE_BOUND = 0.80


def run(name, delay, steps):
    data = parity_data()
    overrides = [f"--model.path={parity_sft()}", f"--routes.fast.train={data / 'train.jsonl'}",
                 f"--routes.slow.train={data / 'train.jsonl'}", f"--stages.0.steps={steps}",
                 f"--scorers.slow_answer.delay_seconds={delay}"]
    with Fleet(SOURCE / "tests/fleet/parity-slow.toml", SCRATCH / name, *overrides) as fleet:
        fleet.wait(600)
    return fleet


def median_step(fleet, first):
    return statistics.median(row["seconds"] for row in fleet.metrics("step") if row["step"] > first)


def describe(name, fleet):
    rows = [row for row in fleet.metrics("step") if row["step"] > WARM_UP]
    groups = statistics.mean(sum(row["groups"].values()) for row in rows)
    tokens = statistics.mean(row["tokens"] for row in rows)
    seconds = median_step(fleet, WARM_UP)
    print(f"{name}: median step {seconds * 1000:.1f} ms, {groups:.2f} groups and {tokens:.0f} tokens a step", flush=True)
    return seconds


def slow_share(fleet):
    """Of the slow groups issued more than STALENESS versions before the end: the share that a step took in time."""
    last = max(row["version"] for row in fleet.metrics("step"))
    ends = {}
    for row in fleet.samples():
        if row["route"] == "slow" and row["versions"][0][0] <= last - STALENESS:
            ends[row["id"].rsplit("/", 1)[0]] = row["end"]
    taken = sum(end in ("trained", "uninformative") for end in ends.values())
    counts = {end: list(ends.values()).count(end) for end in sorted(set(ends.values()))}
    print(f"slow groups: {len(ends)} counted, {counts}", flush=True)
    return taken / max(len(ends), 1)


def main():
    step = median_step(run("slow-calibration", 0, 80), 20)
    delay = DELAY_IN_STEPS * step
    print(f"calibration: a step takes {step * 1000:.1f} ms, the slow scorer {delay:.1f} s", flush=True)
    times = {"fast": [], "slow": []}
    shares = []
    for i, kind in enumerate(("fast", "slow", "slow", "fast")):
        fleet = run(f"slow-route-{i}-{kind}", delay if kind == "slow" else 0, STEPS)
        times[kind].append(describe(f"{kind} {i}", fleet))
        if kind == "slow":
            shares.append(slow_share(fleet))
    ratio = statistics.mean(times["fast"]) / statistics.mean(times["slow"])
    print(f"slow groups trained within {STALENESS} steps: {min(shares):.3f} bound>={SHARE_BOUND}")
    print(f"slow_route ratio={ratio:.3f} bound>={RATIO_BOUND}")
    return 0 if ratio >= RATIO_BOUND and min(shares) >= SHARE_BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
