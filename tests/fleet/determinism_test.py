#!/usr/bin/env python3
"""Synchronous training is reproducible bit by bit, whoever scores and however long it takes.

max_staleness 0, one actor, 20 steps, float32 and bfloat16: two runs with the same seed, the second with random scoring
delays and two reward workers, give identical samples and bit-identical final weights; and in every step the actor's and the
learner's log-probabilities are equal to the bit.
"""
import hashlib
import sys

from fleet import SCRATCH, SOURCE, Fleet, check, parity_overrides

STEPS = 20
DELAYS = ["--scorers.answer.delay_seconds=0.001", "--scorers.answer.delay_jitter_seconds=0.05",
          "--fleet.reward_workers=2"]


def train(name, *overrides):
    common = parity_overrides() + [f"--stages.0.steps={STEPS}", "--routes.0.max_staleness=0", "--run.seed=11",
                                   "--fleet.actors=1", "--fleet.reward_workers=1", "--evaluation.data="]
    with Fleet(SOURCE / "tests/fleet/parity-grpo.toml", SCRATCH / name, *common, *overrides) as fleet:
        fleet.wait(300)
    samples = {row["id"].split("/", 1)[1]: (row["tokens"], row["reward"], row["end"]) for row in fleet.samples()}
    last = fleet.checkpoints()[-1]
    masters = last / "training/masters.safetensors"  # float32 has none: there the policy is the masters
    weights = hashlib.sha256((masters if masters.exists() else last / "model.safetensors").read_bytes()).hexdigest()
    return fleet, samples, weights


def main():
    for compute_type in sys.argv[1:] or ["float32", "bfloat16"]:
        kind = f"--model.compute_type={compute_type}"
        first, samples, weights = train(f"same-{compute_type}-1", kind)
        second, samples_again, weights_again = train(f"same-{compute_type}-2", kind, *DELAYS)
        check(len(samples) == STEPS * 16 * 8, f"{len(samples)} samples instead of {STEPS * 16 * 8}")
        differing = sum(samples[key] != samples_again.get(key) for key in samples)
        check(differing == 0 and len(samples) == len(samples_again), f"{differing} samples differ")
        check(weights == weights_again, f"final weights differ: {weights[:12]} and {weights_again[:12]}")
        workers = {row["worker"] for row in second.samples()}
        check(len(workers) == 2, f"only {workers} scored in the second run")
        tokens = sum(row["gap"]["tokens"] for row in first.metrics("step"))
        unequal = sum(row["gap"]["nonzero"] for row in first.metrics("step"))
        check(tokens >= 10_000, f"only {tokens} tokens were compared")
        check(unequal == 0, f"{unequal} of {tokens} log-probabilities differ between actor and learner")
        print(f"{compute_type}: {len(samples)} samples identical, weights {weights[:12]} identical, "
              f"0 of {tokens} log-probabilities differ", flush=True)


if __name__ == "__main__":
    main()
