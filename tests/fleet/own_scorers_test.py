#!/usr/bin/env python3
"""What `cohort scorer new` writes, in Python, in C and as a service, judges the rollouts of a whole fleet.

The commands are those of docs/scorers.md, whose own test runs them without a fleet. Here each scorer stands beside the answer's in a
short GRPO run: every sample of the run carries its component, and the metrics page counts its verdicts. Kind code does the same with
"programs" that a sandbox shows back: prompt and completion, compared with what the row's columns want.
"""
import contextlib
import json
import re
import shutil
import subprocess
import sys

from fleet import BIN, SCRATCH, SOURCE, Fleet, check, parity_data, parity_overrides, wait_until

PORT = 18347
STEPS = 6


def python_scorer(folder):
    subprocess.run([BIN / "cohort", "scorer", "new", "my_scorer", "--python", "--dir", folder], check=True, stdout=subprocess.DEVNULL)
    return f'kind = "python"\nsource = "{folder}/my_scorer.py"'


def c_scorer(folder):
    subprocess.run([BIN / "cohort", "scorer", "new", "my_library", "--c", "--dir", folder], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cc", "-std=c11", "-O2", "-shared", "-fPIC", "-o", "my_library.so", "my_library.c"], cwd=folder, check=True)
    return f'kind = "library"\nlibrary = "{folder}/my_library.so"'


def http_scorer(folder):
    subprocess.run([BIN / "cohort", "scorer", "new", "my_service", "--http", "--dir", folder], check=True, stdout=subprocess.DEVNULL)
    server = folder / "my_service_server.py"
    server.write_text(re.sub(r"\b18300\b", str(PORT), server.read_text()))
    return f'kind = "http"\nurl = "http://127.0.0.1:{PORT}/"\nbatch = 4'


def code_scorer(folder):
    rows = [json.loads(line) for line in (parity_data() / "train.jsonl").read_text().splitlines()[:512]]
    with open(folder / "train.jsonl", "w") as out:
        for row in rows:
            tests = [{"stdin": "", "stdout": row["prompt"] + "<think></think>" + row["answer"]}]
            out.write(json.dumps(row | {"tests": tests}) + "\n")
    language = '[[languages]]\nname = "shown"\nfile = "program.txt"\nrun = ["cat", "program.txt"]\n'
    return f'kind = "code"\nprogram = "shown"\ncontinues_prompt = true\nsandbox = "any"\nprocesses = 2\n\n{language}'


def sandbox_missing():
    return subprocess.run([BIN / "cohort", "sandbox", "run", "--", "/bin/true"], capture_output=True).returncode != 0


@contextlib.contextmanager
def service(folder):
    server = folder / "my_service_server.py"
    if not server.exists():
        yield
        return
    process = subprocess.Popen([sys.executable, server], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def configuration(folder, scorer):
    text = (SOURCE / "tests/fleet/parity-grpo.toml").read_text()
    own = f'[[scorers]]\nname = "mine"\nweight = 0.1\n{scorer}\n\n[[routes]]'
    path = folder / "run.toml"
    path.write_text(text.replace("[[routes]]", own, 1).replace('scorers = ["answer", "format"]', 'scorers = ["answer", "format", "mine"]'))
    return path


def judged(fleet):
    """Verdicts of the scorer on the metrics pages of all reward workers; nothing while there are none."""
    check(fleet.running(), f"cohort up ended early\n{fleet.tail()}")
    found = 0
    for instance in [name for name in fleet.endpoints() if name.startswith("reward-worker")]:
        with contextlib.suppress(OSError):
            for value in re.findall(r'^cohort_reward_graded_total\{[^}]*scorer="mine"[^}]*\} (\S+)$', fleet.page(instance, "metrics"), re.MULTILINE):
                found += float(value)
    return found


def main():
    overrides = [word for word in parity_overrides() if not word.startswith("--evaluation")]
    for name, make in {"python": python_scorer, "library": c_scorer, "http": http_scorer, "code": code_scorer}.items():
        if name == "code" and sandbox_missing():
            print("code: left out, there is no sandbox here (cohort sandbox check says why)")
            continue
        folder = SCRATCH / f"own-scorer-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        config = configuration(folder, make(folder))
        train = [f"--routes.0.train={folder / 'train.jsonl'}"] if (folder / "train.jsonl").exists() else []
        with service(folder), Fleet(config, SCRATCH / f"own-scorers-{name}", *overrides, *train, "--evaluation.data=", f"--stages.0.steps={STEPS}",
                                    "--stages.0.warmup_steps=0") as fleet:
            verdicts = wait_until(f"verdicts of kind {name}", lambda: judged(fleet), 120)
            fleet.wait(300)
        samples = [row for row in fleet.samples() if row["purpose"] == "train" and row["outcome"] in ("graded", "unparseable")]
        if name == "code":
            values = {row["components"]["mine"] for row in samples if "mine" in row["components"]}
            check(values == {0.0, 1.0}, f"programs that are right and wrong were seen as {values}")
        check(samples, f"{name}: no samples")
        without = [json.dumps(row)[:200] for row in samples if "mine" not in row["components"]]
        check(not without, f"{name}: {len(without)} of {len(samples)} samples lack the component, such as {without[:1]}")
        print(f"{name}: {len(samples)} samples with the component, first {verdicts:.0f} verdicts seen on the metrics page", flush=True)


if __name__ == "__main__":
    main()
