"""A plug-in of pytest that says what became of each test, one JSON record a line, on the stderr that
pytest was started with. Each record begins with a word that only the reward worker knows beforehand
(suite.h), so that other text on stderr is told apart from it."""

import json
import os
import sys

_word = os.environ.pop("COHORT_REPORT_WORD", "")
_stream = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace")


def _say(record):
    _stream.write(f"\n{_word} {json.dumps(record)}\n")
    _stream.flush()


def pytest_runtest_logreport(report):
    _say({
        "test": report.nodeid,
        "when": report.when,
        "outcome": report.outcome,
        "expected": hasattr(report, "wasxfail"),
    })


def pytest_collectreport(report):
    if report.failed:
        _say({"collect": report.nodeid})


def pytest_sessionfinish(session, exitstatus):
    _say({"exit": int(exitstatus), "collected": session.testscollected})


sys.dont_write_bytecode = True
