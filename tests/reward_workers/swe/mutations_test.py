#!/usr/bin/env python3
"""The mutants of make_swe_instances.py, on a small module; no project is needed."""
import ast
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts"))
from swe_instances import mutations, projects, statement  # noqa: E402

MODULE = '''\
"""Is 1 < 2 and not 3?"""
LIMIT = 10


def clamp(value, low=0, high=LIMIT):
    """Not more than 9 - 1."""
    if not isinstance(value, int) or low  >=  high:  # ä < ö
        return None
    return max(low, min(value, high)) + len("äöü") - 1


class Table:
    def rows(self, cells):
        for row, cell in enumerate(cells):
            self.seen[row] = f"{row + 1} of {cell}"
            if cell in self.ends: break


def main():
    return clamp(1, 2)
'''.encode()


def mutated(operator=None):
    found = list(mutations.mutants_of("module.py", MODULE, {"main"}))
    return [mutant for mutant in found if operator in (None, mutant.operator)]


class MutationsTest(unittest.TestCase):
    def test_a_mutant_differs_in_one_line_and_keeps_the_rest_to_the_byte(self):
        self.assertGreater(len(mutated()), 15)
        lines = MODULE.splitlines()
        for mutant in mutated():
            changed = mutant.applied_to(MODULE).splitlines()
            self.assertEqual(len(changed), len(lines))
            self.assertEqual([index for index, (a, b) in enumerate(zip(lines, changed), 1) if a != b], [mutant.line])

    def test_every_mutant_is_python_of_another_meaning(self):
        meanings = {mutations.meaning_of(mutant.applied_to(MODULE)) for mutant in mutated()}
        self.assertNotIn(None, meanings)
        self.assertNotIn(mutations.meaning_of(MODULE), meanings)

    def test_texts_constants_of_the_module_and_spared_functions_stay(self):
        first_function = MODULE.decode().count("\n", 0, MODULE.decode().index("def clamp")) + 1
        main = MODULE.decode().count("\n", 0, MODULE.decode().index("def main")) + 1
        for mutant in mutated():
            self.assertTrue(first_function <= mutant.line < main, mutant)
            docstring = ast.get_docstring(ast.parse(mutant.applied_to(MODULE)).body[2])
            self.assertEqual(docstring, "Not more than 9 - 1.")
            self.assertIn('f"{row + 1} of {cell}"'.encode() if mutant.operator != "removed statement" else b"pass", mutant.applied_to(MODULE))

    def test_operators_are_found_behind_letters_of_two_bytes_and_blanks(self):
        def texts(operator):
            return {mutant.applied_to(MODULE).decode().splitlines()[mutant.line - 1].strip() for mutant in mutated(operator)}

        self.assertIn("if not isinstance(value, int) or low  >  high:  # ä < ö", texts("comparison"))
        self.assertIn('return max(low, min(value, high)) - len("äöü") - 1', texts("arithmetic"))
        self.assertIn('return max(low, min(value, high)) + len("äöü") + 1', texts("arithmetic"))
        self.assertIn("if cell in self.ends: continue", texts("loop"))
        self.assertIn('return max(low, min(high, value)) + len("äöü") - 1', texts("swapped arguments"))

    def test_the_order_hangs_on_the_seed_only_and_loses_none(self):
        one, again, other = (mutations.in_seeded_order(mutated(), seed) for seed in ("1", "1", "2"))
        self.assertEqual(one, again)
        self.assertNotEqual(one, other)
        self.assertCountEqual(one, mutated())


class StatementTest(unittest.TestCase):
    def test_a_message_that_hangs_on_the_order_of_a_set_is_left_out(self):
        text = "assert {(1, None), (2, 2)} == {(2, 2)}"
        self.assertEqual(statement.agreed_message(text, text), "AssertionError")
        self.assertEqual(statement.agreed_message("KeyError: 1", "KeyError: 2"), "KeyError")
        self.assertEqual(statement.agreed_message("assert {1: 2, 3: 4} == {}", "assert {1: 2, 3: 4} == {}"), "assert {1: 2, 3: 4} == {}")

    def test_a_prompt_keeps_its_limit_and_shows_the_line(self):
        body = "".join(f"    value = {number}  # {'x' * 80}\n" for number in range(1000))
        text = f"def long():\n{body}".encode()
        mutant = mutations.Mutant("toolz/long.py", "off by one", 500, (1, 1001), 0, 0, b"")
        prompt = statement.prompt(projects.PROJECTS["toolz"], "A test fails.\n", mutant, text)
        self.assertLessEqual(len(prompt.encode()), statement.MAX_PROMPT)
        self.assertGreater(len(prompt.encode()), statement.MAX_PROMPT // 2)
        self.assertIn("value = 498 ", prompt)
        first, last = map(int, re.search(r"Lines (\d+) to (\d+)", prompt).groups())
        self.assertTrue(first < 500 < last)


if __name__ == "__main__":
    unittest.main()
