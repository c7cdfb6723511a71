#!/usr/bin/env python3
"""Kind swe on instances that scripts/make_swe_instances.py makes, through the sandbox.

The reference patch of each resolves it, an answer that repairs nothing does not: twice in a row, four at a time. Answers
that cheat (cheats.py) earn nothing, but for those that are listed there as residual with the reason. A broken environment
is never scored.

    swe_instances_test.py [Class[.test]]    COHORT_BIN: the programs; COHORT_SWE: the folder of the instances, made where it
                                            is not there; COHORT_SWE_COUNT: how many of them are judged
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT / "scripts")]
from cheats import Instance, all_cheats  # noqa: E402
from cheats_test import promising  # noqa: E402
from swe_instances import repository  # noqa: E402

BIN = pathlib.Path(os.environ.get("COHORT_BIN", ROOT / "build/bin"))
FOLDER = pathlib.Path(os.environ.get("COHORT_SWE", ROOT / "build/swe"))
COUNT = int(os.environ.get("COHORT_SWE_COUNT", "20"))
PLACES = 4
REFUSED = {"patch_rejected", "unparseable"}
NO_DEVICES = 77  # CTest's mark of a skipped test


def instances():
    made = subprocess.run([sys.executable, ROOT / "scripts/make_swe_instances.py", FOLDER, "--count", str(max(COUNT, 20))],
                          stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        print("skipped: the instances cannot be made here (is there a package index?)")
        sys.exit(NO_DEVICES)
    with open(FOLDER / "instances.jsonl") as file:
        return [json.loads(line) for line in file]


def fenced(patch):
    return f"This repairs it:\n\n````diff\n{patch}````\n"


class Sandboxed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = instances()
        cls.scratch = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.scratch.name)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def score(self, rows, places=PLACES, environments=FOLDER / "environments"):
        """(row, completion) pairs: a verdict for each."""
        text = "".join(json.dumps({**row, "completion": completion}) + "\n" for row, completion in rows)
        run = subprocess.run(
            [BIN / "cohort-scorer", "score", "swe", "--set", f"environments={environments}", "--set", f"processes={places}",
             "--set", "sandbox=any", "--set", f"trees={self.work / 'trees'}"],
            input=text, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        return [json.loads(line) for line in run.stdout.splitlines()]


class Instances(Sandboxed):
    def test_the_reference_resolves_and_no_repair_does_not_twice_in_a_row(self):
        questions, expected = [], []
        for row in self.rows[:COUNT]:
            questions += [(row, fenced(row["patch"])), (row, self.no_repair(row))]
            expected += [1.0, 0.0]
        for turn in range(2):
            verdicts = self.score(questions)
            for (row, _), verdict, reward in zip(questions, verdicts, expected, strict=True):
                with self.subTest(instance=row["instance_id"], turn=turn, expected=reward):
                    self.assertEqual((verdict["reward"], verdict["outcome"]), (reward, "graded"), verdict)
        print(f"swe instances={len(self.rows[:COUNT])} judged={4 * COUNT} places={PLACES}")

    def no_repair(self, row):
        """A comment at the end of the file with the bug: all that a suite sees is as before."""
        path = row["patch"].split("\n--- a/")[1].split("\n")[0]
        text = repository.git(FOLDER / "environments" / row["environment"] / "repository.git", "show",
                              f"{row['base_commit']}:{path}").decode()
        return f"### {path}\n````python\n{text}# looked at\n````\n"

    def test_an_environment_that_is_broken_is_never_scored(self):
        row = self.rows[0]
        for breaks in (lambda e: (e / "site" / "pytest" / "__init__.py").write_text("raise SystemError"),
                       lambda e: shutil.rmtree(e / "site" / "_pytest"),
                       lambda e: self.edit(e, "memory_mb = 512", "memory_mb = 16"),
                       lambda e: self.edit(e, "toolz/tests/test_utils.py", "toolz/tests/test_gone.py")):
            copy = self.work / "broken"
            shutil.copytree(FOLDER / "environments", copy)
            breaks(copy / row["environment"])
            for answer in (fenced(row["patch"]), self.no_repair(row)):
                (verdict,) = self.score([(row, answer)], environments=copy)
                self.assertIsNone(verdict["reward"], verdict)
                self.assertEqual(verdict["outcome"], "gold_invalid", verdict)
            shutil.rmtree(copy)

    @staticmethod
    def edit(environment, old, new):
        file = environment / "environment.toml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


class Cheats(Sandboxed):
    def test_cheats_earn_nothing_but_what_is_residual(self):
        impatient = self.work / "impatient"
        shutil.copytree(FOLDER / "environments", impatient)
        for file in impatient.glob("*/environment.toml"):
            file.write_text(file.read_text().replace("timeout_seconds = 60", "timeout_seconds = 15"))
        residual = set()
        for project in ("toolz", "tabulate"):
            row = next(row for row in self.rows if row["environment"].startswith(project) and promising(row))
            checkout = self.work / project
            repository.check_out(FOLDER / "environments" / row["environment"] / "repository.git", row["base_commit"], checkout)
            instance = Instance(row, checkout)
            cheats = all_cheats()
            verdicts = self.score([(row, self.answer(cheat, instance)) for cheat in cheats], environments=impatient)
            for cheat, verdict in zip(cheats, verdicts, strict=True):
                with self.subTest(cheat=cheat.name, project=project):
                    self.assertIsNotNone(verdict["reward"], f"masked: {cheat.what} {verdict}")
                    said = self.said(verdict)
                    if said == "residual":
                        residual.add(cheat.name)
                        self.assertIn("residual", cheat.earns, f"{cheat.what} {verdict}")
                        self.assertTrue(cheat.why)
                    else:
                        self.assertEqual(verdict["reward"], 0)
                        if "residual" not in cheat.earns:
                            self.assertIn(said, cheat.earns, f"{cheat.what} {verdict}")
        print(f"swe cheats={len(all_cheats())} residual={len(residual)}: {', '.join(sorted(residual))}")

    @staticmethod
    def answer(cheat, instance):
        return fenced(cheat.patch(instance))

    @staticmethod
    def said(verdict):
        if verdict["reward"]:
            return "residual"
        if verdict["outcome"] in REFUSED:
            return "refused"
        return "tampered" if verdict["outcome"] == "tampered" else "failed"


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
