#!/usr/bin/env python3
"""An evaluation that nobody can use any more is ended with its processes, long before it would have ended by itself.

The tests of the route slow compute for minutes; its groups are overdue after seconds. None of them may be seen running for much
longer than that, while steps go on.
"""
from fleet import check, wait_until
from slow_evaluations import SlowRun, running_tests

DEADLINE_SECONDS = 6.0
LONGEST = DEADLINE_SECONDS + 10  # for a busy machine; far below the minutes that a program wants
CANCELLED = 4


def main():
    overrides = [f"--routes.slow.deadline_seconds={DEADLINE_SECONDS}",
                 "--checkpoints.every_steps=5"]  # what has ended is cancelled once a checkpoint knows it
    run = SlowRun("cancelled-evaluations", 100000, wait=1.0, bound=100, cpu_seconds=300, fast_groups=4, overrides=overrides)
    with run:
        wait_until("a program", lambda: running_tests(run.process.pid), 120)
        seen, oldest = set(), 0.0

        def enough():
            nonlocal oldest
            for pid, (started, age) in running_tests(run.process.pid).items():
                seen.add((pid, started))
                oldest = max(oldest, age)
            check(oldest <= LONGEST, f"a program runs since {oldest:.1f} s for a group that was overdue after {DEADLINE_SECONDS} s")
            return len(seen) > CANCELLED
        wait_until(f"{CANCELLED} programs to be ended", enough, 180)
        steps = run.metrics("step")
        check(steps and steps[-1]["ledger"]["expired"] > 0, "no group has expired")
        print(f"{len(seen) - 1} programs ended after {oldest:.1f} s at most; {steps[-1]['step']} steps, "
              f"{steps[-1]['ledger']['expired']} groups expired")


if __name__ == "__main__":
    main()
