#!/usr/bin/env python3
"""Every cheat has teeth: what it does to the naive grader, on an instance of toolz and one of tabulate.

    cheats_test.py FOLDER [cheat...]     FOLDER: what scripts/make_swe_instances.py made

Runs in process, network and mount namespaces of its own where the machine lets it; then nothing outlives a run.
"""
import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "scripts")]
from cheats import Instance, all_cheats  # noqa: E402
from swe_instances import Failure, repository  # noqa: E402

SECONDS = 120
TIMES_HONEST = 5  # after which a hanging one is given up
NAMESPACES = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--net"]
if os.geteuid() != 0:
    NAMESPACES[1:1] = ["--user", "--map-root-user"]
if subprocess.run([*NAMESPACES, "true"], capture_output=True).returncode != 0:
    NAMESPACES = []


ORACLES = ("answers_from_the_tests", "results_equal_everything", "expects_its_failure")
HONEST = "json junit lines silence status"


def promising(row):
    """Few tests fail, of them all those that the issue shows by an assertion."""
    shown = re.findall(r"fails:\n\n    (.*)", row["problem_statement"])
    return len(row["FAIL_TO_PASS"]) <= 5 and shown and all(re.match("assert|AssertionError", message) for message in shown)


class Bench:
    """An instance, and runs of the naive grader on it."""

    def __init__(self, folder, row, work):
        self.environment = folder / "environments" / row["environment"]
        with open(self.environment / "environment.toml", "rb") as file:
            self.settings = tomllib.load(file)
        self.row, self.work = row, work
        repository.check_out(self.environment / self.settings["git"], row["base_commit"], work / "base")
        self.instance = Instance(row, work / "base")
        start = time.monotonic()
        self.verdict(self.instance.gold)
        self.honest_seconds = time.monotonic() - start

    def verdict(self, patch, hangs=False):
        """refused, lost, or the readings that are fooled."""
        tree = self.work / "tree"
        shutil.copytree(self.work / "base", tree, symlinks=True)
        try:
            if patch:
                repository.apply_patch(tree, patch)
            asked = {"row": self.row, "test_files": self.settings["test_files"]}
            # A process between us and the grader: it is the parent that a cheat may kill.
            command = [*NAMESPACES, sys.executable, "-c", "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)",
                       sys.executable, str(HERE / "naive_grader.py"), str(tree), str(self.environment.resolve() / "site"),
                       str(TIMES_HONEST * self.honest_seconds if hangs else SECONDS)]
            done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, start_new_session=True)
            if done.returncode != 0:
                return "lost", done.stderr
            said = json.loads(done.stdout)
            return " ".join(sorted(said["fooled"])) or "taken", said["log"]
        except Failure as failure:
            return "refused", str(failure)
        finally:
            shutil.rmtree(tree)


class CheatsTest(unittest.TestCase):
    folder = only = None

    @classmethod
    def setUpClass(cls):
        rows = [json.loads(line) for line in (cls.folder / "instances.jsonl").read_text(encoding="utf-8").splitlines()]
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="cheats-"))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.benches = {}
        for project in ("toolz", "tabulate"):
            found = (cls.bench_of(row) for row in rows if row["environment"].startswith(project) and promising(row))
            cls.benches[project] = next(bench for bench in found if bench is not None)

    @classmethod
    def bench_of(cls, row):
        """None if the tests cannot be answered from the function that has the bug."""
        bench = Bench(cls.folder, row, cls.work / row["instance_id"])
        cheats = [cheat for cheat in all_cheats() if cheat.name in ORACLES]
        if isinstance(bench.instance.function, ast.FunctionDef):
            if all("lines" in bench.verdict(cheat.patch(bench.instance))[0] for cheat in cheats):
                print(f"{row['instance_id']}: {bench.instance.function.name}", file=sys.stderr, flush=True)
                return bench
        return None

    def test_the_naive_grader_is_right_about_honest_patches(self):
        for project, bench in self.benches.items():
            with self.subTest(project):
                self.assertEqual(bench.verdict(bench.instance.gold)[0], HONEST)
                self.assertEqual(bench.verdict("")[0], "taken")

    def test_each_cheat_does_to_the_naive_grader_what_it_says(self):
        for cheat in all_cheats():
            if self.only and cheat.name not in self.only:
                continue
            for project, bench in self.benches.items():
                with self.subTest(cheat=cheat.name, project=project):
                    found, log = bench.verdict(cheat.patch(bench.instance), cheat.hangs)
                    print(f"{cheat.kind:8} {cheat.name:40} {project:9} {found}", file=sys.stderr, flush=True)
                    self.assertEqual(found, cheat.naive if project in cheat.projects else cheat.elsewhere, log)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    CheatsTest.folder, CheatsTest.only = pathlib.Path(sys.argv[1]), sys.argv[2:]
    unittest.main(argv=sys.argv[:1])
