"""`cohort score code` on tasks whose verdicts are known: idle, and on a busy machine."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from labelled_tasks import rows

TOOL = pathlib.Path(os.environ.get("COHORT_BIN", "build/bin")) / "cohort-scorer"


def score(given, *settings):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in given))
        done = subprocess.run([TOOL, "score", "code", "--in", path, *(word for s in settings for word in ("--set", s))],
                              capture_output=True, text=True)
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    if len(verdicts) != len(given):
        raise AssertionError(done.stderr)
    return verdicts


def sandbox_missing():
    check = subprocess.run([TOOL.with_name("cohort-sandbox"), "run", "--", "/bin/true"], capture_output=True, text=True)
    return "" if check.returncode == 0 else check.stderr


class Labelled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if (why := sandbox_missing()):
            raise unittest.SkipTest(f"there is no sandbox here: {why}")

    def check(self):
        for language in ("python", "cpp"):
            given = [(row, label[1:]) for row, label in rows() if label[0] == language]
            verdicts = score([row for row, _ in given], f"program={language}", "cpu_seconds=1", "timeout_seconds=6", "memory_mb=256",
                             "sandbox=any", "processes=2")
            for (row, (outcome, reward)), verdict in zip(given, verdicts, strict=True):
                with self.subTest(language=language, completion=row["completion"][20:120]):
                    self.assertEqual((verdict["outcome"], verdict["reward"]), (outcome, reward), verdict["reason"])

    def test_every_verdict_is_as_labelled(self):
        self.assertGreaterEqual(len(set(json.dumps({key: value for key, value in row.items() if key != "completion"}) for row, _ in rows())), 40)
        self.check()

    def test_a_load_of_eight_changes_none(self):
        load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
        try:
            self.check()
        finally:
            for process in load:
                process.kill()
                process.wait()


class Credit(unittest.TestCase):
    setUpClass = Labelled.setUpClass

    def test_goes_by_weight_and_by_subtask(self):
        tests = [{"stdin": "1", "stdout": "1", "weight": 1, "subtask": "small"}, {"stdin": "2", "stdout": "2", "weight": 1, "subtask": "small"},
                 {"stdin": "3", "stdout": "30", "weight": 2, "subtask": "large"}]
        row = {"completion": "```python\nprint(input())\n```", "tests": tests}
        self.assertEqual(score([row], "sandbox=any")[0]["reward"], 0)
        self.assertEqual(score([row], "credit=fraction", "sandbox=any")[0]["reward"], 0.5)
        self.assertEqual(score([row], "credit=subtasks", "sandbox=any")[0]["reward"], 0.5)

    def test_a_broken_task_is_masked(self):
        program = "```python\ndef f(a): return a\n```"
        for columns in ({}, {"tests": []}, {"test_list": ["assert f(1"]}, {"test_list": []}, {"test": "def check(c): pass", "entry_point": 3}):
            verdict = score([{"completion": program, **columns}], "sandbox=any")[0]
            self.assertEqual((verdict["outcome"], verdict["reward"]), ("gold_invalid", None), verdict)


if __name__ == "__main__":
    unittest.main()
