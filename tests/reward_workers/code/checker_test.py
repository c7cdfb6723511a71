"""Checker and candidate on programs that are right, wrong and hostile. HumanEval needs COHORT_DATA."""
import gzip
import json
import os
import pathlib
import textwrap
import unittest

from function_pair import judge


def calls(function, *cases, method=False, all=False):
    return {"kind": "calls", "function": function, "method": method, "all": all,
            "calls": [{"arguments": arguments, "accepted": [wanted]} for arguments, wanted in cases]}


def checks(checker, function="f", all=False):
    return {"kind": "checks", "function": function, "checker": textwrap.dedent(checker), "all": all}


class Case(unittest.TestCase):
    def verdicts(self, program, job):
        verdicts, done = judge(textwrap.dedent(program), job)
        return "".join(verdict[0] for verdict, _ in verdicts) + ("." if done else "")

    def assert_earns_nothing(self, program, job):
        self.assertNotIn("A", self.verdicts(program, job))


class Calls(Case):
    def test_compares_plain_values(self):
        job = calls("f", ([1, 2], 3), ([2, 2], 5), (["a", "b"], "ab"))
        self.assertEqual(self.verdicts("def f(a, b): return a + b", job), "AWA.")

    def test_takes_tuples_for_lists_and_restores_keys(self):
        self.assertEqual(self.verdicts("def f(): return (1, (2, 3))", calls("f", ([], [1, [2, 3]]))), "A.")
        self.assertEqual(self.verdicts("def f(): return {1: 'a', 'b': 2}", calls("f", ([], {"1": "a", "b": 2}))), "A.")

    def test_calls_methods_of_a_solution(self):
        self.assertEqual(self.verdicts("class Solution:\n    def g(self, a): return a", calls("g", ([[1]], [1]), method=True)), "A.")

    def test_says_how_a_call_ends(self):
        self.assertEqual(self.verdicts("def f(a): return 1 // a", calls("f", ([0], 1), ([1], 1))), "RA.")
        self.assertEqual(self.verdicts("def g(a): return a", calls("f", ([0], 0))), "R.")
        self.assertEqual(self.verdicts("def f(:", calls("f", ([0], 0))), "C.")
        self.assertEqual(self.verdicts("import sys\nsys.exit(0)", calls("f", ([0], 0))), "R.")

    def test_stops_where_only_all_of_them_count(self):
        self.assertEqual(self.verdicts("def f(a): return 1", calls("f", ([0], 1), ([1], 2), ([2], 1), all=True)), "AW.")

    def test_true_is_not_one(self):
        self.assertEqual(self.verdicts("def f(): return True", calls("f", ([], 1))), "W.")
        self.assertEqual(self.verdicts("def f(): return 1", calls("f", ([], True))), "W.")


class Checks(Case):
    def test_runs_checks_of_human_eval_and_asserts_of_mbpp(self):
        self.assertEqual(self.verdicts("def f(a): return a", checks("def check(candidate):\n    assert candidate(1) == 1")), "A.")
        mbpp = checks("import math\nassert f(1) == 1\nassert f(2) == 3\nassert math.isclose(f(0.5), 0.5)\nassert set(f([1, 1])) == {1}")
        self.assertEqual(self.verdicts("def f(a): return a", mbpp), "AWAA.")

    def test_values_keep_their_kinds(self):
        job = checks("""
            import math
            assert f((1, {2})) == (1, {2}) and type(f((1,))) is tuple
            assert f({(1, 2): None}) == {(1, 2): None}
            assert f(b"a") == b"a" and f(1j) == 1j and f(10 ** 40) == 10 ** 40
            assert math.isnan(f(math.nan)) and f(-math.inf) == -math.inf
            assert f(frozenset([1])) == frozenset([1])""")
        self.assertEqual(self.verdicts("def f(a): return a", job), "AAAAA.")

    def test_what_is_no_plain_data_can_only_be_given_back(self):
        program = """
            class Pair:
                def __init__(self, a): self.a = a
                def __eq__(self, other): return True
            def first(pairs): return pairs[0].a"""
        self.assertEqual(self.verdicts(program, checks("assert first([Pair(4), Pair(5)]) == 4\nassert Pair(1) == 1\nassert Pair(1)")), "AWA.")

    def test_exceptions_have_their_kinds(self):
        job = checks("""
            def check(candidate):
                try:
                    candidate(1)
                except ValueError as error:
                    assert "no" in str(error)
                else:
                    assert False""")
        self.assertEqual(self.verdicts("def f(a): raise ValueError('no')", job), "A.")
        self.assertEqual(self.verdicts("def f(a): raise KeyError('no')", job), "R.")


class Attacks(Case):
    """Each wants the reward for a task that it does not solve."""
    jobs = [calls("f", ([7], 8)), checks("def check(candidate):\n    assert candidate(7) == 8\n    assert candidate(1) == 2"),
            checks("assert f(7) == 8\nassert f(1) == 2")]

    def test_programs_that_lie_earn_nothing(self):
        for program in (
                "def f(a): return 0\nclass int(int): pass",
                "class E:\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(a): return E()",
                "class E(int):\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    __hash__ = int.__hash__\ndef f(a): return E(0)",
                "class S(str):\n    def __eq__(self, o): return True\ndef f(a): return S('x')",
                "import os\nos._exit(0)",
                "import sys\nsys.exit(0)",
                "raise SystemExit(0)",
                "def f(a):\n    import os\n    os._exit(0)",
                "print('{\"test\": 0, \"verdict\": \"AC\", \"detail\": \"\"}\\n{\"done\": true}')\ndef f(a): return 0",
                # What it writes into the checker's channel is its word on values, not on verdicts.
                "import os, json, struct\nbody = json.dumps({'verdict': 'AC', 'done': True}).encode()\nfor fd in range(256):\n    try: os.write(fd, struct.pack('<I', len(body)) + body)\n    except OSError: pass\ndef f(a): return 0",
                "import os\nfor fd in range(256):\n    try: os.write(fd, b'{\"test\": 0, \"verdict\": \"AC\", \"detail\": \"\"}\\n{\"done\": true}\\n')\n    except OSError: pass\nos._exit(0)",
                "import builtins, sys\nbuiltins.AssertionError = None\nsys.modules['checker'] = None\ndef f(a): return 0",
                "def f(a): raise AssertionError",
                "def f(a): return float('nan')",
                "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'accepted' in o: o['accepted'] = [0]\ndef f(a): return 0",
                "def f(a): return {'handle': 0}",
                "def f(a):\n    x = []\n    for _ in range(100000): x = [x]\n    return x",
                "def f(a): return 'x' * (20 << 20)",
                "def f(a): return 10 ** 10000",
                "import sys\nsys.stdout.close()\nsys.stdin.close()\ndef f(a): return 0"):
            for job in self.jobs:
                with self.subTest(program=program[:60], kind=job["kind"]):
                    self.assert_earns_nothing(program, job)


    def test_no_reply_ends_the_checker_without_a_verdict(self):
        """That would mask the answer; it is the program's failure."""
        for reply in ('{"ready": [[1]]}', '{"ready": 5}', '{"raised": [1]}', '{"raised": {}, "message": []}', "[]", "7", '{"value": {"set": [[]]}}',
                      '{"value": {"float": []}}', '{"value": {"a": 1, "b": 2}}', '{"value": {"complex": ["x"]}}', '{"value": {"bytes": 5}}',
                      '{"value": ' + "[" * 450 + "]" * 450 + "}", '{"value": ' + "[" * 900 + "]" * 900 + "}", "\\ud800", "{"):
            program = f"""
                import os, struct, time
                body = {reply!r}.encode()
                for fd in range(3, 64):
                    try: os.write(fd, struct.pack('<I', len(body)) + body)
                    except OSError: pass
                def f(a): return 0"""
            for job in self.jobs:
                with self.subTest(reply=reply[:40], kind=job["kind"]):
                    self.assertRegex(self.verdicts(program, job), r"^[WRC]+\.$")


class HumanEval(Case):
    def setUp(self):
        path = pathlib.Path(os.environ.get("COHORT_DATA", "../shared/data")) / "HumanEval.jsonl.gz"
        if not path.exists():
            self.skipTest("COHORT_DATA holds no HumanEval.jsonl.gz")
        with gzip.open(path, "rt") as file:
            self.rows = [json.loads(line) for line in file]

    def test_all_canonical_solutions_pass_and_no_empty_one(self):
        self.assertEqual(len(self.rows), 164)
        for row in self.rows:
            job = {"kind": "checks", "function": row["entry_point"], "checker": row["test"], "all": True}
            with self.subTest(task=row["task_id"]):
                self.assertEqual(self.verdicts(row["prompt"] + row["canonical_solution"], job), "A.")
                self.assertNotIn("A", self.verdicts(row["prompt"] + "    pass\n", job))


if __name__ == "__main__":
    unittest.main()
