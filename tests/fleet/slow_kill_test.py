#!/usr/bin/env python3
"""kill -9 of reward workers, broker and learner at seeded random moments while evaluations take sixty steps' time.

Every slow rollout must come to exactly one outcome along the surviving line, none lost or counted twice, and what a killed worker had
in hand must be with another within two lease times. One of the workers is started by hand and stays away for longer than that when it was
killed, so that nothing but the broker's own patience brings its work to others. slow_kill_test.py [--seed 0] [--kills 30], or --short.
"""
import argparse
import collections
import contextlib
import datetime
import json
import os
import random
import signal
import subprocess
import time

from fleet import BIN, SOURCE, check, process, read_rows, wait_until
from slow_evaluations import GROUP, TAKEN, SlowRun, cursor_of, running_tests

LEASE_SECONDS = 5.0
TWO_LEASES = 2 * LEASE_SECONDS
AWAY_SECONDS = TWO_LEASES + 3
IN_FLIGHT_SECONDS = 0.1  # a settle that was sent so shortly before a kill may never have arrived
EVALUATION_STEPS = 60
AT_THEIR_TESTS = 0.5  # of the workers' kills
PATIENCE_SECONDS = 5.0
SLOW_SPACE = "2"  # of the ids: the second route
MOST_A_MINUTE = 4  # of one process: five stop the supervisor, by design
BY_HAND = "reward-worker-3"
WORKERS = ["reward-worker-1", "reward-worker-2", BY_HAND]
TARGETS = [*WORKERS, "learner", "broker"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--step-seconds", type=float, default=1.1)
    parser.add_argument("--evaluation-seconds", type=float, default=85.0)
    parser.add_argument("--seconds-between", type=float, nargs=2, default=(8.0, 20.0))
    parser.add_argument("--short", action="store_true", help="ten kills in two minutes, evaluations of some 40 steps")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.kills, arguments.steps, arguments.step_seconds = 10, 160, 0.5
        arguments.evaluation_seconds, arguments.seconds_between = 20.0, (4.0, 8.0)
    return arguments


class WorkerByHand:
    """The third reward worker, beside those of the fleet."""

    def __init__(self, run):
        self.run, self.stack, self.back_at = run, contextlib.ExitStack(), 0.0

    def __enter__(self):
        self.start_if_due()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start_if_due(self):
        if self.back_at is not None and time.monotonic() >= self.back_at:
            self.stack.close()
            self.stack.enter_context(process("reward-worker", self.run.path / "config.toml", BY_HAND, log=self.run.path / f"{BY_HAND}.out"))
            self.back_at = None

    def was_killed(self):
        self.back_at = time.monotonic() + AWAY_SECONDS


def wait_for_tests(worker):
    """Until the worker has tests running, or for a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not running_tests(worker) and time.monotonic() < deadline:
        time.sleep(0.02)


def fire(run, by_hand, rng, kills, between):
    """Kills, each (time, instance)."""
    done = []
    history = collections.defaultdict(list)
    while len(done) < kills and run.running():
        time.sleep(rng.uniform(*between))
        by_hand.start_if_due()
        now = time.monotonic()
        able = [name for name in TARGETS if sum(now - t < 70 for t in history[name]) < MOST_A_MINUTE]
        if by_hand.back_at is not None:
            able.remove(BY_HAND)
        target = rng.choice(able)
        pid = wait_until(f"{target} to be alive", lambda: run.pid(target) or not run.running(), 60)
        if not run.running():
            break
        if target in WORKERS and rng.random() < AT_THEIR_TESTS:
            wait_for_tests(pid)
        os.kill(pid, signal.SIGKILL)
        if target == BY_HAND:
            by_hand.was_killed()
        history[target].append(time.monotonic())
        done.append((time.time(), target))
        print(f"kill {len(done)}: {target} at step {len(run.surviving_steps())}", flush=True)
    check(len(done) == kills, f"the run ended after {len(done)} kills; it is too short for {kills}")
    return done


# --- outcomes

def surviving_samples(run):
    """Rows of samples.jsonl without those that a resume undid."""
    undone = [(row["checkpoint_time"], row["time"]) for row in run.metrics("resumed")]
    return [row for row in run.slow_samples() if not any(since < row["time"] < until for since, until in undone)]


def by_group(rows):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[cursor_of(row)].append(row)
    return groups


def check_outcomes(run, rows):
    """Each rollout once, each group with one end, as many as the ledger says. The ends."""
    ledger = json.loads((run.checkpoints()[-1] / "learner.json").read_text())["ledger"][1]  # of the route slow
    check(not ledger["pending"], f"still pending at the end: {ledger['pending'][:5]}")
    ends = {end: count for end, count in ledger.items() if end not in ("issued", "pending") and count}
    check(sum(ends.values()) == ledger["issued"], f"the ledger does not balance: {ledger}")
    check(ends.keys() <= {*TAKEN, "stale", "cancelled"}, f"some ended as they should not: {ends}")

    doubled = [sample for sample, count in collections.Counter(row["id"] for row in rows).items() if count > 1]
    check(not doubled, f"slow rollouts with two outcomes: {doubled[:5]}")
    groups = {cursor: {row["end"] for row in of} for cursor, of in by_group(rows).items()}
    split = {cursor: of for cursor, of in groups.items() if len(of) > 1}
    check(not split, f"groups with two ends: {dict(list(split.items())[:5])}")
    counted = collections.Counter(next(iter(of)) for of in groups.values())
    for end in TAKEN:  # others may have ended before anything of them was judged
        check(counted[end] == ends.get(end, 0), f"{counted[end]} groups on record as {end}, {ends.get(end, 0)} in the ledger")
    check(all(counted[end] <= ends.get(end, 0) for end in counted), f"on record {counted}, in the ledger {ends}")
    other = [row["id"] for row in rows if row["end"] in TAKEN and row["outcome"] not in ("graded", "unparseable", "patch_rejected")]
    check(not other, f"trained on without a verdict: {other[:5]}")

    in_steps = collections.Counter(sample for step in run.surviving_steps() for sample in step["samples"])
    check(max(in_steps.values()) == 1, "a rollout was in two steps")
    taken = {row["id"] for row in rows if row["end"] in TAKEN}
    steps = {sample for sample in in_steps if sample.split("/")[1] == SLOW_SPACE}
    check(taken == steps, f"taken by a step, or on record so, but not both: {sorted(taken ^ steps)[:5]}")
    return ends, ledger["issued"]


def check_nothing_is_left(run):
    """The broker, started once more on its journal, has no rollout that still waits for its evaluation."""
    config = run.path / "config.toml"
    with process("broker", config, "broker", log=run.path / "logs/after.log"):
        def ask():
            done = subprocess.run([BIN / "cohort", "queues", "list", run.path, "--json"], cwd=SOURCE, capture_output=True, text=True)
            return done.stdout.splitlines() if done.returncode == 0 else []
        queues = {queue["queue"]: queue for queue in map(json.loads, wait_until("the broker's queues", ask, 60))}
    check(queues["scored.slow"]["bytes"] == 0, "results are left in scored.slow")  # what says that a task was cancelled has no bytes
    for name in ("prompts.slow", "rollouts.slow"):
        left = {state: queues[name][state] for state in ("ready", "leased", "accepted", "delayed", "dead") if queues[name][state]}
        check(not left, f"left in {name}: {left}")


# --- who had what in hand

def task_of(run_id, cursor, sample):
    """The broker's name of a rollout's evaluation."""
    return f"{run_id}/{SLOW_SPACE}/{cursor}/{sample + 1}"


class Hands:
    """What the workers' logs tell of each rollout."""

    def __init__(self, run, kills):
        self.of_task = collections.defaultdict(list)  # (seconds since 1970, what, instance)
        self.ends = {name: [at for at, instance in kills if instance == name] for name in WORKERS}
        for name in WORKERS:
            for row in read_rows(run.path / "logs" / f"{name}.jsonl"):
                if row["message"] in ("taken", "scored", "lease lost") and row["task"].split("/")[1] == SLOW_SPACE:
                    at = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp()
                    self.of_task[row["task"]].append((at, row["message"], name))
        for events in self.of_task.values():
            events.sort()

    def held(self, task, instance, moment):
        """Since when the instance had it in hand then; None if it did not. What was sent just before may not have arrived."""
        since = None
        for at, what, name in self.of_task[task]:
            if at >= moment:
                break
            if name == instance and what == "taken":
                since = at
            elif name == instance and (what == "lease lost" or at < moment - IN_FLIGHT_SECONDS):
                since = None
        if since is not None and any(since < end < moment for end in self.ends[instance]):
            return None  # in a life before
        return since

    def is_under_way(self, task, moment):
        """In somebody's hands then, or on its way from hand to hand for two leases at most."""
        events = [event for event in self.of_task[task] if event[0] < moment]
        moments = [moment] + [end for ends in self.ends.values() for end in ends if moment - TWO_LEASES < end < moment]
        return (any(self.held(task, name, at) is not None for name in WORKERS for at in moments)
                or bool(events) and events[-1][0] > moment - TWO_LEASES)

    def taken_again(self, task, moment):
        """(when, by whom) it was taken next."""
        return next(((at, name) for at, what, name in self.of_task[task] if what == "taken" and at > moment), None)


def check_none_is_lost(run, rows, issued, hands):
    """Of a group that ended without them, rollouts were still being evaluated; one that ended well has them all."""
    groups = by_group(rows)
    end_of_run = run.metrics("done")[-1]["time"]
    newest = max(groups)
    for cursor in range(issued):
        of = groups.get(cursor, [])
        if of and of[0]["end"] in TAKEN:
            check(len(of) == GROUP, f"group {cursor} was {of[0]['end']} with {len(of)} rollouts of {GROUP}")
            continue
        ended = max((row["time"] for row in of), default=end_of_run)
        for sample in {*range(GROUP)} - {row["sample"] for row in of}:
            task = task_of(rows[0]["id"].split("/")[0], cursor, sample)
            check(hands.is_under_way(task, ended) or (not hands.of_task[task] and cursor > newest - 10), f"{task} was lost: its group ended {of[0]['end'] if of else 'with the run'}")


def takeovers(rows, kills, hands, end_of_run):
    """For each rollout that a killed worker had in hand: (seconds until another had it, whether the worker stayed away, whether its wait was over)."""
    judged = {task_of(row["id"].split("/")[0], cursor_of(row), row["sample"]) for row in rows}
    ended = {}
    for row in rows:
        ended.setdefault(cursor_of(row), row["time"])
    found = []
    for moment, instance in kills:
        if instance not in WORKERS:
            continue
        for task in list(hands.of_task):
            since = hands.held(task, instance, moment)
            if since is None:
                continue
            again = hands.taken_again(task, moment)
            if again:
                found.append((again[0] - moment, instance == BY_HAND, moment - since))
            elif task not in judged:  # nobody needed it any more
                check(ended.get(int(task.split("/")[2]), end_of_run) <= moment + TWO_LEASES,
                      f"{task} was in the hands of a killed worker and taken up by none")
    return found


def main():
    arguments = parse()
    rng = random.Random(arguments.seed)
    # Staleness 1: two steps' rollouts are under way at a time.
    overrides = [f"--scorers.answer.delay_seconds={2 * arguments.step_seconds}", "--fleet.reward_workers=2",
                 f"--broker.lease_seconds={LEASE_SECONDS}", "--run.log_level=debug", f"--run.seed={arguments.seed}"]
    run = SlowRun(f"slow-kills-{arguments.seed}", arguments.steps, arguments.evaluation_seconds, 2 * EVALUATION_STEPS, cpu_seconds=0.2,
                  fast_groups=12, overrides=overrides)
    with run:
        wait_until("the first step", lambda: run.metrics("step") or not run.running(), 300)
        with WorkerByHand(run) as by_hand:
            wait_until("slow groups in steps", lambda: run.first_slow_step() or not run.running(), 600)
            kills = fire(run, by_hand, rng, arguments.kills, arguments.seconds_between)
            run.wait(1800)
    rows = surviving_samples(run)
    ends, issued = check_outcomes(run, rows)
    check_nothing_is_left(run)
    hands = Hands(run, kills)
    check_none_is_lost(run, rows, issued, hands)
    found = takeovers(rows, kills, hands, run.metrics("done")[-1]["time"])
    counts = collections.Counter(instance for _, instance in kills)
    print(f"seed {arguments.seed}: {len(kills)} kills {dict(sorted(counts.items()))}; an evaluation waits for {run.evaluation_in_steps(0):.0f} steps "
          f"of {arguments.steps}; of {issued} slow groups {ends}")
    testing = sum(in_hand > arguments.evaluation_seconds for _, _, in_hand in found)
    check(testing, "no worker was killed at an evaluation's tests")
    print(f"{len(found)} half-finished evaluations were taken up, {testing} of them from a worker that was at their tests")
    for what, away in (("was started again", False), ("stayed away", True)):
        waited = sorted(seconds for seconds, by_hand, _ in found if by_hand == away)
        check(waited, f"no evaluation was under way in a worker that was killed and {what}")
        print(f"of a worker that {what}: {len(waited)}, after {waited[len(waited) // 2]:.2f} s in the median, {waited[-1]:.2f} s at most")
        check(waited[-1] <= TWO_LEASES, f"taken up only after {waited[-1]:.1f} s; two lease times are {TWO_LEASES} s")


if __name__ == "__main__":
    main()
