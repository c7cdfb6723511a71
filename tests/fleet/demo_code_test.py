#!/usr/bin/env python3
"""The character model learns a code task by execution: configs/demo-code.toml as it stands, one seed: demo_code_test.py [SEED].

Held-out pass@1 at least triples and ends at .5 or more. The reward is what the sandbox said of the program, and nothing else; no expression
that is evaluated is ever trained on, by SFT or by GRPO; no value of x and y that a program is tested by stands in a prompt.
"""
import json
import subprocess
import sys

from fleet import BIN, SCRATCH, SOURCE, Fleet, check, read_rows

AFTER = 0.5
TIMES = 3


def sandbox_missing():
    return subprocess.run([BIN / "cohort", "sandbox", "run", "--", "/bin/true"], capture_output=True).returncode != 0


def check_data(data):
    parts = {part: read_rows(data / f"{part}.jsonl") for part in ("sft", "train", "eval")}
    held_out = {row["prompt"] for row in parts["eval"]}
    check(len(held_out) == 256, f"{len(held_out)} held-out expressions")
    for part in ("sft", "train"):
        check(not held_out & {row["prompt"] for row in parts[part]}, f"{part}.jsonl has held-out expressions")
    for row in parts["train"] + parts["eval"]:
        check(not any(line in row["prompt"] for line in row["tests"][0]["stdin"].splitlines()), f"inputs that are not hidden: {row}")
        check(len(set(row["tests"][0]["stdout"].split())) > 1, f"a constant would pass: {row}")


def main():
    if sandbox_missing():
        print("SKIPPED: there is no sandbox here (cohort sandbox check says why)")
        return
    seed = sys.argv[1] if len(sys.argv) > 1 else "0"
    data = SCRATCH / "stack"
    subprocess.run([sys.executable, SOURCE / "scripts/make_stack_programs.py", data], check=True, stdout=subprocess.DEVNULL)
    check_data(data)
    overrides = [f"--run.seed={seed}", f"--model.path={data}", f"--stages.0.data={data / 'sft.jsonl'}",
                 f"--routes.0.train={data / 'train.jsonl'}", f"--evaluation.data={data / 'eval.jsonl'}"]
    with Fleet(SOURCE / "configs/demo-code.toml", SCRATCH / "demo-code", *overrides) as fleet:
        fleet.wait(1200)
    samples = fleet.samples()
    others = [row for row in samples if row["components"] != {"tests": row["reward"]} or row["reward"] not in (0, 1)]
    check(samples and not others, f"{len(others)} of {len(samples)} rewards are not the sandbox's alone: {json.dumps(others[:1])[:300]}")
    evaluations = [row["pass_at_1"] for row in fleet.metrics("evaluation")]
    print(f"seed {seed}: pass@1 {' '.join(f'{value:.3f}' for value in evaluations)}")
    before, after = evaluations[0], evaluations[-1]
    check(before > 0, "the base policy solves nothing: there is nothing to triple")
    check(after >= AFTER and after >= TIMES * before, f"pass@1 went from {before} to {after}")


if __name__ == "__main__":
    main()
