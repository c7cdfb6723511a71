"""What really happened, from the histories of all processes, held against what was promised.

Producers note "put C", "confirmed C" and "floor C" (C: the cursor of a prompt of their space). Workers, scorers and the sink
note "took Q S C I EPOCH LEASE ATTEMPT REDELIVERED" before they act on a delivery, "settled Q S C I EPOCH LEASE" when the broker
has told them that theirs counts, "refused …" when it has not, and "corrupt Q S C I" for a body that is not that of its id. The
sink's effects, "effect S C I" with the leases under which sample and score were made, and "dead S C I REASON INDICES…", count
from the "checkpoint" behind them.
"""
import collections
import dataclasses
import pathlib


@dataclasses.dataclass
class Verdict:
    prompts: int = 0        # confirmed
    tasks: int = 0          # prompts and samples whose end is known
    lost: int = 0           # confirmed, and without an end
    doubled: int = 0        # two effects, or two attempts that were told that theirs counts
    invented: int = 0       # an effect of what nobody put, or of a body that nobody made
    dead: int = 0           # dead letters, all of them of tasks that always fail
    redeliveries: int = 0
    refused: int = 0        # late settles that were told so
    wrong: list = dataclasses.field(default_factory=list)

    def blame(self, kind, text):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.wrong) < 20:
            self.wrong.append(f"{kind}: {text}")

    def sum(self):
        return self.lost + self.doubled + self.invented


def lines_of(path):
    with open(path, errors="replace") as file:
        for line in file:
            words = line.split()
            if words and words[-1] == ".":
                yield words[:-1]


class Histories:
    """Everything that was noted. Ids are (space, cursor, index); leases are (epoch, lease)."""

    def __init__(self, folder, forgetful):
        self.put, self.confirmed = set(), set()
        self.effects = collections.defaultdict(list)     # by id: what the sink's checkpoints say
        self.took = {"p": {}, "r": {}, "s": {}}          # by id: the leases
        self.settled = {"p": {}, "r": {}, "s": {}}       # by id: the leases that were told so
        self.corrupt = []
        self.redeliveries = self.refused = 0
        self.forgetful = forgetful
        for path in sorted(pathlib.Path(folder).iterdir()):
            if path.name.startswith("producer"):
                self.read_producer(path)
            elif path.name.startswith(("worker", "scorer", "sink")):
                self.read_consumer(path)

    def read_producer(self, path):
        space = int(path.name.rsplit("-", 1)[1])
        for words in lines_of(path):
            if words[0] == "put":
                self.put.add((space, int(words[1])))
            elif words[0] == "confirmed":
                self.confirmed.add((space, int(words[1])))

    def read_consumer(self, path):
        since = []
        for words in lines_of(path):
            kind = words[0]
            if kind in ("took", "settled"):
                leases = (self.took if kind == "took" else self.settled)[words[1]]
                leases.setdefault(tuple(map(int, words[2:5])), set()).add((int(words[5]), int(words[6])))
                self.redeliveries += kind == "took" and words[8] == "1"
            elif kind == "refused":
                self.refused += 1
            elif kind == "corrupt":
                self.corrupt.append(" ".join(words))
            elif kind == "resume":
                since = []
            elif kind in ("effect", "dead"):
                since.append(words)
            elif kind == "checkpoint":
                for effect in since:
                    self.effects[tuple(map(int, effect[1:4]))].append(effect)
                since = []


def check_prompt(prompt, histories, fate, verdict):
    """One confirmed prompt: it has come to all its samples, or has died of what kills it always."""
    space, cursor = prompt
    count, poisoned, poisoned_samples = fate(space, cursor)
    ends = {index: histories.effects.get((space, cursor, index), []) for index in range(count + 1)}
    expected = set(range(1, count + 1))
    if poisoned:
        if not ends[0]:
            return verdict.blame("lost", f"prompt {space}/{cursor} must die and has no obituary")
        verdict.dead += 1
        expected = set(map(int, ends[0][0][5:]))
    elif ends[0]:
        return verdict.blame("lost", f"prompt {space}/{cursor} ended without need: {' '.join(ends[0][0][4:])}")
    verdict.prompts += 1
    verdict.tasks += 1 + len(expected)
    for index in range(1, count + 1):
        if not ends[index]:
            if index in expected:
                verdict.blame("lost", f"sample {space}/{cursor}/{index} has no effect")
            continue
        if index not in expected and not histories.forgetful:
            verdict.blame("invented", f"sample {space}/{cursor}/{index} is none of those that its obituary names")
        died = ends[index][0][0] == "dead"
        if died and (index not in poisoned_samples or ends[index][0][4] != "dead"):
            verdict.blame("lost", f"sample {space}/{cursor}/{index} ended without need: {' '.join(ends[index][0][4:])}")
        elif not died and index in poisoned_samples:
            verdict.blame("invented", f"sample {space}/{cursor}/{index} always fails and has a score")
        verdict.dead += died


def check_effect(name, lines, histories, fate, verdict):
    space, cursor, index = name
    if (space, cursor) not in histories.put or index > fate(space, cursor)[0]:
        return verdict.blame("invented", f"{space}/{cursor}/{index} has an effect and was never put")
    for line in lines[1:]:
        verdict.blame("doubled", f"{space}/{cursor}/{index} has a second effect: {' '.join(line)}")
    if lines[0][0] == "dead":
        return
    worker, scorer = tuple(map(int, lines[0][4:6])), tuple(map(int, lines[0][6:8]))
    if worker not in histories.took["p"].get((space, cursor, 0), ()) or scorer not in histories.took["r"].get(name, ()):
        return verdict.blame("invented", f"{space}/{cursor}/{index} was made by nobody: {' '.join(lines[0])}")


def check_leases(histories, verdict):
    """No two attempts of one task were both told that theirs counts."""
    if histories.forgetful:
        return
    for queue, settled in histories.settled.items():
        for (space, cursor, index), leases in settled.items():
            for _ in range(len(leases) - 1):
                verdict.blame("doubled", f"{queue} {space}/{cursor}/{index} was settled by {sorted(leases)}")


def judge(folder, fate, forgetful=False):
    """fate(space, cursor): number of samples, whether the prompt always fails, the samples that do."""
    histories = Histories(folder, forgetful)
    verdict = Verdict(redeliveries=histories.redeliveries, refused=histories.refused)
    for line in histories.corrupt:
        verdict.blame("invented", line)
    for prompt in sorted(histories.confirmed):
        check_prompt(prompt, histories, fate, verdict)
    for name, lines in sorted(histories.effects.items()):
        check_effect(name, lines, histories, fate, verdict)
    check_leases(histories, verdict)
    return verdict
