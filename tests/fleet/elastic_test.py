#!/usr/bin/env python3
"""Workers come and go: a reward worker and an actor started by hand in mid-run get work within 2 s; stopped with SIGTERM they
lose nothing. On the way, promtool checks the metrics page of all four kinds of process."""
import signal
import subprocess
import time

from fleet import SCRATCH, SOURCE, Fleet, check, parity_overrides, process, wait_until

SECONDS_TO_WORK = 2.0
STEPS = 400
PROMTOOL = SOURCE / ".venv/promtool/usr/bin/promtool"


def served(fleet, instance, needle):
    """Whether a counter of the instance's metrics page that begins with `needle` is above 0."""
    try:
        page = fleet.page(instance, "metrics")
    except (KeyError, OSError):
        return False
    return any(line.startswith(needle) and float(line.rsplit(" ", 1)[1]) > 0 for line in page.splitlines())


def joins(fleet, kind, instance, needle):
    """Starts a process by hand, measures the time from its start to its first work, drains it."""
    began = time.monotonic()
    with process(kind, fleet.path / "config.toml", instance, log=SCRATCH / f"{instance}.log") as child:
        wait_until(f"work for {instance}", lambda: served(fleet, instance, needle), 30)
        seconds = time.monotonic() - began
        check(seconds <= SECONDS_TO_WORK, f"{instance} waited {seconds:.2f} s for work")
        child.send_signal(signal.SIGTERM)
        check(child.wait(30) == 0, f"{instance} did not drain: exit {child.returncode}")
        print(f"{instance}: first work after {seconds:.2f} s, drained with exit 0", flush=True)


def check_pages(fleet):
    if not PROMTOOL.exists():
        return  # told at the end: a test that has failed is none that was skipped
    for instance in ("broker", "learner", "actor-1", "reward-worker-1"):
        page = fleet.page(instance, "metrics")
        result = subprocess.run([PROMTOOL, "check", "metrics"], input=page, capture_output=True, text=True)
        check(result.returncode == 0 and not result.stderr.strip(),
              f"promtool on {instance}: {result.stdout}{result.stderr}")
        print(f"promtool check metrics: {instance} passes ({len(page.splitlines())} lines)", flush=True)


def main():
    overrides = parity_overrides() + [f"--stages.0.steps={STEPS}", "--fleet.actors=1", "--fleet.reward_workers=1"]
    with Fleet(SOURCE / "tests/fleet/parity-grpo.toml", SCRATCH / "elastic", *overrides) as fleet:
        wait_until("the first steps", lambda: len(fleet.metrics("step")) >= 2, 120)
        check_pages(fleet)
        joins(fleet, "reward-worker", "reward-worker-by-hand", "cohort_reward_graded_total")
        joins(fleet, "actor", "actor-by-hand", "cohort_actor_episodes_total")
        check(fleet.running(), "the run ended before the newcomers had drained; it is too short")
        fleet.wait(300)
        ledger = fleet.metrics("step")[-1]["ledger"]
        lost = {end: ledger[end] for end in ("masked", "expired", "cancelled", "dead")}
        check(not any(lost.values()), f"prompts were lost: {lost}")
        steps = fleet.surviving_steps()
        check(len(steps) == STEPS and all(len(row["samples"]) == 128 for row in steps), "samples are missing")
        print(f"{STEPS} steps of 128 samples, ledger {ledger}: nothing lost")
    if not PROMTOOL.exists():
        print("SKIPPED: promtool is not there; scripts/get_promtool.sh takes it from Debian's package")


if __name__ == "__main__":
    main()
