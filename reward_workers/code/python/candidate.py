"""Loads a program and serves calls of its functions. Runs in the sandbox, beside code that nobody trusts: whatever it says may be that code's word.

    python3 -I -S candidate.py PROGRAM.py             (calls on stdin, results on stdout)

The program's own stdin is empty, and what it prints goes to stderr.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain import Unplain, decode, encode, own_channel  # noqa: E402


def said(error):
    return {"raised": type(error).__name__, "message": str(error)[:200]}


def load(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    space = {"__name__": "__main__", "__builtins__": __builtins__}
    exec(compile(text, "program.py", "exec"), space)
    return space


def call(space, task, kept):
    function = space[task["function"]] if not task.get("method") else getattr(space["Solution"](), task["function"])
    arguments = [decode(value, kept.__getitem__) for value in task["args"]]
    named = {name: decode(value, kept.__getitem__) for name, value in task.get("kwargs", {}).items()}
    result = function(*arguments, **named)

    def keep(value):
        kept.append(value)
        return len(kept) - 1
    return {"value": encode(result, keep)}


def main():
    channel = own_channel()
    os.dup2(2, 1)
    try:
        space = load(sys.argv[1])
    except BaseException as error:
        channel.send(said(error) | {"loading": True})
        return
    channel.send({"ready": True})
    kept = []
    while (task := channel.receive()) is not None:
        try:
            reply = call(space, task, kept)
        except BaseException as error:
            reply = said(error)
        try:
            channel.send(reply)
        except (Unplain, ValueError, RecursionError) as error:
            channel.send(said(error))


if __name__ == "__main__":
    main()
