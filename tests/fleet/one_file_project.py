"""A project of one Python file with a mistake in it, its tests, and the task to put it right: what tests of kind swe share."""
import shutil

FILE = "### f.py\n```python\n", "\n```"  # an answer: the file's new text between these
PATCH = "--- a/f.py\n+++ b/f.py\n@@ -1 +1 @@\n-f=lambda x:x\n+f=lambda x:x+1\n"
TEST = """import time
import unittest

import f


class Next(unittest.TestCase):
    def test_next(self):
        self.assertEqual([f.f(3), f.f(-1)], [4, 0])

    def test_is_a_number(self):
        self.assertIsInstance(f.f(3), int)

    def test_takes_its_time(self):
        while time.process_time() < {cpu_seconds}:
            pass
"""
ENVIRONMENT = """tree = "tree"
format = "unittest"
test_files = ["test_f.py"]
command = ["/usr/bin/python3", "-m", "unittest", "-v", "{tests}"]
"""


def make_environment(folder, cpu_seconds=0):
    """The environment `project` below the folder; a run of its tests takes so much processor time, and what Python's start takes."""
    tree = folder / "project/tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    (tree / "f.py").write_text("f=lambda x:x\n")
    (tree / "test_f.py").write_text(TEST.format(cpu_seconds=cpu_seconds))
    (tree.parent / "environment.toml").write_text(ENVIRONMENT)


def instance(prompt, answer=""):
    """A row of a prompt that asks for it; kind swe does not look at the answer."""
    return {"prompt": prompt, "answer": answer, "instance_id": prompt, "environment": "project", "patch": PATCH,
            "FAIL_TO_PASS": ["test_next (test_f.Next.test_next)"],
            "PASS_TO_PASS": ["test_is_a_number (test_f.Next.test_is_a_number)",
                             "test_takes_its_time (test_f.Next.test_takes_its_time)"]}
