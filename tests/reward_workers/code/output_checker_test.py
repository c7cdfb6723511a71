"""How a row's own checker speaks (output_checker.py), without a sandbox: these checkers are trusted."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "reward_workers/code/python/output_checker.py"


def run(checker, actual="2"):
    """The exit code and the verdict."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("checker.py", checker), ("input.txt", "1"), ("expected.txt", "2"), ("actual.txt", actual)):
            (pathlib.Path(folder) / name).write_text(text)
        done = subprocess.run([sys.executable, "-I", "-S", SCRIPT, "checker.py", "input.txt", "expected.txt", "actual.txt"], cwd=folder,
                              capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, json.loads(done.stderr) if done.stderr else None


class OutputChecker(unittest.TestCase):
    def assert_verdict(self, checker, wanted):
        code, printed, verdict = run(checker)
        self.assertEqual((code, printed), (0, ""))
        self.assertEqual({key: value for key, value in verdict.items() if key == "accepted"}, wanted, verdict)

    def test_is_read_by_its_exit_code(self):
        for text in ("", "exit(0)", "import sys; sys.exit()", "import sys; sys.exit(False)", "print('ok, 12 numbers')", "print(1)", "print('1.0')"):
            self.assert_verdict(text, {"accepted": True})
        for text in ("exit(1)", "exit(2)", "exit('wrong')", "print(1); quit(1)", "exit(True)"):
            self.assert_verdict(text, {"accepted": False})
        for text in ("exit(3)", "exit(-1)", "raise KeyError(1)", "assert False", "f(", "raise KeyboardInterrupt", "import sys; sys.exit(1.5) if 0 else 1 / 0"):
            self.assert_verdict(text, {})

    def test_is_read_by_the_number_that_it_prints_last(self):
        for text in ("print(0)", "print(0.5)", "print(1); print(0.99)", "print(0, end='')", "print('0\\n\\n')"):
            self.assert_verdict(text, {"accepted": False})
        for text in ("print(0); print(1)", "print(100)", "print('nan')", "print('x' * 100000)"):
            self.assert_verdict(text, {"accepted": True})

    def test_gets_input_expected_and_actual_in_this_order(self):
        self.assert_verdict("import sys; print([open(path).read() for path in sys.argv[1:]]); exit(len(sys.argv) != 4)", {"accepted": True})
        self.assertEqual(run("import sys; print([open(path).read() for path in sys.argv[1:]])", "3")[2]["detail"], "['1', '2', '3']")

    def test_says_one_thing_only(self):
        code, _, verdict = run("import sys, atexit; sys.stderr.write('{}'); atexit.register(print, 0); exit(1)")
        self.assertEqual((code, verdict["accepted"]), (0, False))
        self.assertEqual(run("import os; os._exit(0)"), (0, "", None))


if __name__ == "__main__":
    unittest.main()
