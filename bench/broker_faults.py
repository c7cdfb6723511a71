"""Confirmed tasks lost, doubled or invented by the broker: 1,000 kills of all roles, 100 power cuts, 200,000 tasks, seeded.

bench/run broker_faults [--seed N] [--kills N] [--tasks N] …: see tests/faults/harness.py. ratio = lost + doubled + invented.
"""
import sys

import harness


def main():
    options = harness.parse(["--kills", "1000", "--tasks", "200000", *sys.argv[1:]])
    verdict, nemesis, wrong, seconds = harness.run(options)
    for line in verdict.wrong + wrong:
        print(line)
    print(f"seed {options.seed}: " + harness.describe(verdict, nemesis, seconds))
    print(f"broker_faults ratio={verdict.sum()} bound<=0")
    return 1 if verdict.sum() or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
