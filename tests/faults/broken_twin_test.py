#!/usr/bin/env python3
"""The harness notices a broker whose syncs, fencing or dedupe are taken out: broken_twin_test.py syncs|fencing|dedupe."""
import os
import sys

import harness
from processes import TESTS, check

WRONG = {"syncs": "lost", "fencing": "doubled", "dedupe": "doubled"}  # what must be found
SEEDS = range(101, 105)
KILLS = 40


def main():
    broken = sys.argv[1]
    os.environ["COHORT_BROKEN"] = broken
    for seed in SEEDS:
        options = harness.parse(["--seed", str(seed), "--kills", str(KILLS), "--drain", "20", "--broker",
                                 str(TESTS / "broken-broker")])
        verdict, nemesis, _, seconds = harness.run(options)
        print(f"without {broken}, seed {seed}: " + harness.describe(verdict, nemesis, seconds), flush=True)
        if getattr(verdict, WRONG[broken]) > 0:
            print(verdict.wrong[0])
            return
    check(False, f"a broker without {broken} went unnoticed")


if __name__ == "__main__":
    main()
