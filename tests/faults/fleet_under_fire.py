"""A broker, a bad network and their workers in one temporary folder: started, supervised, and brought to their end."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import nemesis
import power_cut
from processes import BIN, SOURCE, TESTS, Child, check, free_port

HERE = pathlib.Path(__file__).resolve().parent
SEGMENT_BYTES = 1 << 20
DISK_BYTES = 128 << 20
SYNC_MICROSECONDS = 2000  # a tmpfs syncs at once, which hides the moment between write and sync

CONFIGURATION = """[run]
directory = "{run}"

[broker]
endpoint = "tcp://127.0.0.1:{port}"
lease_seconds = 3.0
session_grace_seconds = 0.5
restart_grace_seconds = 0.3
retry_delay_seconds = 0.02
queue_tasks = 5000
queue_bytes = 67108864
held_tasks = 20000
max_message_bytes = 1048576
"""
KEYS = """
[security]
keys = "{keys}"
"""
DURABLE = """durability = "disk"
journal_directory = "{journal}"
segment_bytes = {segment}
"""


class Fleet:
    def __init__(self, folder, rng, options):
        self.folder, self.rng, self.options = folder, rng, options
        self.sealed = not options.plain  # by keys: whatever is turned over on the way is noticed
        self.unexpected = []  # lives that ended by themselves
        self.disk = folder / "disk"
        if os.path.ismount(self.disk):  # of a run that was killed
            subprocess.run(["umount", "--lazy", self.disk], check=False)
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("histories", "logs", "run"):
            (folder / name).mkdir(parents=True)
        self.undo = pathlib.Path(f"/dev/shm/cohort-faults-{os.getpid()}")
        self.mounted = False
        self.mount_disk()
        self.step_clock(0)
        port, proxy_port = free_port(rng), free_port(rng)
        configuration = CONFIGURATION.format(run=folder / "run", port=port)
        if options.memory:
            configuration += 'durability = "memory"\n'
        else:
            configuration += DURABLE.format(journal=self.disk / "journal", segment=SEGMENT_BYTES)
        self.keys = folder / "keys" if self.sealed else ""
        if self.sealed:
            configuration += KEYS.format(keys=self.keys)
            subprocess.run([BIN / "cohort", "keys", "new", "--fleet", "--keys", self.keys], check=True,
                           stdout=subprocess.DEVNULL)
        (folder / "broker.toml").write_text(configuration)
        self.direct, self.through = (f"tcp://127.0.0.1:{each}" for each in (port, proxy_port))
        self.broker = self.make_broker()
        self.proxy = subprocess.Popen([sys.executable, "-B", HERE / "proxy.py", str(proxy_port), str(port),
                                       str(rng.randrange(1 << 32))], stdin=subprocess.PIPE, text=True)
        self.workers = [self.make_worker(role, i) for role, count in
                        (("producer", options.producers), ("worker", options.workers), ("scorer", options.scorers),
                         ("sink", 1)) for i in range(1, count + 1)]

    # --- the disk, its syncs, the clock

    def mount_disk(self):
        self.disk.mkdir()
        if os.geteuid() == 0 and not self.options.memory:
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "cohort-faults", self.disk],
                                     capture_output=True, text=True)
            self.mounted = mounted.returncode == 0
        for name in ("journal", "graveyard"):
            (self.disk / name).mkdir()

    def fill_disk(self):
        with open(self.disk / "filler", "wb") as filler:
            size = 0
            while (free := os.statvfs(self.disk)).f_bavail > 0:
                with contextlib.suppress(OSError):  # the broker has just taken some
                    os.posix_fallocate(filler.fileno(), size, free.f_bavail * free.f_bsize)
                size = os.fstat(filler.fileno()).st_size

    def free_disk(self):
        (self.disk / "filler").unlink(missing_ok=True)

    def step_clock(self, seconds):
        path = self.folder / "wall-clock"
        if not path.exists():
            path.write_bytes(bytes(8))
        with open(path, "r+b") as clock:
            clock.write(nemesis.clock_bytes(seconds))

    def order_proxy(self, order):
        self.proxy.stdin.write(order + "\n")
        self.proxy.stdin.flush()

    # --- processes

    def make_broker(self):
        loaded = [TESTS / f"lib{name}.so" for name in ("power_cut", "wall_clock")]
        for library in loaded:
            check(library.exists(), f"{library} is missing, and the loader would start the broker without: make build")
        environment = {
            "LD_PRELOAD": " ".join(map(str, loaded)),
            "POWER_CUT_DIRECTORY": str(self.disk / "journal"), "POWER_CUT_GRAVEYARD": str(self.disk / "graveyard"),
            "POWER_CUT_LOG": str(self.undo),
            "POWER_CUT_SYNC_MICROSECONDS": str(SYNC_MICROSECONDS if self.mounted else 0),
            "WALL_CLOCK": str(self.folder / "wall-clock")}
        words = [self.options.broker or BIN / "cohort-broker", "--config", SOURCE / "configs/demo-zero.toml",
                 self.folder / "broker.toml"]
        return Child("broker", "broker", words, self.folder / "logs/broker", environment)

    def make_worker(self, role, number):
        endpoint = self.through if number % 2 else self.direct
        words = [TESTS / "fault-worker", "--role", role, "--endpoint", endpoint, "--instance", f"{role}-{number}",
                 "--folder", self.folder / "histories", "--space", number, "--forgetful", int(self.options.memory),
                 "--keys", self.keys, "--rate", self.options.rate / self.options.producers]
        return Child(f"{role}-{number}", role, words, self.folder / f"logs/{role}-{number}")

    def start(self):
        for child in (self.broker, *self.workers):
            child.start()

    def kill_broker(self, with_power_cut):
        """Returns what the power cut took back, by kind."""
        self.broker.kill()
        lost = {}
        if with_power_cut:
            full = (self.disk / "filler").exists()
            self.free_disk()  # what comes back had its room before
            lost = power_cut.cut(self.disk / "journal", self.undo, self.disk / "graveyard", self.rng)
            if full:
                self.fill_disk()
        self.broker.start()
        return lost

    def supervise(self):
        """Starts again what was killed; what died by itself is remembered as wrong."""
        for child in (self.broker, *self.workers):
            if child.alive():
                continue
            code = child.process.returncode
            finished = child.role == "producer" and code == 0 and self.stopping()
            if not child.doomed and not finished:
                self.unexpected.append(f"{child.name} ended by itself with {code}: {child.tail()}")
            if not finished:
                child.start()

    def stopping(self):
        return (self.folder / "histories/stop").exists()

    # --- the end

    def wait(self, what, condition, timeout):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.supervise()
            if condition():
                return
            time.sleep(0.1)
        self.unexpected.append(f"waited {timeout} s for {what}; queues: {self.stats()}")

    def stats(self):
        words = [TESTS / "fault-worker", "--role", "stats", "--endpoint", self.direct, "--instance", "stats",
                 "--folder", self.folder / "logs", "--keys", self.keys]
        asked = subprocess.run(words, capture_output=True, text=True)
        return json.loads(asked.stdout) if asked.returncode == 0 else {}

    def empty(self):
        stats = self.stats()
        return bool(stats) and all(queue["live"] == 0 for queue in stats.values())

    def finished(self):
        """Every prompt is over, says the sink. A broker that forgets is empty before that, again and again."""
        put = prompts_put(self.folder)
        ends = {space: self.folder / f"histories/finished-{space}" for space in put}
        return all(path.exists() and int(path.read_text()) == put[space] for space, path in ends.items())

    def drain(self, timeout):
        (self.folder / "histories/stop").touch()
        if self.options.memory:
            self.wait("the last effects", self.finished, timeout)
        else:
            producers = [child for child in self.workers if child.role == "producer"]
            self.wait("the producers", lambda: not any(child.alive() for child in producers), timeout)
        self.wait("the queues to drain", self.empty, timeout)
        return self.stats()

    def false_alarms(self):
        """Lines of the broker that tell of damage: nothing here damages what was synced, and a torn tail is none."""
        with open(self.broker.log, errors="replace") as log:
            return [line.strip() for line in log if "is damaged at offset" in line or "lost to damage" in line]

    def close(self):
        for child in self.workers:
            if child.process and child.alive():
                child.end()
        if self.broker.process and self.broker.alive():
            self.broker.end()
        self.proxy.kill()
        self.proxy.wait()
        self.undo.unlink(missing_ok=True)
        if self.mounted:
            subprocess.run(["umount", self.disk], check=False)


def prompts_put(folder):
    """By space: one more than the last cursor. Cheap: the last lines of the histories."""
    spaces = {}
    for path in (folder / "histories").glob("producer-*"):
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 65536))
            cursors = [int(line.split()[1]) for line in file.read().splitlines()[1:]
                       if line.startswith(b"put ") and line.endswith(b".")]
        spaces[int(path.name.rsplit("-", 1)[1])] = max(cursors, default=-1) + 1
    return spaces


def fates(spaces):
    """For the checker: what each prompt must come to. `spaces`: how many prompts each has."""
    table = {}
    for space, until in spaces.items():
        told = subprocess.run([TESTS / "fault-worker", "--role", "fates", "--space", str(space), "--until", str(until)],
                              capture_output=True, text=True)
        check(told.returncode == 0, f"no fates: {told.stderr}")
        for cursor, line in enumerate(told.stdout.splitlines()):
            words = [int(word) for word in line.split()]
            table[space, cursor] = words[0], bool(words[1]), frozenset(words[2:])
    return lambda space, cursor: table.get((space, cursor), (0, False, frozenset()))
