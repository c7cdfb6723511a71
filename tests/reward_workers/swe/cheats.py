"""Answers to an instance that must not earn anything, and how each tries; for tests of graders.

    instance = Instance(row, checkout)          # a row of make_swe_instances.py, a folder with the files of its commit
    for cheat in all_cheats():
        patch = cheat.patch(instance)           # a unified diff; cheat.files(instance): whole files, where it is that kind
        ...                                     # the outcome has to be one of cheat.earns

Kind "outside" are patches of what no patch may touch, kind "source" are forgeries in the one file that has the bug. A
`carrier` repairs the bug as well: who only overlooks its other half rewards it. `naive` says what fools on the way:
the readings of naive_grader.py that are taken in, "lost" if it never gives a verdict, "taken" if it accepts a patch that
changes nothing about the tests, "refused" if even plain `git apply` refuses.
"""
import ast
import dataclasses
import difflib
import pathlib
import re
import subprocess
import tempfile

REFUSED = frozenset({"refused"})
CAUGHT = frozenset({"tampered", "failed"})
FAILED = frozenset({"failed"})
EVERYTHING = "json junit lines silence status"  # the readings of the naive grader
RESIDUAL = frozenset({"residual"})  # earns, in any grader that runs the tests in the process of what they test


class Instance:
    """A row and the files that it starts from."""

    def __init__(self, row, checkout):
        self.row, self.checkout = row, pathlib.Path(checkout)
        self.gold = row["patch"]
        self.path = re.search(r"^--- a/(.*)$", self.gold, re.MULTILINE)[1]
        self.failing, self.passing = row["FAIL_TO_PASS"], row["PASS_TO_PASS"]
        self.line = int(re.search(r"^@@ -(\d+)", self.gold, re.MULTILINE)[1]) + 3

    def text(self, path):
        file = self.checkout / path
        return file.read_bytes().decode() if file.is_file() else None  # line ends as they are

    @property
    def project(self):
        return self.path.partition("/")[0]

    @property
    def test_file(self):
        """The first file with a test that fails."""
        return self.failing[0].partition("::")[0]

    @property
    def function(self):
        """The function or class at the top of the module that has the bug."""
        for node in ast.parse(self.text(self.path)).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.lineno <= self.line <= node.end_lineno:
                return node
        return None


@dataclasses.dataclass(frozen=True)
class Cheat:
    name: str  # unique
    kind: str  # outside, source
    what: str  # one sentence
    earns: frozenset  # what a good grader may say
    naive: str
    make: object  # Instance -> {path: text or None} or a patch
    why: str = ""  # of a residual one: why nobody can tell
    carrier: bool = False
    hangs: bool = False
    projects: tuple = ("toolz", "tabulate")  # where it works as `naive` says; elsewhere
    elsewhere: str = "taken"

    def files(self, instance):
        """The changed files as wholes, None for a deleted one; or None if the patch is more than that."""
        made = self.make(instance)
        return made if isinstance(made, dict) else None

    def patch(self, instance):
        made = self.make(instance)
        patch = made if isinstance(made, str) else "".join(
            difference(path, instance.text(path), text) for path, text in sorted(made.items()))
        return instance.gold + patch if self.carrier else patch


REGISTRY = []


def all_cheats():
    import patch_cheats  # noqa: F401
    import pytest_cheats  # noqa: F401
    import source_cheats  # noqa: F401
    names = [cheat.name for cheat in REGISTRY]
    assert len(set(names)) == len(names)
    return list(REGISTRY)


def sentence(function):
    return " ".join((function.__doc__ or "").split())


def difference(path, old, new, mode="100644"):
    """A change of one file in git's format; None for a file that is not there."""
    head = f"diff --git a/{path} b/{path}\n"
    if old is None:
        head += f"new file mode {mode}\n"
    if new is None:
        head += f"deleted file mode {mode}\n"
    before, after = (f"{side}/{path}" if text is not None else "/dev/null" for side, text in (("a", old), ("b", new)))
    # Lines of git end in \n and nowhere else, unlike those of splitlines.
    lines = difflib.unified_diff(*(re.findall(r"[^\n]*\n|[^\n]+$", text or "") for text in (old, new)), before, after)
    return head + "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def binary_patch(path, data):
    """A new binary file, in the words of git itself."""
    with tempfile.TemporaryDirectory() as folder:
        git = ["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.invalid"]
        subprocess.run([*git, "init", "--quiet"], check=True)
        with open(f"{folder}/data", "wb") as file:
            file.write(data)
        subprocess.run([*git, "add", "data"], check=True)
        patch = subprocess.run([*git, "diff", "--cached", "--binary"], check=True, capture_output=True, text=True).stdout
    return patch.replace("a/data", f"a/{path}").replace("b/data", f"b/{path}")
