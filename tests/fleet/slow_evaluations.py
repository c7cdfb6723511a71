"""Runs in which a part of each step is judged by evaluations that take many steps' time, and what is read off them.

Used by bench/swe_off_critical_path.py and slow_kill_test.py. Another kind of evaluation is another scorer `evaluation` in
slow-evaluations.toml and other rows here.
"""
import json
import resource
import statistics

from fleet import SCRATCH, SOURCE, Fleet, parity_data, parity_sft, read_rows

CONFIG = SOURCE / "tests/fleet/slow-evaluations.toml"
TAKEN = ("trained", "uninformative")  # ends of groups that a step took in time; the second without a signal in it


def slow_rows(cpu_seconds):
    """The parity prompts with a test each that computes for so long."""
    path = SCRATCH / f"slow-rows-{cpu_seconds}.jsonl"
    with open(path, "w") as out:
        for row in read_rows(parity_data() / "train.jsonl"):
            row["tests"] = [{"stdin": str(cpu_seconds), "stdout": row["answer"]}]
            out.write(json.dumps(row) + "\n")
    return path


class SlowRun(Fleet):
    """A fleet under way. `wait`: seconds before the tests of an evaluation begin; `bound`: staleness of the route slow."""

    def __init__(self, name, steps, wait, bound, cpu_seconds, fast_groups, overrides=()):
        self.wait_seconds, self.bound = wait, bound
        self.cpu_before = cpu_of_children()
        self.cpu = None
        super().__init__(
            CONFIG, SCRATCH / name, f"--model.path={parity_sft()}", f"--routes.fast.train={parity_data() / 'train.jsonl'}",
            f"--routes.slow.train={slow_rows(cpu_seconds)}", f"--routes.fast.groups_per_step={fast_groups}",
            f"--routes.slow.max_staleness={bound}", f"--routes.slow.deadline_seconds={10 * wait + 600}",
            f"--scorers.evaluation.delay_seconds={wait}", f"--stages.0.steps={steps}", *overrides)

    def wait(self, timeout):
        super().wait(timeout)
        self.cpu = cpu_of_children() - self.cpu_before  # of every process of the fleet: each is waited for by its parent

    def steps(self, first=0):
        return [row for row in self.metrics("step") if row["step"] > first]

    def rate(self, first):
        """Steps a second after step `first`."""
        times = [row["time"] for row in self.metrics("step") if row["step"] >= max(first, 1)]
        return (len(times) - 1) / (times[-1] - times[0])

    def evaluation_in_steps(self, first):
        """Of an evaluation's wait alone, without its tests."""
        return self.wait_seconds / statistics.median(row["seconds"] for row in self.steps(first))

    def each_sample(self):
        """Rows of samples.jsonl, which may be too many to hold."""
        with open(self.path / "samples.jsonl") as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))

    def slow_samples(self):
        return [row for row in self.each_sample() if row["route"] == "slow"]

    def slow_groups(self):
        """cursor → (version of its first token, end), of every slow group of which something was judged."""
        groups = {}
        for row in self.slow_samples():
            cursor = int(row["id"].split("/")[2])
            version = min(row["versions"][0][0], groups.get(cursor, (row["versions"][0][0],))[0])
            groups[cursor] = (version, row["end"])
        return groups

    def slow_share(self, ends=TAKEN):
        """Of the slow groups issued before the last `bound` versions: how many ended so, of how many, and all the ends."""
        groups = self.slow_groups()
        last = max(row["version"] for row in self.metrics("step"))
        late = [cursor for cursor, (version, _) in groups.items() if version > last - self.bound]
        issued = min(late, default=max(groups, default=-1) + 1)  # cursors are issued in order
        counted = [groups.get(cursor, (0, "cancelled"))[1] for cursor in range(issued)]
        return (sum(end in ends for end in counted), issued, {end: counted.count(end) for end in sorted(set(counted))})

    def longest_unexplained_wait(self):
        """Of any step: seconds in which it waited though the route fast had its share, or in which slow lacked its own."""
        return max(max(row["wait_seconds"] - row["routes"]["fast"]["wait_seconds"], row["routes"]["slow"]["wait_seconds"])
                   for row in self.steps())

    def tokens(self):
        """Rollout (its id within the run) → a digest of its tokens."""
        return {row["id"].split("/", 1)[1]: hash(tuple(row["tokens"])) for row in self.each_sample()}


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
