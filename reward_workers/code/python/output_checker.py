"""Runs a row's own checker on what a program wrote. Alone in its sandbox: the program has ended, only its output is here.

    python3 -I -S output_checker.py CHECKER.py INPUT EXPECTED ACTUAL         (the verdict on stderr, a JSON object)

The checker is a program that gets the three files as arguments. It accepts by exit code 0, and refuses by 1 or 2, as testlib does. One that
always ends with 0 says it in its last line, a number from 0 to 1: less than 1 is refused. Anything else, an exception before all, is broken.

Verdicts: {"accepted": true, "detail": "its last line"}, {"broken": "ValueError: ..."}
"""
import builtins
import json
import os
import sys

PRINTED = "printed.txt"


def run(path, arguments):
    """The exit code; exceptions are for the caller."""
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    sys.argv = [path, *arguments]
    builtins.exit = builtins.quit = sys.exit
    space = {"__name__": "__main__", "__file__": path, "__builtins__": builtins}
    try:
        exec(code, space)
    except SystemExit as end:
        return 0 if end.code is None else int(end.code) if isinstance(end.code, int) else 1
    return 0


def last_line():
    """Of what it printed."""
    sys.stdout.flush()
    with open(PRINTED, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
        lines = file.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def verdict(code, line):
    if code in (1, 2):
        return {"accepted": False, "detail": line}
    if code != 0:
        return {"broken": f"it exited with {code}"}
    try:
        share = float(line)
    except ValueError:
        share = 1.0  # words
    return {"accepted": not 0 <= share < 1, "detail": line}


def main():
    out = os.fdopen(os.dup(2), "w")
    for descriptor, path in ((1, PRINTED), (2, os.devnull)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
    try:
        said = verdict(run(sys.argv[1], sys.argv[2:]), last_line())
    except BaseException as error:
        said = {"broken": f"{type(error).__name__}: {error}"}
    out.write(json.dumps({key: value[:300] if isinstance(value, str) else value for key, value in said.items()}))
    out.flush()
    os._exit(0)  # no thread or exit handler of the checker has a say any more


if __name__ == "__main__":
    main()
