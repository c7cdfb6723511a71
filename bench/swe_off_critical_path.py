"""Step rate with evaluations that take 60 steps and are trained on, against the same run in which nobody wants their verdicts.

At most four rollouts of a step are judged by an evaluation: a wait that holds no process, then tests in a sandbox. The wait is
calibrated first. Then four runs in the order trained, observed, observed, trained: the same prompts, tokens and evaluations, but in the
observed ones (`trained = false`) no step waits for the verdicts or learns from them. ratio = step rate trained / observed.
Besides: at least 90 % of the slow groups are taken by a step within their staleness bound of two evaluations (those issued within the
last bound left out), processor seconds of the two kinds differ by at most 5 %, and no step waits for an evaluation. A synchronous run's
rate is printed beside them.

  bench/run swe_off_critical_path [--short]
"""
import argparse
import statistics
import sys

from fleet import check
from servers import finish
from slow_evaluations import SlowRun

RATIO_BOUND = 0.95
SHARE_BOUND = 0.90
CPU_BOUND = 0.05
UNEXPLAINED_WAIT = 0.1  # seconds: twice the learner's poll
MARGIN = 1.25           # of the wait, for steps that become slower than they were when it was calibrated


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluation-steps", type=int, default=60, help="steps that an evaluation takes at least")
    parser.add_argument("--runs", type=int, default=5, help="length of a run, in evaluations")
    parser.add_argument("--cpu-seconds", type=float, default=0.3, help="processor time of an evaluation's tests")
    parser.add_argument("--fast-groups", type=int, default=192, help="groups of a step whose verdicts come at once")
    parser.add_argument("--synchronous-steps", type=int, default=2)
    parser.add_argument("--short", action="store_true", help="evaluations of 8 steps: shows that the harness works, measures nothing")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.evaluation_steps, arguments.synchronous_steps, arguments.cpu_seconds = 8, 1, 0.05
    return arguments


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.bound = 2 * arguments.evaluation_steps
        self.steps = arguments.runs * arguments.evaluation_steps
        self.warm_up = arguments.evaluation_steps + 10  # from then on slow groups come back
        self.wait_seconds = 0

    def run(self, name, steps, *overrides):
        run = SlowRun(f"off-critical-path-{name}", steps, self.wait_seconds, self.bound, self.arguments.cpu_seconds,
                      self.arguments.fast_groups, overrides)
        with run:
            run.wait(7200)
        return run

    def calibrate(self):
        run = self.run("calibration", 30)
        step = statistics.median(row["seconds"] for row in run.steps(10))
        self.wait_seconds = round(MARGIN * self.arguments.evaluation_steps * step, 1)
        print(f"calibration: a step takes {step:.2f} s; evaluations wait {self.wait_seconds} s", flush=True)

    def compare(self):
        runs = {"trained": [], "observed": []}
        for number, kind in enumerate(("trained", "observed", "observed", "trained")):
            run = self.run(f"{number}-{kind}", self.steps, f"--routes.slow.trained={'true' if kind == 'trained' else 'false'}")
            runs[kind].append(run)
            taken, issued, ends = run.slow_share(("observed",) if kind == "observed" else ("trained", "uninformative"))
            rows = run.steps(self.warm_up)
            slow = statistics.mean(row["routes"]["slow"]["groups"] for row in rows)
            print(f"{kind}: {run.rate(self.warm_up):.3f} steps a second, {run.cpu:.0f} processor seconds; evaluations waited for "
                  f"{run.evaluation_in_steps(self.warm_up):.0f} steps; {slow:.2f} slow groups a step, of {issued} {taken} in time: {ends}",
                  flush=True)
        return runs

    def synchronous(self):
        run = self.run("synchronous", self.arguments.synchronous_steps, "--routes.fast.max_staleness=0", "--routes.slow.max_staleness=0",
                       "--routes.slow.over_sampling=1")
        step = statistics.median(row["seconds"] for row in run.steps())
        waited = max(row["routes"]["slow"]["wait_seconds"] for row in run.steps())
        print(f"synchronous: {1 / step:.4f} steps a second; its steps wait up to {waited:.1f} s for evaluations", flush=True)
        return waited


def same_tokens(runs):
    """Samples that two runs have in common, and how many of them have other tokens."""
    first, second = (run.tokens() for run in runs)
    common = first.keys() & second.keys()
    return len(common), sum(first[sample] != second[sample] for sample in common)


def main():
    bench = Bench(parse())
    bench.calibrate()
    runs = bench.compare()
    waited_in_synchronous = bench.synchronous()

    good = True
    def bounded(what, value, holds, bound):
        nonlocal good
        good = good and holds
        print(f"{what} {value:.3f} {bound}{'' if holds else ' NOT MET'}", flush=True)

    every = runs["trained"] + runs["observed"]
    common, different = same_tokens([runs["trained"][0], runs["observed"][0]])
    print(f"rollouts that the kinds have in common: {common}, with other tokens: {different}", flush=True)
    check(common > 0 and different == 0, "the runs did not draw the same tokens")
    shortest = min(run.evaluation_in_steps(bench.warm_up) for run in every)
    bounded("evaluations wait, in steps", shortest, shortest >= bench.arguments.evaluation_steps, f"bound>={bench.arguments.evaluation_steps}")
    share = min(taken / issued for taken, issued, _ in (run.slow_share() for run in runs["trained"]))
    bounded("slow groups trained in time", share, share >= SHARE_BOUND, f"bound>={SHARE_BOUND}")
    wait = max(run.longest_unexplained_wait() for run in every)
    bounded("longest wait of a step for an evaluation, seconds", wait, wait <= UNEXPLAINED_WAIT, f"bound<={UNEXPLAINED_WAIT}")
    check(waited_in_synchronous > bench.wait_seconds / 2, "the synchronous run's step log shows no wait for its evaluations")
    cpu = {kind: statistics.mean(run.cpu for run in of_kind) for kind, of_kind in runs.items()}
    more = cpu["trained"] / cpu["observed"] - 1
    bounded("processor seconds, trained against observed", more, abs(more) <= CPU_BOUND, f"bound<={CPU_BOUND}")
    rates = {kind: statistics.mean(run.rate(bench.warm_up) for run in of_kind) for kind, of_kind in runs.items()}
    return finish("swe_off_critical_path", rates["trained"] / rates["observed"], RATIO_BOUND, good)


if __name__ == "__main__":
    sys.exit(main())
