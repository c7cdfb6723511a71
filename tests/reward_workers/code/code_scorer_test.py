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


# Any two numbers whose sum is the input's.
CHECKER = """
import sys
given, expected, actual = (open(path).read() for path in sys.argv[1:])
a, b = map(int, actual.split())
if actual.startswith("777 "):
    while True: pass
if actual.startswith("888 "):
    x = [bytearray(1 << 20) for _ in iter(int, 1)]
sys.exit(0 if a + b == int(given) else 1)
"""


class Checkers(unittest.TestCase):
    setUpClass = Labelled.setUpClass

    def judge(self, program, checker=CHECKER, expected=("1 4", "0 7"), *settings):
        tests = [{"stdin": "5\n", "stdout": expected[0]}, {"stdin": "7\n", "stdout": expected[1]}]
        verdict, = score([{"completion": f"```python\n{program}\n```", "tests": tests, "checker": checker}], "sandbox=any", "cpu_seconds=1",
                         "timeout_seconds=6", *settings)
        return verdict["outcome"], verdict["reward"], verdict["reason"]

    def test_takes_any_right_answer_and_no_wrong_one(self):
        self.assertEqual(self.judge("n = int(input())\nprint(n - 2, 2)")[:2], ("graded", 1))
        self.assertEqual(self.judge("n = int(input())\nprint(n, 2)")[:2], ("graded", 0))
        self.assertEqual(self.judge("print(4, 1)")[:2], ("graded", 0))
        self.assertEqual(self.judge("print(4, 1)", CHECKER, ("1 4", "0 7"), "credit=fraction")[:2], ("graded", 0.5))

    def test_an_answer_that_breaks_it_is_wrong(self):
        for program in ("print('nonsense')", "pass", "import os\nos.write(1, b'\\xff\\x00')", "print('1' * 5000, 2)", "print(777, 2)", "print(888, 2)"):
            with self.subTest(program=program):
                outcome, reward, reason = self.judge(program)
                self.assertEqual((outcome, reward), ("graded", 0), reason)
                self.assertIn("it broke the checker", reason)

    def test_one_that_does_not_take_the_expected_output_masks_whatever_the_answer(self):
        right, wrong = "n = int(input())\nprint(n - 2, 2)", "print(1)"
        for checker in ("raise ValueError('no')", "import sys\nsys.exit(1)", "def f(:", "while True: pass", "print(0)", "import os\nos._exit(0)"):
            for program in (right, wrong):
                with self.subTest(checker=checker, program=program):
                    self.assertEqual(self.judge(program, checker)[:2], ("gold_invalid", None))
        self.assertEqual(self.judge(right, CHECKER, ("1 4", "1 4"))[:2], ("gold_invalid", None))

    def test_it_does_not_meet_the_program_or_what_it_left(self):
        spy = "import os, sys\nsys.exit(0 if sorted(os.listdir()) == ['actual.txt', 'checker.py', 'expected.txt', 'input.txt', 'printed.txt'] else 1)"
        left = "import os\nopen('/tmp/left', 'w').write('x')\nopen('checker.py', 'w').write('pass')\nif os.fork() == 0: import time; time.sleep(60)\nprint(1)"
        self.assertEqual(self.judge("print(1)", spy)[:2], ("graded", 1))
        self.assertEqual(self.judge(left, spy + "\nassert not os.path.exists('/tmp/left')")[:2], ("graded", 1))


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
