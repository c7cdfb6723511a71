"""One run of a project's named test files in a folder, as a grader would do it."""
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FINISHED = (0, 1, 2)  # pytest: all passed, some failed, collection failed


@dataclasses.dataclass(frozen=True)
class Run:
    outcomes: dict  # of node ids: passed, failed, skipped, xfailed
    messages: dict  # of what failed, modules too: how
    why_none: str = ""  # the run did not end by itself, or not in order

    def passed(self):
        return {test for test, outcome in self.outcomes.items() if outcome == "passed"}


@dataclasses.dataclass(frozen=True)
class Limits:
    cpu_seconds: int
    wall_seconds: int
    memory_mb: int


def command(python, tree, test_files):
    # -S: what happens to be installed for this interpreter is not there for the tests.
    # --tb=no: printing 231 tracebacks took 6 s of 7.
    return [python, "-P", "-S", "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "report_plugin", "-c", "/dev/null",
            "--rootdir", str(tree), *test_files]


def environment(site, tree, report, limits, hash_seed):
    return {
        "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": str(hash_seed),
        "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": f"{site}:{tree}:{HERE}",
        "SWE_REPORT": str(report), "SWE_LIMITS": f"{limits.cpu_seconds} {limits.memory_mb}",
    }


def plain(message, tree):
    """Without what differs from run to run: places in memory, whole or cut by an ellipsis, and in the file system."""
    message = re.sub(r"\.\.\.[0-9a-fx]{2,}>", "...>", message.replace(f"{tree}/", ""))
    return re.sub(r"0x[0-9a-f]{6,}", "0x...", message)


def run_tests(python, site, tree, test_files, limits, hash_seed=0):
    tree = pathlib.Path(tree).resolve()
    with tempfile.TemporaryDirectory(prefix="swe-run-") as folder:
        report = pathlib.Path(folder) / "report.json"
        process = subprocess.Popen(
            command(python, tree, test_files), cwd=tree, env=environment(pathlib.Path(site).resolve(), tree, report, limits, hash_seed),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            status = process.wait(limits.wall_seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)  # what it left behind, too
            except ProcessLookupError:
                pass
            process.wait()
        if status is None or status == -signal.SIGXCPU or status == -signal.SIGKILL:
            return Run({}, {}, "hangs")
        if status not in FINISHED or not report.exists():
            return Run({}, {}, f"pytest ended with {status}")
        found = json.loads(report.read_text(encoding="utf-8"))
    return Run(found["outcomes"], {test: plain(message, tree) for test, message in found["messages"].items()})
