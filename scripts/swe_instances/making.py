"""Draws mutants of a project until enough of them are good instances."""
import collections
import concurrent.futures
import hashlib
import math
import pathlib
import queue
import shutil
import sys

from . import Failure
from . import mutations
from . import repository as git
from . import statement
from .testrun import Limits, run_tests

# A mutant that hangs is found out by CPU time, which neighbours do not move much; the whole suite takes about a second.
MUTANT_LIMITS = Limits(cpu_seconds=10, wall_seconds=120, memory_mb=512)
TOTAL_WRECKS = 3  # instances of a project with no test left that passes


def say(text):
    print(text, file=sys.stderr, flush=True)


class Workshop:
    """Copies of a source, one for each thread at work, in which mutants are run."""

    def __init__(self, project, source, site, python, folder, jobs):
        self.project, self.source, self.site, self.python = project, pathlib.Path(source), site, python
        self.copies = queue.SimpleQueue()
        for number in range(jobs):
            copy = folder / f"copy-{number}"
            shutil.copytree(source, copy)
            self.copies.put(copy)

    def run(self, path, text, hash_seed):
        copy = self.copies.get()
        try:
            if path is not None:
                (copy / path).write_bytes(text)
            return run_tests(self.python, self.site, copy, self.project.test_files, MUTANT_LIMITS, hash_seed)
        finally:
            if path is not None:
                shutil.copy(self.source / path, copy / path)
            self.copies.put(copy)

    def base(self):
        """The node ids that pass in the source as it is, whatever the order of its sets."""
        runs = [self.run(None, None, hash_seed) for hash_seed in (0, 1)]
        for run in runs:
            if run.why_none or not run.passed():
                raise Failure(f"{self.project.environment}: its own tests do not pass here: {run.why_none or run.messages}")
        return runs[0].passed() & runs[1].passed()

    def judge(self, mutant, base):
        """(what it broke, messages), or (None, why it is no instance)."""
        original = (self.source / mutant.path).read_bytes()
        text = mutant.applied_to(original)
        meaning = mutations.meaning_of(text)
        if meaning is None or meaning == mutations.meaning_of(original):
            return None, "no mutant"
        first = self.run(mutant.path, text, 0)
        if first.why_none:
            return None, first.why_none
        broken = base - first.passed()
        if not broken:
            return None, "survives"
        if any(first.outcomes.get(test, "failed") not in ("failed", "passed") for test in base):
            return None, "skips"
        if any("MemoryError" in message for message in first.messages.values()):
            return None, "eats memory"
        second = self.run(mutant.path, text, 1)
        if second.why_none or second.outcomes != first.outcomes:
            return None, "flaky"
        messages = {name: statement.agreed_message(message, second.messages.get(name, "")) for name, message in first.messages.items()}
        return broken, messages


def candidates(project, source, seed):
    """All mutants of a project in the order in which they are tried: files in proportion to the root of their number."""
    keyed = []
    for path in project.sources:
        mutants = list(mutations.mutants_of(path, (source / path).read_bytes(), project.spared))
        ordered = mutations.in_seeded_order(mutants, f"{seed}/{project.environment}/{path}")
        keyed += [((index + 0.5) / math.sqrt(len(ordered)), path, mutant) for index, mutant in enumerate(ordered)]
    return [mutant for _, _, mutant in sorted(keyed, key=lambda entry: entry[:2])]


def judged_in_order(workshop, tried, base, jobs):
    """(mutant, verdict) in the order of `tried`, a few of them at work ahead of the reader."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting, rest = collections.deque(), iter(tried)
        try:
            while True:
                while len(waiting) < jobs + 1 and (mutant := next(rest, None)) is not None:
                    waiting.append((mutant, pool.submit(workshop.judge, mutant, base)))
                if not waiting:
                    return
                mutant, future = waiting.popleft()
                yield mutant, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def choose(workshop, count, seed, jobs):
    """count x (mutant, what it broke, what passes on, messages)."""
    project, base = workshop.project, workshop.base()
    chosen, dropped, lines, wrecks = [], collections.Counter(), set(), 0
    for mutant, (broken, messages) in judged_in_order(workshop, candidates(project, workshop.source, seed), base, jobs):
        if broken is None:
            dropped[messages] += 1
        elif (mutant.path, mutant.line) in lines:
            dropped["a line used before"] += 1
        elif broken == base and wrecks == TOTAL_WRECKS:
            dropped["breaks everything"] += 1
        else:
            wrecks += broken == base
            lines.add((mutant.path, mutant.line))
            chosen.append((mutant, sorted(broken), sorted(base - broken), messages))
            if len(chosen) % 10 == 0 or len(chosen) == count:
                say(f"{project.environment}: {len(chosen)} of {count}; dropped: "
                    + (", ".join(f"{number} {why}" for why, number in sorted(dropped.items())) or "none"))
            if len(chosen) == count:
                return chosen
    raise Failure(f"{project.environment}: only {len(chosen)} of {count} mutants are good: ask for fewer")


def instance_id(project, mutant, text):
    digest = hashlib.sha256(mutant.path.encode() + b"\0" + text).hexdigest()[:10]
    return f"{project.repo.replace('/', '__')}-{project.version}-{digest}"


def make_environment(project, source, chosen, folder):
    """Writes repository.git and environment.toml; returns the rows."""
    files = git.read_tree(source)
    commits = [("refs/heads/main", f"{project.name} {project.version}", files)]
    names = []
    for mutant, *_ in chosen:
        mode, original = files[mutant.path]
        text = mutant.applied_to(original)
        names.append(instance_id(project, mutant, text))
        commits.append((f"refs/instances/{names[-1]}", f"{project.name} {project.version}", {**files, mutant.path: (mode, text)}))
    refs = git.make_repository(folder / "repository.git", commits)
    (folder / "environment.toml").write_text(environment_toml(project), encoding="utf-8")
    rows = []
    for name, (mutant, broken, kept, messages) in zip(names, chosen):
        commit = refs[f"refs/instances/{name}"]
        issue = statement.problem_statement(project, broken, messages)
        rows.append({
            "instance_id": name, "repo": project.repo, "version": project.version, "environment": project.environment,
            "base_commit": commit, "problem_statement": issue,
            "patch": git.difference(folder / "repository.git", commit, refs["refs/heads/main"]), "test_patch": "",
            "FAIL_TO_PASS": broken, "PASS_TO_PASS": kept,
            "prompt": statement.prompt(project, issue, mutant, mutant.applied_to(files[mutant.path][1])),
        })
    return rows


def environment_toml(project):
    def array(values):
        return "[\n" + "".join(f'  "{value}",\n' for value in values) + "]"

    return (f'git = "repository.git"\nformat = "pytest"\nsite = "site"\n'
            f"test_files = {array(project.test_files)}\nallowed = {array(project.allowed)}\n"
            f"cpu_seconds = {project.cpu_seconds}\ntimeout_seconds = {project.timeout_seconds}\nmemory_mb = {project.memory_mb}\n")
