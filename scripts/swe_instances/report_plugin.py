"""A plug-in of pytest that writes what became of each test, and limits the process. For mutants, who are not hostile.

SWE_REPORT names the file, SWE_LIMITS the CPU seconds and the megabytes of address space.
"""
import json
import os
import resource

outcomes, messages = {}, {}

cpu_seconds, memory_mb = map(int, os.environ["SWE_LIMITS"].split())
resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def message_of(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    message = crash.message if crash is not None else str(report.longrepr).strip().rpartition("\n")[2].removeprefix("E").strip()
    if "\n" not in message and message.startswith("AssertionError") and report.capstdout:
        message += "\n" + report.capstdout.strip()  # some helpers print what they compare
    return message


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        if outcomes.get(report.nodeid) in (None, "passed"):
            expected = hasattr(report, "wasxfail")
            outcomes[report.nodeid] = "xfailed" if expected else report.outcome
            if report.outcome == "failed":
                messages[report.nodeid] = message_of(report)


def pytest_collectreport(report):
    if report.outcome == "failed":
        messages[report.nodeid] = message_of(report)


def pytest_sessionfinish(session, exitstatus):
    with open(os.environ["SWE_REPORT"], "w", encoding="utf-8") as file:
        json.dump({"outcomes": outcomes, "messages": messages, "exit": int(exitstatus)}, file)
