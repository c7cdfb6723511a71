"""Checks a candidate's functions: the side that decides. It holds the tests and what should come out; the candidate sees arguments only.

    python3 -I -S checker.py JOB.json    (the candidate (candidate.py) on stdin and stdout; verdicts on stderr, a JSON object a line)

Jobs:    {"kind": "calls", "function": "f", "method": false, "calls": [{"arguments": [...], "accepted": [...]}], "all": true}
         {"kind": "checks", "function": "f", "checker": "def check(candidate): ...", "all": true}
Verdicts: {"test": 0, "verdict": "AC" | "WA" | "RE" | "CE", "detail": "..."}, and {"done": true} after the last. `all`: it stops at the first
that fails, since only all of them count. {"bad_task": "..."} where the tests themselves are broken.
"""
import ast
import builtins
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain import Handle, Unplain, decode, encode, own_channel  # noqa: E402


class Gone(Exception):
    """The candidate's side ended."""


class Broken(Exception):
    """The candidate's side said what is no reply."""


class BadTask(Exception):
    """The tests themselves do not run."""


class Candidate:
    def __init__(self, channel):
        self._channel = channel
        self.calls = 0
        first = self._receive()
        self.failure = first if "raised" in first else None

    def _receive(self):
        try:
            reply = self._channel.receive()
        except (ValueError, RecursionError, Unplain) as error:
            raise Broken(str(error)) from error
        if reply is None:
            raise Gone
        if type(reply) is not dict:
            raise Broken("a reply that is no object")
        return reply

    def call(self, function, arguments, named=None, method=False):
        self.calls += 1
        try:
            self._channel.send({"function": function, "method": method, "args": [encode(value) for value in arguments],
                                "kwargs": {name: encode(value) for name, value in (named or {}).items()}})
        except BrokenPipeError as error:
            raise Gone from error
        reply = self._receive()
        if "raised" in reply:
            raise remote(str(reply["raised"]), str(reply.get("message", "")))
        try:
            return decode(reply["value"])
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise Broken(f"a reply that is no value: {error}") from error

    def proxy(self, name):
        return lambda *arguments, **named: self.call(name, arguments, named)


def remote(name, message):
    """The candidate's exception, as one of the builtin ones where it has the name of one."""
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(message)
        except Exception:
            pass
    return RuntimeError(f"{name}: {message}")


def plain_result(value):
    """As JSON has it: tuples are lists."""
    if type(value) in (list, tuple):
        return [plain_result(item) for item in value]
    if type(value) is dict:
        return {key: plain_result(item) for key, item in value.items()}
    return value


def same(got, wanted):
    """Exactly equal, kinds of numbers apart; a dict's keys may be numbers that JSON made texts."""
    if type(got) is bool or type(wanted) is bool:
        return got is wanted
    if type(got) is list and type(wanted) is list:
        return len(got) == len(wanted) and all(map(same, got, wanted))
    if type(got) is dict and type(wanted) is dict:
        texts = {str(key) if type(key) in (int, float) else key: value for key, value in got.items()}
        return len(texts) == len(got) and texts.keys() == wanted.keys() and all(same(texts[key], wanted[key]) for key in texts)
    if isinstance(got, Handle) or type(got) in (list, dict) or type(wanted) in (list, dict):
        return False
    return got == wanted


def shown(value):
    return ascii(value)[:100]


def check_calls(candidate, job):
    for call in job["calls"]:
        try:
            got = plain_result(candidate.call(job["function"], call["arguments"], method=job.get("method", False)))
        except (Gone, Broken):
            raise
        except Exception as error:
            yield "RE", f"{type(error).__name__}: {error}"
            continue
        right = any(same(got, wanted) for wanted in call["accepted"])
        yield ("AC", "") if right else ("WA", f"of {shown(call['arguments'])} it gave {shown(got)}")


def free_names(tree):
    """Names that the checker reads and does not make itself."""
    read, made = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            made.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            made |= {(name.asname or name.name).split(".")[0] for name in node.names}
        elif isinstance(node, ast.arg):
            made.add(node.arg)
    return {name for name in read - made if not hasattr(builtins, name)}


def check_checks(candidate, job):
    try:
        tree = ast.parse(job["checker"])
    except (SyntaxError, ValueError) as error:
        raise BadTask(f"its tests do not compile: {error}") from error
    space = {name: candidate.proxy(name) for name in free_names(tree)}
    whole = any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body)
    tests = [] if whole else [node for node in tree.body if isinstance(node, ast.Assert)]
    rest = [node for node in tree.body if node not in tests]
    try:
        exec(compile(ast.Module(rest, []), "checker.py", "exec"), space)
    except (Gone, Broken):
        raise
    except Exception as error:
        if candidate.calls == 0:
            raise BadTask(f"its tests do not run: {type(error).__name__}: {error}") from error
        yield "RE", f"{type(error).__name__}: {error}"
        return
    if not whole and not tests:
        raise BadTask("it has no tests: neither check(candidate) nor an assert")
    if whole:
        runs = [lambda: space["check"](candidate.proxy(job["function"]))]
    else:
        runs = [lambda code=compile(ast.Module([node], []), "checker.py", "exec"): exec(code, space) for node in tests]
    for run in runs:
        try:
            run()
        except (Gone, Broken):
            raise
        except AssertionError as error:
            yield "WA", str(error)
        except Exception as error:
            yield "RE", f"{type(error).__name__}: {error}"
        else:
            yield "AC", ""


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    channel, out = own_channel(), os.fdopen(os.dup(2), "w")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)  # what a data set's test prints is no verdict, and nothing for the candidate
    os.dup2(nothing, 2)

    def say(message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    test = 0
    try:
        candidate = Candidate(channel)
        if candidate.failure is not None:
            kind = "CE" if candidate.failure["raised"] in ("SyntaxError", "IndentationError", "TabError") else "RE"
            say({"test": 0, "verdict": kind, "detail": f"{candidate.failure['raised']}: {candidate.failure.get('message', '')}"})
            return say({"done": True})
        for verdict, detail in (check_calls if job["kind"] == "calls" else check_checks)(candidate, job):
            say({"test": test, "verdict": verdict, "detail": detail[:300]})
            test += 1
            if verdict != "AC" and job.get("all", True):
                break
    except Gone:
        return  # how it ended is for the sandbox to say
    except BadTask as error:
        return say({"bad_task": str(error)[:300]})
    except Exception as error:  # whatever breaks here, the candidate's side broke: it must not mask itself
        say({"test": test, "verdict": "RE", "detail": f"what it gives back cannot be read: {error}"[:300]})
    say({"done": True})


if __name__ == "__main__":
    main()
