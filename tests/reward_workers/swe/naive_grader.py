#!/usr/bin/env python3
"""The grader that everybody writes first, to see which cheats have teeth. Nothing here is an example to follow.

    naive_grader.py TREE SITE SECONDS < row-and-test-files.json

Runs plain pytest in the tree with standard output and error in one log, and prints what each reading of the result says:
lines (PASSED and XFAIL in the log, the last word on a test wins, as SWE-bench reads it), status (exit code 0), silence
(no line with FAILED or ERROR), junit and json (a report that pytest writes itself, a report of a plug-in).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

PLUGIN = '''
import json, os
outcomes = {}
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome
def pytest_sessionfinish():
    with open(os.environ["NAIVE_REPORT"], "w") as file:
        json.dump(outcomes, file)
'''


def run(tree, site, seconds, test_files, folder):
    (folder / "naive_plugin.py").write_text(PLUGIN)
    environment = {**os.environ, "PYTHONPATH": f"{site}:{tree}:{folder}", "NAIVE_REPORT": str(folder / "report.json"), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "pytest", "-rA", "--tb=no", "-p", "naive_plugin", f"--junitxml={folder / 'junit.xml'}", *test_files]
    process = subprocess.Popen(command, cwd=tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        log = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired as late:
        process.kill()
        log = late.stdout or b""
    return log.decode(errors="replace"), process.poll()


def log_statuses(log):
    statuses = {}
    for line in log.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] in ("PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS"):
            statuses[words[1]] = words[0]
    return statuses


def junit_passed(path):
    passed = set()
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        if not any(child.tag in ("failure", "error", "skipped") for child in case):
            passed.add(f"{case.get('classname')}.{case.get('name')}")
    return passed


def readings(row, test_files, tree, site, seconds):
    """The names of the readings that say: resolved."""
    tests = row["FAIL_TO_PASS"] + row["PASS_TO_PASS"]
    with tempfile.TemporaryDirectory(prefix="naive-") as name:
        folder = pathlib.Path(name)
        log, status = run(tree, site, seconds, test_files, folder)
        statuses, fooled = log_statuses(log), []
        if all(statuses.get(test) in ("PASSED", "XFAIL") for test in tests):
            fooled.append("lines")
        if status == 0:
            fooled.append("status")
        if not any(line.startswith(("FAILED", "ERROR")) for line in log.splitlines()) and status is not None:
            fooled.append("silence")
        if (folder / "junit.xml").exists():
            passed = junit_passed(folder / "junit.xml")
            if all(test.replace(".py::", ".").replace("::", ".").replace("/", ".") in passed for test in tests):
                fooled.append("junit")
        if (folder / "report.json").exists():
            outcomes = json.loads((folder / "report.json").read_text())
            if all(outcomes.get(test) == "passed" for test in tests):
                fooled.append("json")
    return fooled, log, status


def main():
    tree, site, seconds = sys.argv[1:]
    asked = json.load(sys.stdin)
    fooled, log, status = readings(asked["row"], asked["test_files"], tree, site, float(seconds))
    print(json.dumps({"fooled": fooled, "status": status, "log": log[-2000:]}))


if __name__ == "__main__":
    main()
