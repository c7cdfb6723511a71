"""Runs a program and its checker as two processes, without a sandbox: for tests of these two alone, and for trusted programs only."""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile

SCRIPTS = pathlib.Path(__file__).resolve().parents[3] / "reward_workers/code/python"


def judge(program, job, limit=20):
    """The verdicts, as lists [verdict, detail], and whether the checker came to its end."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "program.py").write_text(program, encoding="utf-8")
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        ends = socket.socketpair()
        run = [sys.executable, "-I", "-S"]
        candidate = subprocess.Popen([*run, SCRIPTS / "candidate.py", folder / "program.py"], stdin=ends[0], stdout=ends[0],
                                     stderr=subprocess.DEVNULL, cwd=folder)
        checker = subprocess.Popen([*run, SCRIPTS / "checker.py", folder / "job.json"], stdin=ends[1], stdout=ends[1],
                                   stderr=subprocess.PIPE)
        for end in ends:
            end.close()
        try:
            _, said = checker.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            said = b""
        finally:
            for process in (candidate, checker):
                process.kill()
                process.wait()
    lines = [json.loads(line) for line in said.splitlines()]
    return [[line["verdict"], line["detail"]] for line in lines if "verdict" in line], any("done" in line for line in lines)
