"""Starts and stops what the broker's benchmarks measure, and runs the load. Standard library only.

Everything lives in a fresh folder under /tmp (socket paths are short) that is removed at the end; every process started here is ended here.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COHORT_BIN", SOURCE / "build/bin")).resolve()


@contextlib.contextmanager
def scratch():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cohort-bench-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def slower_disk(milliseconds):
    """Makes each sync of what is started from now on take so much longer."""
    os.environ["LD_PRELOAD"] = str(BIN.parent / "lib/libslow_sync.so")
    os.environ["COHORT_SYNC_MS"] = str(milliseconds)


class Server:
    """A process with a log; ready when `ready()` is true."""

    def __init__(self, command, log, ready):
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out)
        deadline = time.monotonic() + 20
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"{command[0]} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.01)

    @property
    def pid(self):
        return self.process.pid

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def exists(endpoint):
    """Whether an ipc:// endpoint has its socket."""
    return lambda: pathlib.Path(endpoint.removeprefix("ipc://")).exists()


def broker(folder, *overrides, name="broker", endpoint=None):
    """cohort-broker on a socket of its own; server.endpoint says where."""
    endpoint = endpoint or f"ipc://{folder}/{name}.sock"
    server = Server([BIN / "cohort-broker", "--config", SOURCE / "configs/demo-zero.toml", "--endpoint", endpoint,
                     f"--run.directory={folder / name}", "--broker.restart_grace_seconds=0.05", *overrides],
                    folder / f"{name}.log", lambda: "serving" in (folder / f"{name}.log").read_text())
    server.endpoint = endpoint
    return server


def run_json(command, timeout=300):
    """A load program's line of JSON; the benchmark ends when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, timeout=timeout, check=False)
    lines = done.stdout.decode().splitlines()
    if done.returncode != 0 or not lines:
        sys.exit(f"FAILED ({done.returncode}): {' '.join(words)}\n{done.stdout.decode()}")
    return json.loads(lines[-1])


def load(system, *arguments):
    return run_json([BIN / "bench-load", system, *arguments])


def listed(figures, digits):
    return ", ".join(f"{each:.{digits}f}" for each in figures)


def interleaved(systems, rounds, measure):
    """What each round saw, by system; those that are first in one are last in the next."""
    return [{system: measure(system) for system in (systems if number % 2 == 0 else systems[::-1])} for number in range(rounds)]


def processor_times():
    """Of all processors so far: what they worked and, where a hypervisor tells, what they were not given though they had work."""
    user, nice, system, _idle, _iowait, irq, softirq, stolen = map(int, pathlib.Path("/proc/stat").read_text().split(maxsplit=9)[1:9])
    return user + nice + system + irq + softirq, stolen


AT_START = processor_times()


def finish(name, ratio, bound, more=True):
    """The last lines. `more`: what else must hold."""
    worked, stolen = (now - then for now, then in zip(processor_times(), AT_START))
    print(f"of the processor time that was wanted, {100 * stolen / max(1, worked + stolen):.1f} % was not given to this machine")
    print(f"{name} ratio={ratio:.3f} bound>={bound}", flush=True)
    return 0 if ratio >= bound and more else 1
