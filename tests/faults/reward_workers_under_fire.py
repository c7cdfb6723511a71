#!/usr/bin/env python3
"""Reward workers are killed, stopped and drained under load; every rollout must end with exactly one outcome.

  reward_workers_under_fire.py [--actions 50] [--seed 1]

Two reward workers with a Python scorer in children of their own, which start further processes; bench-rewards puts rollouts and counts. A seeded nemesis picks a
worker and what happens to it: SIGKILL; SIGSTOP for longer than its leases live, then SIGCONT; SIGTERM, which must end with exit
code 0. What died is started again. Afterwards no process of a worker may be left.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(os.environ.get("COHORT_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("COHORT_BIN", SOURCE / "build/bin"))
LEASE_SECONDS = 1.0
WORKERS = 2
# It leaves a process in a session of its own, which does not die with its worker.
SCORER = """import subprocess, time

subprocess.Popen(["sh", "-c", "sleep 1000; true", __file__], start_new_session=True)


def score(completion, answer):
    time.sleep(.004)
    return 1.0
"""


class Fleet:
    def __init__(self, folder):
        self.folder = folder
        subprocess.run([sys.executable, SOURCE / "scripts/make_parity.py", folder / "parity"], check=True, stdout=subprocess.DEVNULL)
        (folder / "scorer.py").write_text(SCORER)
        head, rest = (SOURCE / "configs/demo-zero.toml").read_text().split("[[scorers]]", 1)
        routes = rest[rest.index("[[routes]]"):].replace('["answer", "format"]', '["mine"]')
        scorer = f'[[scorers]]\nname = "mine"\nkind = "python"\npasses = true\nsource = "{folder}/scorer.py:score"\nprocesses = 2\n'
        self.config = folder / "fleet.toml"
        self.config.write_text(f"{head}{scorer}\n{routes}")
        self.endpoint = f"ipc://{folder}/broker.sock"
        self.broker = self.start("cohort-broker", "broker")
        self.workers = [self.start("cohort-reward-worker", f"reward-worker-{i}") for i in range(WORKERS)]

    def start(self, program, name):
        with open(self.folder / f"{name}.log", "ab") as log:
            return subprocess.Popen([BIN / program, "--config", self.config, "--instance", name, f"--broker.endpoint={self.endpoint}",
                                     f"--broker.lease_seconds={LEASE_SECONDS}", f"--model.path={self.folder / 'parity'}",
                                     "--reward_worker.tasks_in_flight=32", "--telemetry.port=0",
                                     f"--run.directory={self.folder / name}"], stdout=log, stderr=log)

    def restart(self, index):
        self.workers[index] = self.start("cohort-reward-worker", f"reward-worker-{index}")

    def stop(self):
        for process in [*self.workers, self.broker]:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in [*self.workers, self.broker]:
            process.wait(20)


def wait_until_started(fleet, index, since):
    """The worker's log says that it started again after `since` bytes."""
    log = fleet.folder / f"reward-worker-{index}.log"
    deadline = time.monotonic() + 30
    while "started" not in log.read_text()[since:]:
        if time.monotonic() > deadline or fleet.workers[index].poll() is not None:
            sys.exit(f"reward-worker-{index} did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


def fire(fleet, rng):
    """One action; its name."""
    index = rng.randrange(WORKERS)
    worker = fleet.workers[index]
    action = rng.choice(["kill", "stop", "drain"])
    since = len((fleet.folder / f"reward-worker-{index}.log").read_text())
    if action == "stop":
        worker.send_signal(signal.SIGSTOP)
        time.sleep(LEASE_SECONDS * rng.uniform(1.2, 2))
        worker.send_signal(signal.SIGCONT)
        return action
    worker.send_signal(signal.SIGKILL if action == "kill" else signal.SIGTERM)
    code = worker.wait(20)
    if action == "drain" and code != 0:
        sys.exit(f"a drained reward worker ended with code {code}")
    fleet.restart(index)
    wait_until_started(fleet, index, since)
    return action


def left_behind(folder):
    """Command lines of processes that still speak of this folder."""
    left = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and str(os.getpid()) != path.parent.name:
            left.append(line)
    return left


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cohort-fire-", dir="/tmp") as name:
        folder = pathlib.Path(name)
        fleet = Fleet(folder)
        for index in range(WORKERS):
            wait_until_started(fleet, index, 0)
        stop_file = folder / "enough"
        traffic = subprocess.Popen([BIN / "bench-rewards", "--endpoint", fleet.endpoint, "--tokenizer", folder / "parity", "--in-flight", "96",
                                    "--warm-up", "0", "--seconds", "600", "--until-exists", stop_file], stdout=subprocess.PIPE)
        actions = []
        for _ in range(arguments.actions):
            time.sleep(rng.uniform(0.05, 0.3))
            actions.append(fire(fleet, rng))
        stop_file.touch()
        out, _ = traffic.communicate(timeout=120)
        fleet.stop()
        report = json.loads(out)
        left = left_behind(folder)
    counts = {action: actions.count(action) for action in sorted(set(actions))}
    print(f"seed {arguments.seed}: {counts} in {time.monotonic() - began:.0f} s; {report}")
    if left:
        sys.exit(f"left behind: {left}")
    if report["missing"] or report["doubled"] or report["unknown"] or report["refused"] or report["dead"]:
        sys.exit("a rollout was lost, doubled or made up")
    if set(report["outcomes"]) != {"graded"} or sum(report["outcomes"].values()) != report["put"]:
        sys.exit("an outcome that no scorer gave")


if __name__ == "__main__":
    main()
