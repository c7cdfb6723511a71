#!/usr/bin/env python3
"""SmolLM2 in a real fleet: actor and learner give every token the same log-probability to the bit, in both compute types.

Synchronous training, so that every rollout is drawn under the learner's own version; at least 10,000 tokens for each type,
compared by the learner in its first training forward while the weights change from step to step.
"""
import subprocess
import sys

from fleet import SCRATCH, SOURCE, Fleet, check

TOKENS = 10_000


def main():
    if not (SOURCE / "models/smollm2/model.safetensors").exists():
        print("SKIPPED: models/smollm2 is not there; scripts/make_smollm2.py makes it")
        return
    subprocess.run([sys.executable, SOURCE / "scripts/make_arithmetic.py", "data/arithmetic"], cwd=SOURCE, check=True,
                   stdout=subprocess.DEVNULL)
    for compute_type in sys.argv[1:] or ["bfloat16", "float32"]:
        with Fleet(SOURCE / "tests/fleet/smollm2-bits.toml", SCRATCH / f"smollm2-bits-{compute_type}",
                   f"--model.compute_type={compute_type}") as fleet:
            fleet.wait(1200)
        steps = fleet.metrics("step")
        tokens = sum(row["gap"]["tokens"] for row in steps)
        unequal = sum(row["gap"]["nonzero"] for row in steps)
        largest = max(row["gap"]["max"] for row in steps)
        check(unequal == 0, f"{compute_type}: {unequal} of {tokens} log-probabilities differ, by up to {largest}")
        check(tokens >= TOKENS, f"{compute_type}: only {tokens} tokens were compared")
        print(f"{compute_type}: 0 of {tokens} log-probabilities differ in {len(steps)} steps", flush=True)


if __name__ == "__main__":
    main()
