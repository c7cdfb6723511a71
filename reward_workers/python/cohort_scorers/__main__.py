"""The command line; see the package's text."""
import argparse
import ast
import dataclasses
import os
import signal
import sys
import threading

import cohort_scorers

from .channel import Broken, Channel
from .reasons import Refused, reason
from .scorer import Scorer
from .source import Source
from .styles import FIELDS, STYLES

PATIENCE = 2  # seconds that threads of the scorer get to end by themselves


@dataclasses.dataclass
class Options:
    style: str
    conversational: str
    data_source: str
    columns: dict
    settings: dict


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(message)


def read_command_line(words):
    parser = Parser(prog="python3 -m cohort_scorers", description=cohort_scorers.__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("source", metavar="SOURCE[:FUNCTION]")
    parser.add_argument("--style", choices=("auto", *STYLES), default="auto")
    parser.add_argument("--conversational", choices=("auto", "yes", "no"), default="auto")
    parser.add_argument("--column", metavar="NAME=FIELD", action="append", default=[])
    parser.add_argument("--data-source", metavar="NAME", default="")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="settings")
    given = parser.parse_args(words)
    columns = dict(split("--column", text) for text in given.column)
    for name, field in columns.items():
        if field not in FIELDS:
            raise Refused(f"--column {name}={field}: the fields are {', '.join(FIELDS)}")
    settings = {key: literal(value) for key, value in (split("--set", text) for text in given.settings)}
    return given.source, Options(given.style, given.conversational, given.data_source, columns, settings)


def split(option, text):
    name, equals, value = text.partition("=")
    if not name.isidentifier() or not equals:
        raise Refused(f"{option} {text}: NAME=VALUE is wanted")
    return name, value


def literal(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def complain(line):
    try:
        os.write(2, f"cohort_scorers: {line}\n".encode("utf-8", "replace"))
    except OSError:
        pass


def serve(channel, scorer):
    """Until stdin ends."""
    here = os.getpid()
    channel.send({"type": "ready", "protocol": 1, "version": scorer.version, "wants": scorer.wants, "needs": scorer.needs})
    while (task := channel.receive()) is not None:
        if not isinstance(task.get("id"), int):
            raise Broken("a task has no id")
        reply = scorer.judge(task)
        if os.getpid() != here:
            os._exit(0)  # a copy that the scorer forked off
        channel.send(reply)


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of stdin ends it: a Ctrl-C is for the worker
    channel = None
    try:
        try:
            source, options = read_command_line(sys.argv[1:])
        finally:
            channel = Channel()
        scorer = Scorer(Source(source, options.style), options)
    except Exception as error:
        detail = reason(error, None)
        complain(detail)
        channel.send({"type": "failed", "detail": detail})
        return 1
    try:
        serve(channel, scorer)
        return 0
    except (Broken, BrokenPipeError) as error:
        complain(reason(error, None))
        return 1


def leave(status):
    """Ends the process with this status, whatever threads and closed files a scorer left behind."""
    watchdog = threading.Timer(PATIENCE, os._exit, [status])
    watchdog.daemon = True
    watchdog.start()
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        sys.stdout = None  # the interpreter would make it status 120
    sys.exit(status)


if __name__ == "__main__":
    leave(main())
