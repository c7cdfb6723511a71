#!/usr/bin/env python3
"""Rejection sampling on tasks that are judged by execution: `cohort eval`, `cohort samples --sft`, an sft stage on what was accepted.

A character model learns a few answers by heart, half of them wrong: programs of the stack language of configs/demo-code.toml, and new
versions of a Python file. Evaluations by kind code and by kind swe take the same route. Each evaluation has an outcome and each suite that
ran has evidence; what is accepted is right by this test's own reckoning and nothing that is right is missing; and SFT on it runs.
"""
import json
import shutil
import subprocess
import sys

from fleet import BIN, PROGRAMS, SCRATCH, SOURCE, Run, check, read_rows
from one_file_project import FILE, instance, make_environment

sys.path.insert(0, str(SOURCE / "scripts"))
import character_model  # noqa: E402
import make_stack_programs as stack  # noqa: E402
from demo_data import write_rows  # noqa: E402

FOLDER = SCRATCH / "rejection-sampling"
CONFIGS = [SOURCE / "configs/demo-code.toml", SOURCE / "tests/fleet/judged.toml"]
PROGRAMS_LEARNT = {"x+y=": ("xy+", "xy*"), "x-y=": ("xy-", "yx-"), "x*y+1=": ("xy*1+", "xy1+*"), "x-(y-2)=": ("xy2--", "xy-2-"),
                   "y*y=": ("yy*", "y"), "9-x=": ("9x-", "9x")}  # right, wrong
PATCHES_LEARNT = {"f(1)=": ("f=lambda x:x+1", "f=lambda x:x"), "f(2)=": ("f=lambda x:1+x", "f=lambda x:x-1")}
PAIRS = [(3, 4), (-2, 7), (5, 5)]
SAMPLES = 8  # of a prompt: judged.toml
STEPS = 3


def expected(program):
    return "".join(f"{stack.run(program, x, y)}\n" for x, y in PAIRS)


def code_row(prompt, right):
    return {"prompt": prompt, "answer": right, "id": f"code {prompt}",
            "tests": [{"stdin": "".join(f"{x} {y}\n" for x, y in PAIRS), "stdout": expected(right)}]}


def make_data():
    """Every second answer that is learnt is wrong."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    make_environment(FOLDER / "environments")
    demonstrations = []
    for learnt, (before, behind) in ((PROGRAMS_LEARNT, stack.FENCES), (PATCHES_LEARNT, FILE)):
        for index, (prompt, answers) in enumerate(learnt.items()):
            demonstrations.append({"prompt": prompt, "completion": before + answers[index % 2] + behind})
    write_rows(FOLDER / "learnt.jsonl", demonstrations)
    write_rows(FOLDER / "code.jsonl", [code_row(prompt, right) for prompt, (right, _) in PROGRAMS_LEARNT.items()])
    write_rows(FOLDER / "swe.jsonl", [instance(prompt) for prompt in PATCHES_LEARNT])
    texts = "".join([*PROGRAMS_LEARNT, *PATCHES_LEARNT, *(answer for pair in PATCHES_LEARNT.values() for answer in pair), stack.CHARACTERS])
    character_model.write(FOLDER, "".join(sorted(set(texts))), (*stack.FENCES, FILE[0]), 128)


def overrides(run, data):
    return [f"--run.directory={run}", f"--model.path={FOLDER}", f"--scorers.suite.environments={FOLDER / 'environments'}",
            f"--scorers.suite.trees={FOLDER / 'trees'}", f"--stages.0.data={FOLDER / 'learnt.jsonl'}",
            f"--routes.0.train={FOLDER / 'code.jsonl'}", f"--evaluation.data={data}"]


def sft(name, *more):
    """A run of the sft stage, by the learner alone."""
    run = Run(FOLDER / name)
    subprocess.run([BIN / PROGRAMS["learner"], "--config", *CONFIGS, *overrides(run.path, FOLDER / "code.jsonl"), *more], check=True,
                   cwd=SOURCE, timeout=300)
    return run


def evaluate(name, scorer, checkpoint):
    """The run of `cohort eval` on NAME.jsonl."""
    parent = FOLDER / name
    subprocess.run([BIN / "cohort", "eval", *CONFIGS, "--checkpoint", checkpoint, *overrides(parent, FOLDER / f"{name}.jsonl"),
                    f"--evaluation.scorers={scorer}"], check=True, cwd=SOURCE, timeout=300)
    (path,) = (parent / "evaluations").iterdir()
    return Run(path)


def accept(run, name):
    out = FOLDER / f"{name}.accepted.jsonl"
    done = subprocess.run([BIN / "cohort", "samples", run.path, "--right", "--sft", out], cwd=SOURCE, stderr=subprocess.PIPE, text=True)
    print(done.stderr, end="")
    check(done.returncode == 0, f"cohort samples ended with {done.returncode}")
    return out, read_rows(out)


def between(text, fences):
    """What stands between the fences; nothing where they are not there."""
    return text[len(fences[0]):-len(fences[1])] if text.startswith(fences[0]) and text.endswith(fences[1]) else None


def is_plain(row):
    """One block at most: which of several is the answer is for other tests to say."""
    return row["completion"].count("```") <= 2


def is_right_program(row):
    program = between(row["completion"], stack.FENCES)
    if not program or sum(-1 if symbol in stack.COMPUTE else 1 for symbol in program) != 1:
        return False
    try:
        return expected(program) == expected(PROGRAMS_LEARNT[row["prompt"]][0])
    except (IndexError, ValueError):
        return False


def is_right_patch(row):
    text = between(row["completion"], FILE)
    if not text:
        return False
    try:
        done = subprocess.run([sys.executable, "-I", "-c", text + "\nprint(f(3), f(-1))"], capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return done.stdout == "4 0\n"


def check_acceptance(run, name, rows, is_right):
    samples = run.samples()
    check(len(samples) == SAMPLES * rows, f"{name}: {len(samples)} samples of {rows} rows")
    unknown = [row for row in samples if not row["outcome"] or row["reward"] is None]
    check(not unknown, f"{name}: {len(unknown)} without an outcome, like {json.dumps(unknown[:1])[:500]}")
    out, accepted = accept(run, name)
    wrong = [row for row in accepted if is_plain(row) and not is_right(row)]
    check(not wrong, f"{name}: accepted and not right: {json.dumps(wrong[:1])[:500]}")
    right = sorted({(row["prompt"], row["completion"]) for row in samples if row["finish"] == "stop" and is_plain(row) and is_right(row)})
    found = sorted((row["prompt"], row["completion"]) for row in accepted if is_plain(row))
    check(right and found == right, f"{name}: accepted {found}, right are {right}")
    check(any(not row["correct"] for row in samples), f"{name}: nothing was rejected")
    return samples, out, accepted


def sandbox_missing():
    return subprocess.run([BIN / "cohort", "sandbox", "run", "--", "/bin/true"], capture_output=True).returncode != 0


def main():
    if sandbox_missing():
        print("SKIPPED: there is no sandbox here (cohort sandbox check says why)")
        return
    make_data()
    checkpoint = sft("learnt").checkpoints()[-1]

    code = evaluate("code", "tests", checkpoint)
    _, out, accepted = check_acceptance(code, "code", len(PROGRAMS_LEARNT), is_right_program)
    check(all(row["row_id"] == f"code {row['prompt']}" and row["components"] == {"tests": 1} for row in accepted), f"{accepted[0]}")

    suite = evaluate("swe", "suite", checkpoint)
    samples, _, patches = check_acceptance(suite, "swe", len(PATCHES_LEARNT), is_right_patch)
    ran = [row for row in samples if row["outcome"] == "graded"]
    check(ran and all("run exited" in row["evidence"] for row in ran), "a suite that ran has no evidence in samples.jsonl")
    check(all("\nOK" in row["evidence"] for row in patches), "an accepted patch goes without the evidence of its tests")

    trained = sft("trained", f"--model.path={checkpoint}", "--model.init=pretrained", f"--stages.0.data={out}", f"--stages.0.steps={STEPS}", "--stages.0.warmup_steps=0")
    check(len(trained.metrics("sft")) == STEPS and trained.metrics("done"), "SFT on what was accepted did not end")
    print(f"{len(accepted)} programs and {len(patches)} patches accepted")


if __name__ == "__main__":
    main()
