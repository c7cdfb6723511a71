"""Follows docs/scorers.md to the letter: what stands behind a line `<!-- follow: TIER … -->`, each tier in a folder of its own.

    <!-- follow: python -->                   the block's commands are run
    <!-- follow: python edit FILE -->         the block's line takes the place of FILE's marked one
    <!-- follow: python file FILE -->         the block becomes FILE
    <!-- follow: python shows -->             the block's lines stand in what the last commands printed

A tier whose kind this build does not know is skipped, and said so. For the model of the page's judge one stands in that gives the mark 8.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("COHORT_BIN", SOURCE / "build/bin")).resolve()
PAGE = SOURCE / "docs/scorers.md"
STEP = re.compile(r"<!-- follow: (\w+) ?(\w*) ?(\S*) -->\n```\w*\n(.*?)```", re.DOTALL)
MARK = "<- edit this line"
PATIENCE = 120  # seconds for the commands of one block


def steps(tier):
    return [found[1:] for found in STEP.findall(PAGE.read_text()) if found[0] == tier]


class Reader:
    """Somebody who follows a tier's section in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.groups = []
        self.printed = ""

    def run(self, commands):
        environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "COHORT_BIN": str(BIN)}
        with tempfile.TemporaryFile("w+") as output:  # no pipe: servers in the background would hold it
            shell = subprocess.Popen(["sh", "-e", "-c", commands], cwd=self.folder, env=environment, stdout=output,
                                     stderr=subprocess.STDOUT, start_new_session=True)
            self.groups.append(shell.pid)
            code = shell.wait(PATIENCE)
            output.seek(0)
            self.printed = output.read()
        if code != 0:
            raise AssertionError(f"exit code {code} of\n{commands}\nwhich printed\n{self.printed}")

    def edit(self, name, line):
        path = self.folder / name
        lines = path.read_text().splitlines(keepends=True)
        marked = [number for number, text in enumerate(lines) if MARK in text]
        if len(marked) != 1 or line.count("\n") != 1:
            raise AssertionError(f"{name} has {len(marked)} marked lines, the page {line.count(chr(10))} for one")
        lines[marked[0]] = line
        path.write_text("".join(lines))

    def expect(self, lines):
        for line in lines.splitlines():
            if line not in self.printed:
                raise AssertionError(f"the page shows\n{line}\nbut there came\n{self.printed}")

    def end(self):
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass


class ScorersPage(unittest.TestCase):
    def follow(self, tier, edits=1):
        reference = subprocess.run([BIN / "cohort", "config", "--reference"], capture_output=True, text=True, check=True).stdout
        if f'"{tier}"' not in reference:
            self.skipTest(f"kind {tier} is not in `cohort config --reference` of this build")
        found = steps(tier)
        self.assertGreater(len([step for step in found if step[0] == ""]), 2, "the page's marks are gone")
        self.assertEqual(len([step for step in found if step[0] == "edit"]), edits)
        with tempfile.TemporaryDirectory() as folder:
            reader = Reader(folder)
            try:
                for how, name, text in found:
                    if how == "":
                        reader.run(text)
                    elif how == "edit":
                        reader.edit(name, text)
                    elif how == "file":
                        (reader.folder / name).write_text(text)
                    elif how == "shows":
                        reader.expect(text)
                    else:
                        self.fail(f"unknown mark {how}")
            finally:
                reader.end()

    def test_python_as_the_page_says(self):
        self.follow("python")

    def test_c_as_the_page_says(self):
        self.follow("library")

    def test_a_service_as_the_page_says(self):
        self.follow("http")

    def test_a_judge_as_the_page_says(self):
        port = re.search(r"vllm serve .* --port (\d+)", PAGE.read_text())[1]
        script = SOURCE / "tests/reward_workers/judge/judge_service.py"
        with subprocess.Popen([sys.executable, script, "--port", port, "--mark", "8"], stdout=subprocess.PIPE) as judge:
            try:
                judge.stdout.readline()
                self.follow("judge", edits=0)
            finally:
                judge.kill()


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
