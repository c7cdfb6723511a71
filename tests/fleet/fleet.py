"""Drives real fleets for the tests under tests/ and bench/: starts them, finds their processes, reads what they leave.

Standard library only. Binaries come from $COHORT_BIN (default build/bin), scratch space from $COHORT_SCRATCH (default
build/scratch). Every process started here is ended here.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COHORT_BIN", SOURCE / "build/bin")).resolve()
SCRATCH = pathlib.Path(os.environ.get("COHORT_SCRATCH", BIN.parent / "scratch"))
PROGRAMS = {"broker": "cohort-broker", "learner": "cohort-learner", "actor": "cohort-actor",
            "reward-worker": "cohort-reward-worker"}
POLL_SECONDS = 0.05


def fail(message):
    print(f"FAILED: {message}", flush=True)
    sys.exit(1)


def check(condition, message):
    if not condition:
        fail(message)


def wait_until(what, condition, timeout):
    """Polls a condition of the outside world; its first true value, or the end of the test."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(POLL_SECONDS)
    fail(f"waited {timeout} s for {what}")


def read_rows(path):
    """The whole JSON lines of a file that may still grow."""
    if not pathlib.Path(path).exists():
        return []
    text = pathlib.Path(path).read_bytes()
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines() if line.strip()]


def fetch(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


class Run:
    """A run directory."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def metrics(self, kind=None):
        rows = read_rows(self.path / "metrics.jsonl")
        return [row for row in rows if kind is None or row.get("kind") == kind]

    def samples(self):
        return read_rows(self.path / "samples.jsonl")

    def surviving_steps(self):
        """Records of trained.jsonl along the line of versions that leads to the last one."""
        rows = {row["version"]: row for row in read_rows(self.path / "trained.jsonl")}
        parents = {row["version"]: row["parent"] for row in read_rows(self.path / "versions.jsonl")}
        line = []
        version = max(parents, default=0)
        while version:
            if version in rows:
                line.append(rows[version])
            version = parents[version]
        return line[::-1]

    def checkpoints(self):
        return sorted(path for path in (self.path / "checkpoints").glob("stage-*") if (path / "learner.json").exists())

    def endpoints(self):
        found = {}
        for path in (self.path / "endpoints").glob("*.json"):
            with contextlib.suppress(OSError, ValueError):
                entry = json.loads(path.read_text())
                found[entry["instance"]] = entry
        return found

    def pid(self, instance):
        """Of a process that is alive, or None."""
        entry = self.endpoints().get(instance)
        if entry:
            with contextlib.suppress(ProcessLookupError):
                os.kill(entry["pid"], 0)
                return entry["pid"]
        return None

    def page(self, instance, name):
        return fetch(self.endpoints()[instance]["telemetry"] + "/" + name)


class Fleet(Run):
    """`cohort up` on a configuration, as a context: what still runs at the end is killed."""

    def __init__(self, config, path, *overrides):
        super().__init__(path)
        shutil.rmtree(self.path, ignore_errors=True)
        self.log = self.path.with_suffix(".log")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [BIN / "cohort", "up", config, f"--run.directory={self.path}", *overrides], cwd=SOURCE, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def wait(self, timeout):
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            fail(f"the fleet did not end within {timeout} s\n{self.tail()}")
        check(code == 0, f"cohort up ended with {code}\n{self.tail()}")

    def running(self):
        return self.process.poll() is None

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def process(kind, config, instance, *overrides, log):
    """One process of a fleet on its own, as an operator starts it by hand."""
    with open(log, "w") as out:
        child = subprocess.Popen([BIN / PROGRAMS[kind], "--config", config, "--instance", instance, *overrides],
                                 cwd=SOURCE, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def parity_data():
    """The parity task and its character model, made once."""
    data = SCRATCH / "parity"
    if not (data / "eval.jsonl").exists():
        subprocess.run([sys.executable, SOURCE / "scripts/make_parity.py", data], check=True, cwd=SOURCE,
                       stdout=subprocess.DEVNULL)
    return data


def parity_sft():
    """A Hugging Face directory of the character model after SFT: where GRPO tests start. Made once, by the learner alone."""
    data = parity_data()
    run = Run(SCRATCH / "parity-sft")
    if not any(path.name.startswith("stage-01") for path in run.checkpoints()):
        shutil.rmtree(run.path, ignore_errors=True)
        subprocess.run([BIN / PROGRAMS["learner"], "--config", SOURCE / "tests/fleet/parity-sft.toml",
                        f"--model.path={data}", f"--stages.0.data={data / 'sft.jsonl'}",
                        f"--run.directory={run.path}"], check=True, cwd=SOURCE, stderr=subprocess.DEVNULL)
    return run.checkpoints()[-1]


def parity_overrides():
    """What points the GRPO configurations of this folder at the data and the SFT checkpoint."""
    data = parity_data()
    return [f"--model.path={parity_sft()}", f"--routes.0.train={data / 'train.jsonl'}",
            f"--evaluation.data={data / 'eval.jsonl'}"]
