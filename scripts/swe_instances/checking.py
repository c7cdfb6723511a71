"""Looks at finished instances: the gold patch resolves each of them, the empty one does not, twice."""
import concurrent.futures
import json
import pathlib
import tempfile
import tomllib

from . import repository as git
from .testrun import Limits, run_tests


def resolved(run, row):
    return not run.why_none and set(row["FAIL_TO_PASS"]) | set(row["PASS_TO_PASS"]) <= run.passed()


def faults_of(row, out, python):
    """What is wrong with an instance, in words."""
    folder = out / "environments" / row["environment"]
    with open(folder / "environment.toml", "rb") as file:
        environment = tomllib.load(file)
    limits = Limits(environment["cpu_seconds"], environment["timeout_seconds"], environment["memory_mb"])
    faults = []
    for hash_seed in (0, 1):
        for patch, expected in ((row["patch"], True), ("", False)):
            with tempfile.TemporaryDirectory(prefix="swe-check-") as work:
                tree = pathlib.Path(work) / "tree"
                git.check_out(folder / environment["git"], row["base_commit"], tree)
                if patch:
                    git.apply_patch(tree, patch)
                run = run_tests(python, folder / environment["site"], tree, environment["test_files"], limits, hash_seed)
            name = "gold" if patch else "empty"
            if resolved(run, row) != expected:
                faults.append(f"{name} patch: {run.why_none or 'the other verdict'}")
            elif not patch and not (run.passed().isdisjoint(row["FAIL_TO_PASS"]) and run.passed() >= set(row["PASS_TO_PASS"])):
                faults.append("empty patch: other tests fail than the row says")
    return faults


def check(out, python, jobs, say):
    """The number of instances that are no good."""
    rows = [json.loads(line) for line in (out / "instances.jsonl").read_text(encoding="utf-8").splitlines()]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for number, (row, faults) in enumerate(zip(rows, pool.map(lambda row: faults_of(row, out, python), rows)), start=1):
            bad += bool(faults)
            for fault in faults:
                say(f"{row['instance_id']}: {fault}")
            if number % 10 == 0 or number == len(rows):
                say(f"checked {number} of {len(rows)}, {bad} of them bad")
    return bad
