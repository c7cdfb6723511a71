"""Runs a program and its checker as two processes, without a sandbox: for tests of these two alone, and for trusted programs only."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SCRIPTS = pathlib.Path(__file__).resolve().parents[3] / "reward_workers/code/python"


def judge(program, job, limit=20):
    """The verdicts, as lists [verdict, detail], and whether the checker came to its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "program.py"
        path.write_text(program, encoding="utf-8")
        to_candidate, to_checker = os.pipe(), os.pipe()
        candidate = subprocess.Popen([sys.executable, "-I", "-S", SCRIPTS / "candidate.py", path], stdin=to_candidate[0],
                                     stdout=to_checker[1], stderr=subprocess.DEVNULL, cwd=folder)

        def descriptors():
            os.dup2(to_checker[0], 103)
            os.dup2(to_candidate[1], 104)
            os.dup2(103, 3)
            os.dup2(104, 4)
        checker = subprocess.Popen([sys.executable, "-I", "-S", SCRIPTS / "checker.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, preexec_fn=descriptors, pass_fds=(3, 4))
        for end in (*to_candidate, *to_checker):
            os.close(end)
        try:
            out, _ = checker.communicate(json.dumps(job).encode(), timeout=limit)
        except subprocess.TimeoutExpired:
            out = b""
        finally:
            for process in (candidate, checker):
                process.kill()
                process.wait()
    said = [json.loads(line) for line in out.splitlines()]
    return [[line["verdict"], line["detail"]] for line in said if "verdict" in line], any("done" in line for line in said)
