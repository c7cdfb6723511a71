#!/usr/bin/env python3
"""An evaluation that nobody can use any more is ended with its processes, long before it would have ended by itself.

The tests of the route slow compute for minutes; its groups are overdue after seconds. None of them may be seen running for much
longer than that, while steps go on.
"""
import contextlib
import os
import pathlib
import time

from fleet import check, wait_until
from slow_evaluations import SlowRun

DEADLINE_SECONDS = 6.0
LONGEST = DEADLINE_SECONDS + 10  # for a busy machine; far below the minutes that a program wants
CANCELLED = 4


def descends_from(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False


def programs(run):
    """pid → (start time in ticks, seconds since then), of the evaluations' programs that run."""
    found = {}
    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            if b"unittest" not in (path / "cmdline").read_bytes() or not descends_from(int(path.name), run.process.pid):
                continue
            started = int((path / "stat").read_text().rsplit(")", 1)[1].split()[19])
            found[int(path.name)] = started, uptime - started / os.sysconf("SC_CLK_TCK")
    return found


def main():
    overrides = [f"--routes.slow.deadline_seconds={DEADLINE_SECONDS}",
                 "--checkpoints.every_steps=5"]  # what has ended is cancelled once a checkpoint knows it
    run = SlowRun("cancelled-evaluations", 100000, wait=1.0, bound=100, cpu_seconds=300, fast_groups=4, overrides=overrides)
    with run:
        wait_until("a program", lambda: programs(run), 120)
        seen, oldest = set(), 0.0

        def enough():
            nonlocal oldest
            for pid, (started, age) in programs(run).items():
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
