"""A plug-in of pytest that says what became of each test, one JSON record a line, on the stderr that
pytest was started with. Each record begins with a word that only the reward worker knows beforehand
(suite.h), so that other text on stderr is told apart from it."""

import json
import os
import sys

sys.dont_write_bytecode = True
_word = os.environ.pop("COHORT_REPORT_WORD", "")
_stream = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace")
_files = {}  # of the tests, before anything of the project was imported


def _say(record):
    _stream.write(f"\n{_word} {json.dumps(record)}\n")
    _stream.flush()


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def pytest_load_initial_conftests(early_config, args):
    _files.update({path: _read(path) for path in args if path.endswith(".py")})


def pytest_collection_finish(session):
    for path, text in _files.items():
        if _read(path) != text:
            _say({"changed": path})


def pytest_runtest_logreport(report):
    _say({
        "test": report.nodeid,
        "when": report.when,
        "outcome": report.outcome,
        "expected": hasattr(report, "wasxfail"),
    })


def pytest_sessionfinish(session, exitstatus):
    _say({"exit": int(exitstatus), "collected": session.testscollected})
