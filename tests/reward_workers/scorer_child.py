"""The worker's side of the scorer protocol, for tests: a scorer process and what it answers."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "reward_workers/python"


class ScorerChild:
    def __init__(self, *words, cwd=None):
        self.said = tempfile.TemporaryFile()  # stderr: a pipe that nobody reads would block a scorer that prints much
        environment = dict(os.environ, PYTHONPATH=str(PACKAGE), PYTHONDONTWRITEBYTECODE="1")
        self.process = subprocess.Popen([sys.executable, "-m", "cohort_scorers", *map(str, words)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.said, env=environment, cwd=cwd)
        self.first = self.receive()

    def send_bytes(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, task):
        body = json.dumps(task).encode()
        self.send_bytes(len(body).to_bytes(4, "little") + body)

    def receive(self):
        """The next frame, or None where the process closed its side."""
        head = self.process.stdout.read(4)
        return json.loads(self.process.stdout.read(int.from_bytes(head, "little"))) if head else None

    def ask(self, completion, answer="", **fields):
        task = {"type": "score", "id": 1, "completion": completion, "answer": answer, "prompt": "p", "scorer": "s", "route": "",
                "row": 0, "sample": 0, "finish": "stop", "tokens": len(completion)}
        self.send(task | fields)
        return self.receive()

    def finish(self):
        """Ends stdin; the status and what was said on stderr."""
        self.process.communicate()
        self.said.seek(0)
        return self.process.returncode, self.said.read().decode("utf-8", "replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()
        self.said.close()
