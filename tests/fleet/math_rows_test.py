#!/usr/bin/env python3
"""Rows of GSM8K and MATH-500 go from prompt file to verdict in a SmolLM2 fleet; the outcomes on the metrics page are all of them.

Outcomes by reason and the rollouts that are still under way must sum to the rollouts that were taken, for each route; every sample
of the run has an outcome that the page counts.
"""
import collections
import json
import os
import pathlib
import re

from fleet import SCRATCH, SOURCE, Fleet, check, wait_until

DATA = pathlib.Path(os.environ.get("COHORT_DATA", SOURCE / "../shared/data"))
REASONS = {"graded", "unparseable", "outside_budget"}  # what a scorer that nothing is wrong with may say


def prompt_files(folder):
    folder.mkdir(parents=True, exist_ok=True)
    sets = {"gsm8k": [("question", lambda row: row["answer"].split("####")[-1].strip()), "gsm8k_test.jsonl"],
            "math500": [("problem", lambda row: row["answer"]), "math500.jsonl"]}
    for name, ((question, answer), file) in sets.items():
        with open(DATA / file, encoding="utf-8") as rows, open(folder / f"{name}.jsonl", "w", encoding="utf-8") as out:
            for line in rows:
                row = json.loads(line)
                ask = row[question] + "\nPut the final answer in \\boxed{}."
                out.write(json.dumps({"messages": [{"role": "user", "content": ask}], "answer": answer(row)}) + "\n")


def series(page, name):
    """Values of a metric by its labels."""
    found = {}
    for labels, value in re.findall(rf"^{name}{{([^}}]*)}} (\S+)$", page, re.MULTILINE):
        found[tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels)))] = float(value)
    return found


def by_route(values):
    sums = collections.Counter()
    for labels, value in values.items():
        sums[dict(labels)["route"]] += value
    return sums


def account(fleet, at_least):
    """Taken, with an outcome and under way, by route, once there are so many outcomes and the page agrees with itself."""
    page = fleet.page("reward-worker-1", "metrics")
    outcomes = series(page, "cohort_reward_outcomes_total")
    done, taken, under_way = (by_route(outcomes), by_route(series(page, "cohort_reward_wait_seconds_count")),
                              by_route(series(page, "cohort_reward_inflight")))
    if sum(done.values()) < at_least or any(done[route] + under_way[route] != taken[route] for route in taken):
        return None
    return done, taken, {dict(labels)["outcome"] for labels in outcomes}


def main():
    if not (DATA / "gsm8k_test.jsonl").exists():
        print("SKIPPED: no GSM8K and MATH-500 in COHORT_DATA")
        return
    if not (SOURCE / "models/smollm2/model.safetensors").exists():
        print("SKIPPED: models/smollm2 is not there; scripts/make_smollm2.py makes it")
        return
    prompt_files(SCRATCH / "math-rows-data")
    overrides = [f"--routes.{route}.train={SCRATCH / 'math-rows-data' / route}.jsonl" for route in ("gsm8k", "math500")]
    with Fleet(SOURCE / "tests/fleet/math-rows.toml", SCRATCH / "math-rows", *overrides) as fleet:
        wait_until("the reward worker", lambda: "reward-worker-1" in fleet.endpoints(), 120)
        done, taken, reasons = wait_until("48 outcomes", lambda: account(fleet, 48), 600)
        fleet.wait(1200)
    check(set(taken) == {"gsm8k", "math500"} and all(taken.values()), f"rollouts by route: {dict(taken)}")
    check(reasons <= REASONS, f"reasons on the page: {sorted(reasons)}")
    samples = [row for row in fleet.samples() if row["purpose"] == "train"]
    counted = collections.Counter((row["route"], row["outcome"]) for row in samples)
    check(len(samples) >= 96, f"only {len(samples)} samples")
    check({outcome for _, outcome in counted} <= REASONS, f"outcomes of the samples: {dict(counted)}")
    print(f"at {sum(done.values()):.0f} outcomes: {dict(done)} of {dict(taken)} taken; samples: {dict(counted)}")


if __name__ == "__main__":
    main()
