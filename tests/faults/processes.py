"""The processes of the fault harness: started, killed, stopped, and started again.

Standard library only. Programs come from $COHORT_BIN (default build/bin) and its neighbour tests/, scratch space from
$COHORT_SCRATCH.
"""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COHORT_BIN", SOURCE / "build/bin")).resolve()
TESTS = BIN.parent / "tests"
SCRATCH = pathlib.Path(os.environ.get("COHORT_SCRATCH", BIN.parent / "scratch"))


def check(condition, message):
    if not condition:
        print(f"FAILED: {message}", flush=True)
        sys.exit(1)


def free_port(rng):
    """Below the range from which the kernel takes the ports of clients: nobody takes it while its owner is dead."""
    while True:
        port = rng.randrange(15000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


LIBC = ctypes.CDLL(None)
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Child:
    """One process under one name, over all its lives."""

    def __init__(self, name, role, words, log, environment=None):
        self.name, self.role, self.words, self.log = name, role, [str(word) for word in words], log
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.lives = 0
        self.doomed = False  # we killed this life
        self.stopped = False

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.words, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT,
                                            preexec_fn=lambda: LIBC.prctl(DIE_WITH_PARENT, signal.SIGKILL))
        self.lives += 1
        self.doomed = self.stopped = False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.doomed = True
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.stopped = True
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        if self.stopped and self.alive():
            self.process.send_signal(signal.SIGCONT)
        self.stopped = False

    def end(self, timeout=10):
        """Asks it to end; its exit code, or None when it had to be killed."""
        if not self.alive():
            return self.process.returncode if self.process else 0
        self.go_on()
        self.process.terminate()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def tail(self, lines=8):
        return "\n".join(pathlib.Path(self.log).read_text(errors="replace").splitlines()[-lines:])
