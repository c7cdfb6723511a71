"""How reward workers scale: 1,000 slow requests at once in one process, and two processes of half a core against one.

First an HTTP scorer that answers in 2 s plus or minus 1 s, batch size 1, 1,000 rollouts under way in one reward worker: at least
450 verdicts a second after the warm-up (500 is what 1,000 requests of 2 s allow). Then a scorer that computes: two reward workers,
each held to half a core with its children, against one such: at least 1.8 times its verdicts. ratio = that.
"""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from servers import BIN, SOURCE, Server, broker, scratch

RATE, SCALE = 450, 1.8
IN_FLIGHT = 1000
PERIOD = 0.02  # seconds: half of it a held process stands still


def tokenizer():
    folder = SOURCE / "data/parity"
    subprocess.run([sys.executable, SOURCE / "scripts/make_parity.py", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def configuration(folder, scorer):
    """A fleet of one route with this scorer; the keys that a reward worker does not read are those of the demo."""
    path = folder / "rewards.toml"
    text = (SOURCE / "configs/demo-zero.toml").read_text()
    head, rest = text.split("[[scorers]]", 1)
    routes = rest[rest.index("[[routes]]"):].replace('scorers = ["answer", "format"]', 'scorers = ["mine"]')
    path.write_text(f'{head}[[scorers]]\nname = "mine"\npasses = true\n{scorer}\n\n{routes}')
    return path


def worker(folder, config, endpoint, number, *overrides):
    log = folder / f"worker-{number}.log"
    return Server([BIN / "cohort-reward-worker", "--config", config, f"--broker.endpoint={endpoint}", "--instance", f"reward-worker-{number}",
                   f"--model.path={SOURCE / 'data/parity'}", f"--run.directory={folder / f'worker-{number}'}", *overrides],
                  log, lambda: log.exists() and "started" in log.read_text())


def measure(endpoint, in_flight, warm_up, seconds):
    done = subprocess.run([BIN / "bench-rewards", "--endpoint", endpoint, "--tokenizer", SOURCE / "data/parity", "--in-flight",
                           str(in_flight), "--warm-up", str(warm_up), "--seconds", str(seconds)], stdout=subprocess.PIPE, check=False)
    report = json.loads(done.stdout)
    if done.returncode != 0 or report["outcomes"].keys() != {"graded"}:
        sys.exit(f"rollouts were lost, doubled or not graded: {report}")
    return report["per_second"]


@contextlib.contextmanager
def service(seconds, spread):
    process = subprocess.Popen([sys.executable, SOURCE / "bench/support/slow_service.py", str(seconds), str(spread)], stdout=subprocess.PIPE)
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def family(pid):
    """The process and its children."""
    pids = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            pids += [int(child) for child in (task / "children").read_text().split()]
    return pids


class HalfACore:
    """Lets a worker's children run in half of the time only; the worker itself computes next to nothing."""

    def __init__(self, pid):
        self.pid, self.stop = pid, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.is_set():
            children = family(self.pid)[1:]
            for sign in (signal.SIGSTOP, signal.SIGCONT):
                for child in children:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, sign)
                time.sleep(PERIOD / 2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def slow_requests(folder):
    with service(2, 1) as port, broker(folder, name="http") as server:
        config = configuration(folder, f'kind = "http"\nurl = "http://127.0.0.1:{port}/"\nin_flight = {IN_FLIGHT}')
        with worker(folder, config, server.endpoint, 1, f"--reward_worker.tasks_in_flight={IN_FLIGHT}"):
            return measure(server.endpoint, IN_FLIGHT * 2, 6, 20)


def computing(folder, workers):
    config = configuration(folder, f'kind = "python"\nsource = "{SOURCE / "bench/support/busy_scorer.py"}:score"')
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(broker(folder, name=f"busy-{workers}"))
        for number in range(workers):
            started = stack.enter_context(worker(folder, config, server.endpoint, 10 * workers + number, "--reward_worker.tasks_in_flight=16"))
            stack.enter_context(HalfACore(started.pid))
        return measure(server.endpoint, 64, 3, 12)


def main():
    tokenizer()
    with scratch() as folder:
        rate = slow_requests(folder)
        print(f"{IN_FLIGHT} requests of 2 s +- 1 s under way in one worker: {rate:.0f} verdicts/s, {RATE} wanted", flush=True)
        one, two = computing(folder, 1), computing(folder, 2)
    print(f"a computing scorer: {one:.1f} verdicts/s with one worker of half a core, {two:.1f} with two", flush=True)
    print(f"reward_scale rate={rate:.0f} bound>={RATE}")
    print(f"reward_scale ratio={two / one:.2f} bound>={SCALE}")
    return 0 if rate >= RATE and two / one >= SCALE else 1


if __name__ == "__main__":
    sys.exit(main())
