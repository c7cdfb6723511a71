"""NCCL between processes of one GPU: start, broadcast, and what survivors see when a rank dies, stops, or never comes.

    nccl_faults.py [--out DIR] [--library libnccl.so.2[.xz]]

Several ranks on one GPU need NCCL 2.30; the library that torch brings is asked as well. Every wait has a deadline; a rank that does
not answer is reported and killed. Rates are of one card's memory shared by all ranks in turns, not of a link.
"""
import argparse
import glob
import json
import lzma
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from cuda_table import find_cudart

SMALL, LARGE = 270_000_000, 3_087_000_320
HERE = pathlib.Path(__file__).parent
SETTINGS = {"NCCL_MULTI_RANK_GPU_ENABLE": "1", "NCCL_NVLS_ENABLE": "0", "NCCL_MAX_CTAS": "2", "NCCL_SOCKET_IFNAME": "lo",
            "NCCL_RAS_ENABLE": "0", "NCCL_IB_DISABLE": "1", "NCCL_DEBUG": "WARN"}


class Process:
    """A rank's process; `ask` sends an order, `answer` waits for its reply."""

    def __init__(self, library, log):
        environment = {**os.environ, **SETTINGS, "COHORT_CUDART": find_cudart()}
        self.process = subprocess.Popen([sys.executable, HERE / "nccl_rank.py", library], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=log, env=environment)
        self.pending = b""

    def ask(self, do, **order):
        try:
            self.process.stdin.write((json.dumps({"do": do, **order}) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self

    def answer(self, wait):
        deadline = time.monotonic() + wait
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.kill()  # its later answers would be taken for others
                return {"failed": f"no answer in {wait:.0f} s"}
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                return {"failed": f"ended with {self.process.wait()}"}
            self.pending += part
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def kill(self):
        self.process.kill()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass


class Fleet:
    """Some ranks, all killed at the end, stopped ones too."""

    def __init__(self, library, count, log):
        self.library, self.log = library, log
        self.ranks = [Process(library, log) for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for rank in self.ranks:
            rank.kill()

    def newcomer(self):
        self.ranks.append(Process(self.library, self.log))
        return self.ranks[-1]

    def all(self, do, ranks=None, patience=15, orders=None, **order):
        """The same order to all (or these), with what differs in `orders`; their answers."""
        ranks = self.ranks if ranks is None else ranks
        for number, rank in enumerate(ranks):
            rank.ask(do, **order, **(orders[number] if orders else {}))
        return [rank.answer(patience) for rank in ranks]

    def init(self, ranks=None, wait=20):
        ranks = self.ranks if ranks is None else ranks
        made = ranks[0].ask("unique").answer(20)
        if "failed" in made:
            return [made]
        orders = [{"rank": number} for number in range(len(ranks))]
        return self.all("init", ranks, wait + 5, orders, id=made["id"], size=len(ranks), wait=wait)

    def transfer(self, seed, ranks=None, times=1, wait=20, root=0):
        """Broadcasts with the contents checked: (answers, whether every rank has the root's bytes)."""
        ranks = self.ranks if ranks is None else ranks
        ranks[root].ask("mark", seed=seed).answer(20)
        answers = self.all("broadcast", ranks, times * wait + 5, root=root, times=times, wait=wait)
        right = all(answer.get("right") for answer in self.all("check", ranks, 20, seed=seed))
        return answers, right


def short(answers):
    """One entry an answer: its failure or what it took."""
    return [answer.get("failed") or round(answer["took"], 3) for answer in answers]


class Pilot:
    def __init__(self, library, out):
        self.library, self.out, self.found = library, out, {}
        out.mkdir(parents=True, exist_ok=True)
        self.log = open(out / "nccl.log", "wb")

    def fleet(self, count, library=None):
        return Fleet(library or self.library, count, self.log)

    def put(self, key, value, line):
        self.found[key] = value
        (self.out / "nccl_faults.json").write_text(json.dumps(self.found, indent=1))
        print(line, flush=True)

    def library_of(self, name, library):
        """Version; one rank; two ranks on one GPU."""
        with self.fleet(2, library) as fleet:
            hello = fleet.all("hello", patience=30)
            alone = fleet.init(fleet.ranks[:1])
            fleet.all("abort", fleet.ranks[:1])
            both = fleet.init()
            first = hello[0]
            self.put(f"library {name}", [hello, alone, both], f"{name}: NCCL {first.get('version', first)}, has {first.get('has')}; "
                     f"one rank {short(alone)} s, two on one GPU {short(both)}")
            return not any("failed" in answer for answer in both)

    def speed(self, count):
        with self.fleet(count) as fleet:
            fleet.all("hello", patience=30)
            init = fleet.init()
            line = f"{count} ranks: init {short(init)} s"
            record = {"init": init}
            for name, size, times in (("270 MB", SMALL, 5), ("3 GB", LARGE, 3)):
                fleet.all("allocate", size=size)
                first, _ = fleet.transfer("first")
                answers, right = fleet.transfer(name, times=times)
                record[name] = [first, answers, right]
                if any("failed" in answer for answer in first + answers):
                    line += f"; {name} {short(first)} {short(answers)}"
                    break
                slowest = [max(x) for x in zip(*(answer["seconds"] for answer in answers))]
                median = sorted(slowest)[len(slowest) // 2]
                line += f"; {name} first {max(answer['took'] for answer in first):.3f} s, then {median:.4f} s "
                line += f"({size / median / 1e9:.1f} GB/s), right {right}"
            record["abort"] = fleet.all("abort")
            self.put(f"speed {count}", record, f"{line}; abort {short(record['abort'])} s")

    def struck(self, fleet, victim, blow, wait):
        """Broadcasts run on until the blow falls on the victim: (answers of the others, their seconds from the blow to the answer)."""
        fleet.all("allocate", size=LARGE)
        _, right = fleet.transfer("before")
        others = [rank for rank in fleet.ranks if rank is not victim]
        for rank in fleet.ranks:
            rank.ask("broadcast", root=0, times=100000, wait=wait)
        time.sleep(0.7)
        struck = time.monotonic()
        victim.process.send_signal(blow)
        answers = [rank.answer(wait + 20) for rank in others]
        return answers, [round(answer["at"] - struck, 3) if "at" in answer else None for answer in answers], right

    def killed(self, victim_number):
        """kill -9 of one of three; the others shrink, broadcast, and take a newcomer in."""
        with self.fleet(3) as fleet:
            newcomer = None
            fleet.all("hello", patience=30)
            init = fleet.init()
            victim = fleet.ranks[victim_number]
            answers, after, right = self.struck(fleet, victim, signal.SIGKILL, wait=6)
            others = [rank for rank in fleet.ranks if rank is not victim]
            states = fleet.all("state", others)
            record = {"init": init, "before": right, "answers": answers, "after": after, "states": states}
            line = f"kill -9 of rank {victim_number} of 3: others end after {after} s with {[a.get('failed') for a in answers]}"
            record["shrink"] = shrink = fleet.all("shrink", others, 20, exclude=[victim_number], wait=12)
            line += f"; shrink {short(shrink)} s"
            if not any("failed" in answer for answer in shrink):
                sent, right = fleet.transfer("shrunk", others)
                record["shrunk"] = [sent, right]
                record["abort old"] = fleet.all("abort_old", others)
                line += f", broadcast {short(sent)} right {right}, abort of the old {short(record['abort old'])}"
                newcomer = fleet.newcomer()
                newcomer.ask("hello").answer(30)
                newcomer.ask("allocate", size=LARGE).answer(20)
                made = others[0].ask("grow_id").answer(15)
                grown = fleet.all("grow", [*others, newcomer], 25, [{"id": made.get("id"), "rank": -1}, {"id": None, "rank": -1},
                                                                    {"id": made.get("id"), "rank": 2}], size=3, wait=15)
                record["grow"] = [made, grown]
                line += f"; grow {short([made])} {short(grown)}"
                if not any("failed" in answer for answer in grown):
                    sent, right = fleet.transfer("grown", [*others, newcomer])
                    record["grown"] = [sent, right]
                    line += f", broadcast {short(sent)} right {right}"
            record["abort"] = fleet.all("abort", others + ([newcomer] if newcomer else []))
            self.put(f"killed {victim_number}", record, f"{line}; abort {short(record['abort'])}")

    def aborted(self):
        """kill -9 of one of two; the survivor aborts and starts anew with a newcomer."""
        with self.fleet(2) as fleet:
            fleet.all("hello", patience=30)
            fleet.init()
            answers, after, _ = self.struck(fleet, fleet.ranks[1], signal.SIGKILL, wait=3)
            survivor, newcomer = fleet.ranks[0], fleet.newcomer()
            record = {"answers": answers, "after": after, "abort": fleet.all("abort", [survivor], 20),
                      "idle": fleet.all("idle", [survivor], 10, wait=5)}
            newcomer.ask("hello").answer(30)
            newcomer.ask("allocate", size=LARGE).answer(20)
            record["init"] = fleet.init([survivor, newcomer])
            sent, right = fleet.transfer("anew", [survivor, newcomer])
            record["anew"] = [sent, right]
            self.put("aborted", record, f"kill -9 of rank 1 of 2: survivor ends after {after} s with {answers[0].get('failed')}; abort "
                     f"{short(record['abort'])} s, stream idle {short(record['idle'])}; init with a newcomer {short(record['init'])} s, "
                     f"broadcast {short(sent)} right {right}")

    def stopped(self):
        """SIGSTOP of one of three; the others abort, go on as two; SIGCONT: what the stopped one sees."""
        with self.fleet(3) as fleet:
            fleet.all("hello", patience=30)
            fleet.init()
            victim, others = fleet.ranks[2], fleet.ranks[:2]
            answers, after, _ = self.struck(fleet, victim, signal.SIGSTOP, wait=4)
            record = {"answers": answers, "after": after, "states": fleet.all("state", others), "abort": fleet.all("abort", others, 20)}
            record["init"] = fleet.init(others)
            sent, right = fleet.transfer("two", others)
            record["two"] = [sent, right]
            victim.process.send_signal(signal.SIGCONT)
            record["woken"] = victim.answer(12)
            record["woken abort"] = victim.ask("abort").answer(15)
            self.put("stopped", record, f"SIGSTOP of rank 2 of 3: others end after {after} s with {[a.get('failed') for a in answers]}; abort "
                     f"{short(record['abort'])} s; init of two {short(record['init'])}, broadcast {short(sent)} right {right}; woken: "
                     f"{record['woken'].get('failed')}, its abort {short([record['woken abort']])}")

    def absent(self):
        """One of two never comes to init; then one of two never comes to a broadcast."""
        with self.fleet(2) as fleet:
            fleet.all("hello", patience=30)
            made = fleet.ranks[0].ask("unique").answer(20)
            alone = fleet.ranks[0].ask("init", id=made.get("id"), size=2, rank=0, wait=3).answer(15)
            abort = fleet.ranks[0].ask("abort").answer(20)
            init = fleet.init() if "failed" not in abort else [{"failed": "not tried"}]
            fleet.all("allocate", size=SMALL)
            waited = fleet.ranks[0].ask("broadcast", root=0, times=4, wait=3).answer(30)
            aborts = fleet.all("abort", patience=20)
            self.put("absent", [alone, abort, init, waited, aborts], f"absent at init: {short([alone])}, abort {short([abort])} s, then init of two "
                     f"{short(init)}; absent at a broadcast: {short([waited])}, abort {short(aborts)} s")


def unpacked(path, folder):
    if not path.endswith(".xz"):
        return path
    target = pathlib.Path(folder) / "libnccl.so.2"
    with lzma.open(path) as source, open(target, "wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 24)
    return str(target)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--library", default="")
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    if arguments.smoke:
        globals().update(SMALL=6 << 20, LARGE=8 << 20)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        own = [path for entry in sys.path for path in glob.glob(f"{entry}/nvidia/nccl/lib/libnccl.so.2")]
        library = unpacked(arguments.library, folder) if arguments.library else (own or ["libnccl.so.2"])[0]
        pilot = Pilot(library, arguments.out)
        print(f"nccl: library ready after {time.monotonic() - began:.1f} s", flush=True)
        parts = [("several", lambda: pilot.library_of("given", library))]
        parts += [(f"speed {count}", lambda count=count: pilot.speed(count)) for count in (2, 4)]
        parts += [("aborted", pilot.aborted), ("killed 2", lambda: pilot.killed(2)), ("stopped", pilot.stopped), ("absent", pilot.absent),
                  ("killed 0", lambda: pilot.killed(0))]
        if own and own[0] != library:
            parts.append(("own", lambda: pilot.library_of("torch's", own[0])))
        for name, part in parts:
            try:
                if part() is False and name == "several":
                    print("two ranks do not share the GPU: the rest is left out", flush=True)
                    break
            except Exception as error:  # the other parts' figures are wanted all the same
                pilot.put(f"{name} failed", str(error), f"{name} FAILED {type(error).__name__}: {error}")
    print(f"nccl_faults: {time.monotonic() - began:.0f} s", flush=True)


main()
