#!/usr/bin/env python3
"""The broker and its clients as real processes under a seeded nemesis, and what came of each task.

harness.py [--seed N] [--kills N] [--tasks N]: producers put prompts, workers turn them into samples, scorers into scores, the
sink gives each its effect in a checkpoint and settles. Meanwhile every process is killed and stopped, a quarter of the broker's
deaths are power cuts, connections are cut, stalled and corrupted, the broker's wall clock jumps and its disk fills up. Then all
is quiet, everything drains, and the histories are held against the promise: each confirmed task has one effect, none two, none
that nobody put. Prints one line of counts; exit code 0 when nothing is wrong.
"""
import argparse
import random
import signal
import sys
import time

import checker
from fleet_under_fire import Fleet, fates, prompts_put
from nemesis import Nemesis
from processes import SCRATCH

LOOK = 0.02


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=2000, help="prompts at least")
    parser.add_argument("--rate", type=float, default=250, help="prompts a second, of all producers together")
    parser.add_argument("--seconds", type=float, default=3600, help="the nemesis stops after this long at the latest")
    parser.add_argument("--drain", type=float, default=120, help="seconds after which the queues must have drained")
    parser.add_argument("--producers", type=int, default=3)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--scorers", type=int, default=3)
    parser.add_argument("--broker", default="", help="another broker than cohort-broker: a broken twin")
    parser.add_argument("--memory", action="store_true", help="queues in memory: what the broker forgets is put again")
    parser.add_argument("--plain", action="store_true", help="without keys, and then without corrupted connections")
    return parser.parse_args(words)


def provoke(fleet, nemesis, options):
    """Until there were enough kills and enough tasks."""
    deadline = time.monotonic() + options.seconds
    next_count = 0.0
    while time.monotonic() < deadline:
        nemesis.act()
        fleet.supervise()
        if nemesis.done() and time.monotonic() > next_count:
            next_count = time.monotonic() + 1
            if sum(prompts_put(fleet.folder).values()) >= options.tasks:
                break
        time.sleep(LOOK)
    nemesis.calm()


def run(options):
    """Returns the verdict, the nemesis' counts, and what was wrong besides."""
    rng = random.Random(options.seed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and leave nothing behind
    fleet = Fleet(SCRATCH / f"faults-{options.seed}", rng, options)
    nemesis = Nemesis(fleet, rng, options.kills, disk_can_fill=fleet.mounted)
    if not (fleet.mounted or options.memory):
        print("no full disks: only root may mount a small tmpfs, and the journal must be on it", flush=True)
    started = time.monotonic()
    try:
        fleet.start()
        provoke(fleet, nemesis, options)
        stats = fleet.drain(options.drain)
    finally:
        fleet.close()
    verdict = checker.judge(fleet.folder / "histories", fates(prompts_put(fleet.folder)), options.memory)
    wrong = fleet.unexpected + fleet.false_alarms()
    # Ten cuts that find nothing unsynced are no cuts.
    if not options.memory and nemesis.counts["power cuts"] >= 10 and nemesis.counts["sectors taken back"] == 0:
        wrong.append("the power cuts took nothing back: is libpower_cut.so loaded into the broker?")
    letters = sum(queue["dead"] for queue in stats.values())
    if not options.memory and letters != verdict.dead:
        wrong.append(f"{letters} dead letters, {verdict.dead} of them explained")
    return verdict, nemesis, wrong, time.monotonic() - started


def describe(verdict, nemesis, seconds):
    kills = ", ".join(f"{name[5:]} {count}" for name, count in sorted(nemesis.counts.items())
                      if name.startswith("kill "))
    others = ", ".join(f"{count} {name}" for name, count in sorted(nemesis.counts.items())
                       if not name.startswith("kill "))
    return (f"{nemesis.killed()} kills ({kills}), {others}; {verdict.prompts} prompts, {verdict.tasks} tasks, "
            f"{verdict.dead} dead as they must, {verdict.redeliveries} redeliveries, {verdict.refused} late settles "
            f"refused; lost {verdict.lost}, doubled {verdict.doubled}, invented {verdict.invented}; {seconds:.0f} s")


def main(words=None):
    options = parse(words)
    verdict, nemesis, wrong, seconds = run(options)
    for line in verdict.wrong + wrong:
        print(line)
    print(f"seed {options.seed}: " + describe(verdict, nemesis, seconds), flush=True)
    return 1 if verdict.sum() or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
