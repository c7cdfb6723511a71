#!/usr/bin/env python3
"""kill -9 of actors, reward workers, the learner and the broker at seeded random moments, 20 times in one run.

The run ends with the demo's pass@1, the ledger balances to the prompt, and along the surviving line of checkpoints no
rollout is trained twice: kill_test.py [SEED] [KILLS].
"""
import collections
import os
import random
import signal
import sys
import time

from fleet import SCRATCH, SOURCE, Fleet, check, parity_overrides, wait_until

PASS_AT_1 = 0.95         # make demo-zero's bound
SECONDS_BETWEEN = (2.0, 5.0)
MOST_A_MINUTE = 4        # of one process: five stop the supervisor, by design
TARGETS = ["actor-1", "actor-2", "reward-worker-1", "reward-worker-2", "learner", "broker"]
STEPS = 300
SCORING = ["--scorers.answer.delay_seconds=0.1", "--scorers.answer.delay_jitter_seconds=0.3"]  # work in flight everywhere


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    rng = random.Random(seed)
    history = collections.defaultdict(list)
    overrides = parity_overrides() + [f"--stages.0.steps={STEPS}", f"--run.seed={seed}"] + SCORING
    with Fleet(SOURCE / "tests/fleet/parity-grpo.toml", SCRATCH / f"kills-{seed}", *overrides) as fleet:
        wait_until("the first step", lambda: fleet.metrics("step") or not fleet.running(), 120)
        done = 0
        while done < kills and fleet.running():
            time.sleep(rng.uniform(*SECONDS_BETWEEN))
            now = time.monotonic()
            able = [name for name in TARGETS if sum(now - t < 60 for t in history[name]) < MOST_A_MINUTE]
            target = rng.choice(able)
            pid = wait_until(f"{target} to be alive", lambda: fleet.pid(target) or not fleet.running(), 60)
            if not fleet.running():
                break
            os.kill(pid, signal.SIGKILL)
            history[target].append(now)
            done += 1
            print(f"kill {done}: {target} at step {len(fleet.surviving_steps())}", flush=True)
        check(done == kills, f"the run ended after {done} kills; it is too short for {kills}")
        fleet.wait(600)

        final = fleet.metrics("evaluation")[-1]
        ledger = fleet.metrics("step")[-1]["ledger"]
        ends = sum(count for name, count in ledger.items() if name != "issued")
        check(ledger["issued"] == ends, f"the ledger does not balance: {ledger}")
        steps = fleet.surviving_steps()
        check([row["step"] for row in steps] == list(range(1, STEPS + 1)), "the surviving line lacks steps")
        trained = [sample for row in steps for sample in row["samples"]]
        doubled = [sample for sample, count in collections.Counter(trained).items() if count > 1]
        check(not doubled, f"trained twice: {doubled[:5]}")
        check(len(trained) == STEPS * 16 * 8, f"{len(trained)} samples trained, expected {STEPS * 16 * 8}")
        restarts = {name: len(times) for name, times in sorted(history.items())}
        print(f"kills {kills} {restarts}, pass@1 {final['pass_at_1']:.3f}, ledger {ledger}, "
              f"{len(trained)} rollouts trained, 0 twice")
        check(final["pass_at_1"] >= PASS_AT_1, f"pass@1 {final['pass_at_1']} is below {PASS_AT_1}")


if __name__ == "__main__":
    main()
