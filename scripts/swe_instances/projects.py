"""The projects that are mutated, and what a grader has to know about each."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Project:
    name: str
    version: str
    repo: str  # as on the forge, for SWE-bench's field
    sources: tuple  # the files that are mutated
    allowed: tuple  # globs of what a patch may change; * does not cross /
    test_files: tuple
    spared: frozenset = frozenset()  # functions that no graded test reaches
    timeout_seconds: int = 60
    cpu_seconds: int = 30
    memory_mb: int = 512

    @property
    def environment(self):
        return f"{self.name}-{self.version}"


def tests(folder, names):
    return tuple(f"{folder}/test_{name}.py" for name in names.split())


PROJECTS = {project.name: project for project in (
    Project(
        name="toolz", version="1.2.0", repo="pytoolz/toolz",
        sources=("toolz/dicttoolz.py", "toolz/functoolz.py", "toolz/itertoolz.py", "toolz/recipes.py", "toolz/_signatures.py",
                 "toolz/curried/exceptions.py", "toolz/sandbox/core.py", "tlz/_build_tlz.py"),
        allowed=("toolz/*.py", "toolz/curried/*.py", "toolz/sandbox/*.py", "tlz/*.py"),
        # Not sandbox/tests/test_parallel.py, which starts a pool of processes; test_package.py needs an installed toolz.
        test_files=tests("toolz/tests", "curried curried_doctests dicttoolz functoolz inspect_args itertoolz recipes "
                                        "serialization signatures tlz utils") + tests("toolz/sandbox/tests", "core")),
    Project(
        name="tabulate", version="0.10.0", repo="astanin/python-tabulate",
        sources=("tabulate/__init__.py",),
        allowed=("tabulate/*.py",),
        # Not test_cli.py, which starts a process for each test.
        test_files=tests("test", "api input internal output regression textwrapper"),
        spared=frozenset({"_main", "_pprint_file"})),
)}
