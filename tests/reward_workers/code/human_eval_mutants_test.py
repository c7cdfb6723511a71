"""`cohort score code` against a plain process, on one-operator mutants of HumanEval's solutions: both directions. Needs COHORT_DATA.

Left out, before Cohort sees them: mutants that use more than a second of processor time in the plain process, and those whose end depends on
the order of a set. Nothing else is: there is no list of exceptions.
"""
import gzip
import json
import os
import pathlib
import unittest

from code_scorer_test import sandbox_missing, score
from human_eval_mutants import judge, mutants

EACH = 4
SEEDED = "import random\nrandom.seed(7)\n"  # some checks draw their inputs: the same ones on both sides


class Mutants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        path = pathlib.Path(os.environ.get("COHORT_DATA", "../shared/data")) / "HumanEval.jsonl.gz"
        if not path.exists():
            raise unittest.SkipTest("COHORT_DATA holds no HumanEval.jsonl.gz")
        if (why := sandbox_missing()):
            raise unittest.SkipTest(f"there is no sandbox here: {why}")
        with gzip.open(path, "rt") as file:
            cls.rows = [json.loads(line) for line in file]

    def verdicts(self, given):
        return score([{"completion": f"```python\n{program}\n```", "test": test, "entry_point": name} for program, test, name in given],
                     "cpu_seconds=10", "timeout_seconds=60", "memory_mb=1024", "sandbox=any", "processes=2")

    def test_both_judge_every_mutant_the_same(self):
        given, wanted, dropped = [], [], 0
        for row in self.rows:
            test = SEEDED + row["test"]
            for program in mutants(row, EACH):
                passes = judge(program, test, row["entry_point"])
                if passes is None:
                    dropped += 1
                    continue
                given.append((program, test, row["entry_point"]))
                wanted.append(passes)
        print(f"{len(given)} mutants, of which {sum(wanted)} pass; {dropped} left out")
        self.assertGreaterEqual(len(given), 500)
        self.assertLess(dropped, len(given) / 10)
        self.assertGreaterEqual(sum(wanted), 20)  # both directions are tried
        self.assertGreaterEqual(len(wanted) - sum(wanted), 200)
        for (program, _, _), passes, verdict in zip(given, wanted, self.verdicts(given), strict=True):
            with self.subTest(program=program):
                self.assertEqual(verdict["reward"], 1 if passes else 0, verdict)


if __name__ == "__main__":
    unittest.main()
