"""Runs in which a part of each step is judged by evaluations that take many steps' time, and what is read off them.

Every prompt asks for the repair of one_file_project.py, and the model knows eight answers by heart, as many right as wrong. The route fast
asks whether it was a certain one of them; the route slow waits and runs the project's tests. Used by bench/swe_off_critical_path.py,
slow_kill_test.py and cancelled_evaluation_test.py.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys

from fleet import BIN, PROGRAMS, SCRATCH, SOURCE, Fleet, Run
from one_file_project import FILE, instance, make_environment

sys.path.insert(0, str(SOURCE / "scripts"))
import character_model  # noqa: E402
from demo_data import write_rows  # noqa: E402

CONFIG = SOURCE / "tests/fleet/slow-evaluations.toml"
FOLDER = SCRATCH / "slow-evaluations"
TAKEN = ("trained", "uninformative")  # ends of groups that a step took in time; the second without a signal in it
ANSWERS = [f"f=lambda x:{body}" for body in ("x+1", "1+x", "x--1", "2+x-1", "x-1", "x*2", "2-x", "11-x")]
PROMPTS = [f"f({number})=" for number in range(16)]
GROUP = 4  # rollouts of a slow group: slow-evaluations.toml


def prompt_file():
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_rows(FOLDER / "rows.jsonl", [instance(prompt, FILE[0] + ANSWERS[0] + FILE[1]) for prompt in PROMPTS])
    return FOLDER / "rows.jsonl"


def model():
    """A Hugging Face directory of the model that knows the answers, made once by the learner alone."""
    run = Run(FOLDER / "sft")
    if not any(path.name.startswith("stage-01") for path in run.checkpoints()):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        completions = [FILE[0] + answer + FILE[1] for answer in ANSWERS]
        write_rows(FOLDER / "learnt.jsonl",
                   [{"prompt": prompt, "completion": completion} for prompt in PROMPTS for completion in completions])
        character_model.write(FOLDER, "".join(sorted(set("".join(PROMPTS + ANSWERS)))), FILE, 64)
        subprocess.run([BIN / PROGRAMS["learner"], "--config", SOURCE / "tests/fleet/parity-sft.toml", f"--model.path={FOLDER}",
                        f"--stages.0.data={FOLDER / 'learnt.jsonl'}", f"--run.directory={run.path}"],
                       check=True, cwd=SOURCE, stderr=subprocess.DEVNULL)
    return run.checkpoints()[-1]


def environments(cpu_seconds):
    folder = FOLDER / f"environments-{cpu_seconds}"
    make_environment(folder, cpu_seconds)
    return folder


class SlowRun(Fleet):
    """A fleet under way. `wait`: seconds before the tests of an evaluation begin; `bound`: staleness of the route slow."""

    def __init__(self, name, steps, wait, bound, cpu_seconds, fast_groups, overrides=()):
        self.wait_seconds, self.bound = wait, bound
        path, prompts, project = model(), prompt_file(), environments(cpu_seconds)
        self.cpu_before = cpu_of_children()
        self.cpu = None
        super().__init__(
            CONFIG, SCRATCH / name, f"--model.path={path}", f"--routes.fast.train={prompts}", f"--routes.slow.train={prompts}",
            *(f"--scorers.{scorer}.environments={project}" for scorer in ("evaluation", "likeness")),
            *(f"--scorers.{scorer}.trees={FOLDER / 'trees'}" for scorer in ("evaluation", "likeness")),
            f"--routes.fast.groups_per_step={fast_groups}", f"--routes.slow.max_staleness={bound}",
            f"--routes.slow.deadline_seconds={10 * wait + 600}", f"--scorers.evaluation.delay_seconds={wait}",
            f"--stages.0.steps={steps}", *overrides)

    def wait(self, timeout):
        super().wait(timeout)
        self.cpu = cpu_of_children() - self.cpu_before  # of every process of the fleet: each is waited for by its parent

    # --- steps

    def steps(self, first=0):
        return [row for row in self.metrics("step") if row["step"] > first]

    def rate(self, first):
        """Steps a second after step `first`; of a run that was resumed, with those that were undone."""
        rows = self.steps(max(first, 1))
        return (len(rows) - 1) / (rows[-1]["time"] - rows[0]["time"])

    def first_slow_step(self):
        """From then on slow groups come back."""
        return next((row["step"] for row in self.steps() if row["routes"]["slow"]["groups"]), None)

    def evaluation_in_steps(self, first):
        """Of an evaluation's wait alone, without its tests: how many steps fit into it."""
        return self.wait_seconds * self.rate(first)

    def slow_groups_a_step(self, first):
        return statistics.mean(row["routes"]["slow"]["groups"] for row in self.steps(first))

    def longest_unexplained_wait(self):
        """Of any step: seconds in which it waited though the route fast had its share, or in which slow lacked its own."""
        return max(max(row["wait_seconds"] - row["routes"]["fast"]["wait_seconds"], row["routes"]["slow"]["wait_seconds"])
                   for row in self.steps())

    # --- slow rollouts

    def each_sample(self):
        """Rows of samples.jsonl, which may be too many to hold."""
        with open(self.path / "samples.jsonl") as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))

    def slow_samples(self):
        return [row for row in self.each_sample() if row["route"] == "slow"]

    def slow_share(self, end):
        """Of the slow groups issued before the last `bound` versions: how many ended so within the bound, of how many; and all the ends."""
        groups = collections.defaultdict(list)
        for row in self.slow_samples():
            groups[cursor_of(row)].append(row)
        begun = {cursor: min(map(first_version, of)) for cursor, of in groups.items()}
        last = max(row["version"] for row in self.metrics("step"))
        late = [cursor for cursor, version in begun.items() if version > last - self.bound]
        issued = min(late, default=max(begun, default=-1) + 1)  # cursors are issued in order
        ends = collections.Counter(groups[cursor][0]["end"] if cursor in groups else "cancelled" for cursor in range(issued))
        in_time = sum(self.ended_in_time(groups[cursor], end) for cursor in range(issued) if cursor in groups)
        return in_time, issued, dict(sorted(ends.items()))

    def ended_in_time(self, rows, end):
        """With every rollout of the group on record, and none older than the bound when the step began that took them."""
        return len(rows) == GROUP and all(row["end"] == end and row["version"] - 1 - first_version(row) <= self.bound for row in rows)


def cursor_of(row):
    return int(row["id"].split("/")[2])


def first_version(row):
    """The version that its first token was drawn from."""
    return row["versions"][0][0]


def cpu_milliseconds(row):
    """Of the tests of an evaluation, by its evidence; None where none ran."""
    found = re.search(r"cpu (\d+) ms", row["evidence"])
    return int(found[1]) if found else None


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# --- tests under way

def running_tests(ancestor):
    """pid → (start time in ticks, seconds since then), of the processes below that one that run a project's tests."""
    found = {}
    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            if b"unittest" not in (path / "cmdline").read_bytes() or not descends_from(int(path.name), ancestor):
                continue
            started = int((path / "stat").read_text().rsplit(")", 1)[1].split()[19])
            found[int(path.name)] = started, uptime - started / os.sysconf("SC_CLK_TCK")
    return found


def descends_from(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False
