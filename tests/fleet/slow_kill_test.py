#!/usr/bin/env python3
"""kill -9 of reward workers, broker and learner at seeded random moments while evaluations take many steps' time.

Every slow rollout must come to exactly one outcome along the surviving line, none lost or counted twice, and what a killed worker had
in hand must be with another within two lease times: slow_kill_test.py [--seed 0] [--kills 30].
"""
import argparse
import collections
import datetime
import json
import os
import random
import signal
import subprocess
import time

from fleet import BIN, SOURCE, Run, check, process, read_rows, wait_until
from slow_evaluations import TAKEN, SlowRun

LEASE_SECONDS = 5.0
EVALUATION_SECONDS = 20.0
STEPS_TAKE = "--scorers.answer.delay_seconds=0.8"  # some four tenths of a second, on any machine
BOUND = 400
SLOW_SPACE = "2"  # of the ids: the second route
MOST_A_MINUTE = 4  # of one process: five stop the supervisor, by design
TARGETS = ["reward-worker-1", "reward-worker-2", "learner", "broker"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seconds-between", type=float, nargs=2, default=(3.0, 9.0))
    return parser.parse_args()


def fire(run, rng, kills, between):
    """Kills, each (time, instance, whether it had been ready)."""
    done = []
    history = collections.defaultdict(list)
    while len(done) < kills and run.running():
        time.sleep(rng.uniform(*between))
        now = time.monotonic()
        able = [name for name in TARGETS if sum(now - t < 60 for t in history[name]) < MOST_A_MINUTE]
        target = rng.choice(able)
        pid = wait_until(f"{target} to be alive", lambda: run.pid(target) or not run.running(), 60)
        if not run.running():
            break
        os.kill(pid, signal.SIGKILL)
        history[target].append(now)
        done.append((time.time(), target))
        print(f"kill {len(done)}: {target} at step {len(run.surviving_steps())}", flush=True)
    check(len(done) == kills, f"the run ended after {len(done)} kills; it is too short for {kills}")
    return done


# --- outcomes

def surviving_samples(run):
    """Rows of samples.jsonl without those that a resume undid."""
    undone = [(row["checkpoint_time"], row["time"]) for row in run.metrics("resumed")]
    return [row for row in run.slow_samples() if not any(since < row["time"] < until for since, until in undone)]


def check_outcomes(run):
    ledger = json.loads((run.checkpoints()[-1] / "learner.json").read_text())["ledger"][1]  # of the route slow
    check(not ledger["pending"], f"still pending at the end: {ledger['pending'][:5]}")
    ends = {end: count for end, count in ledger.items() if end not in ("issued", "pending") and count}
    check(sum(ends.values()) == ledger["issued"], f"the ledger does not balance: {ledger}")

    rows = surviving_samples(run)
    doubled = [sample for sample, count in collections.Counter(row["id"] for row in rows).items() if count > 1]
    check(not doubled, f"slow rollouts with two outcomes: {doubled[:5]}")
    groups = collections.defaultdict(set)
    for row in rows:
        groups[int(row["id"].split("/")[2])].add(row["end"])
    split = {cursor: of for cursor, of in groups.items() if len(of) > 1}
    check(not split, f"groups with two ends: {dict(list(split.items())[:5])}")
    counted = collections.Counter(next(iter(of)) for of in groups.values())
    for end in TAKEN:  # others may have ended before anything of them was judged
        check(counted[end] == ends.get(end, 0), f"{counted[end]} groups on record as {end}, {ends.get(end, 0)} in the ledger")
    check(all(counted[end] <= ends.get(end, 0) for end in counted), f"on record {counted}, in the ledger {ends}")

    in_steps = collections.Counter(sample for step in run.surviving_steps() for sample in step["samples"])
    check(max(in_steps.values()) == 1, "a rollout was in two steps")
    taken = {row["id"] for row in rows if row["end"] in TAKEN}
    steps = {sample for sample in in_steps if sample.split("/")[1] == SLOW_SPACE}
    check(taken == steps, f"taken by a step, or on record so, but not both: {sorted(taken ^ steps)[:5]}")
    return ends


def check_nothing_is_left(run):
    """The broker, started once more on its journal, has no rollout that still waits for its evaluation."""
    config = run.path / "config.toml"
    with process("broker", config, "broker", log=run.path / "logs/after.log"):
        def ask():
            done = subprocess.run([BIN / "cohort", "queues", "list", run.path, "--json"], cwd=SOURCE, capture_output=True, text=True)
            return done.stdout.splitlines() if done.returncode == 0 else []
        queues = {queue["queue"]: queue for queue in map(json.loads, wait_until("the broker's queues", ask, 60))}
    for name in ("prompts.slow", "rollouts.slow"):
        left = {state: queues[name][state] for state in ("ready", "leased", "accepted", "delayed", "dead") if queues[name][state]}
        check(not left, f"left in {name}: {left}")


# --- who took over

def events_of(run, instance):
    """Its log, with seconds since 1970."""
    rows = read_rows(run.path / "logs" / f"{instance}.jsonl")
    return [dict(row, at=datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp()) for row in rows]


def in_hand(events, moment):
    """Tasks that the instance had taken and not given back before the moment, in the life that ended then."""
    held = {}
    for row in events:
        if row["at"] >= moment:
            break
        if row["message"] == "started":
            held.clear()
        elif row["message"] == "taken":
            held[row["task"]] = row["at"]
        elif row["message"] in ("scored", "lease lost"):
            held.pop(row["task"], None)
    return held


def takeovers(run, kills):
    """Seconds from each kill of a reward worker to when each rollout that it had in hand was with a worker again."""
    events = {name: events_of(run, name) for name in TARGETS if name.startswith("reward-worker")}
    taken = collections.defaultdict(list)
    for row in (row for rows in events.values() for row in rows if row["message"] == "taken"):
        taken[row["task"]].append(row["at"])
    group_ended = {}
    for row in run.slow_samples():
        group_ended.setdefault(row["id"].rsplit("/", 1)[0], row["time"])
    end_of_run = run.metrics("done")[-1]["time"]
    waited = []
    for moment, instance in kills:
        for task in in_hand(events.get(instance, []), moment):
            if task.split("/")[1] != SLOW_SPACE:
                continue
            again = [at for at in taken[task] if at > moment]
            if again:
                waited.append(min(again) - moment)
            else:  # nobody needed it any more
                ended = group_ended.get(task.rsplit("/", 1)[0], end_of_run)
                check(ended <= moment + 2 * LEASE_SECONDS, f"{task} was in the hands of a killed worker and taken up by none")
    return waited


def main():
    arguments = parse()
    rng = random.Random(arguments.seed)
    run = SlowRun(f"slow-kills-{arguments.seed}", arguments.steps, EVALUATION_SECONDS, BOUND, cpu_seconds=0.1,
                  fast_groups=12, overrides=[STEPS_TAKE, "--fleet.reward_workers=2", f"--broker.lease_seconds={LEASE_SECONDS}", "--run.log_level=debug",
                             f"--run.seed={arguments.seed}"])
    with run:
        wait_until("slow groups in steps", lambda: any(row["routes"]["slow"]["groups"] for row in run.metrics("step")) or not run.running(), 300)
        kills = fire(run, rng, arguments.kills, arguments.seconds_between)
        run.wait(1200)
    ends = check_outcomes(run)
    check_nothing_is_left(run)
    waited = takeovers(run, kills)
    check(waited, "no evaluation was under way in a worker that was killed")
    counts = collections.Counter(instance for _, instance in kills)
    print(f"seed {arguments.seed}: {len(kills)} kills {dict(sorted(counts.items()))}; slow groups {ends}; {len(waited)} half-finished evaluations "
          f"taken up after {sorted(waited)[len(waited) // 2]:.2f} s, the last after {max(waited):.2f} s")
    check(max(waited) <= 2 * LEASE_SECONDS, f"taken up only after {max(waited):.1f} s; two lease times are {2 * LEASE_SECONDS} s")


if __name__ == "__main__":
    main()
