"""Step rate with evaluations that take 60 steps and are trained on, against the same run in which nobody wants their verdicts.

At most four rollouts of a step are judged by an evaluation of kind swe: a wait that holds no process, then a project's tests in a sandbox.
The wait is calibrated first. Then four runs in the order trained, observed, observed, trained: the same prompts, tokens and evaluations, but
in the observed ones (`trained = false`) no step waits for the verdicts or takes them into its batch. The learning rate is 0, so that tokens stay
the same; everything else of a step is done. ratio = step rate trained / observed.

Besides, from when the first evaluations are back: every step gets its slow group; at least 90 % of them are trained within their staleness bound
of two evaluations (those issued within the last bound left out), all members by tests that ran; processor seconds of the two kinds differ by at
most 5 %; and no step waits for an evaluation: none waits for anything but the route fast, none takes a tenth of an evaluation's time, and all
are taken while evaluations are under way. A synchronous run's rate is printed beside them.

  bench/run swe_off_critical_path [--short]
"""
import argparse
import math
import statistics
import sys

from servers import finish
from slow_evaluations import SlowRun, cpu_milliseconds, first_version

RATIO_BOUND = 0.95
SHARE_BOUND = 0.90
CPU_BOUND = 0.05
TEST_SECONDS = 2          # of processor time at most
UNEXPLAINED_WAIT = 0.1    # seconds: twice the learner's poll
LONGEST_STEP = 0.1        # of an evaluation
SLOW_GROUPS = 0.9         # a step
SAME = 0.95               # of the slow rollouts of two runs
MARGIN = 1.15             # of the wait, for steps that become quicker than they were when it was calibrated


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluation-steps", type=int, default=60, help="steps that an evaluation takes at least")
    parser.add_argument("--runs", type=int, default=5, help="length of a run, in evaluations")
    parser.add_argument("--cpu-seconds", type=float, default=0.1, help="processor time of an evaluation's tests")
    parser.add_argument("--fast-groups", type=int, default=320, help="groups of a step whose verdicts come at once")
    parser.add_argument("--synchronous-steps", type=int, default=4)
    parser.add_argument("--short", action="store_true", help="evaluations of 8 steps: shows that the harness works, measures nothing")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.evaluation_steps, arguments.synchronous_steps = 8, 2
    return arguments


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.bound = 2 * arguments.evaluation_steps
        self.steps = math.ceil(arguments.runs * MARGIN * MARGIN * arguments.evaluation_steps)
        self.wait_seconds = 0
        self.first = 0  # the last step before evaluations came back, in the run where it was latest
        self.good = True

    def bounded(self, what, value, holds, bound):
        self.good = self.good and holds
        print(f"{what} {value:.3f} {bound}{'' if holds else ' NOT MET'}", flush=True)

    def run(self, name, steps, *overrides):
        run = SlowRun(f"off-critical-path-{name}", steps, self.wait_seconds, self.bound, self.arguments.cpu_seconds,
                      self.arguments.fast_groups, overrides)
        with run:
            run.wait(7200)
        return run

    def calibrate(self):
        """With evaluations under way whose tests run, as they will."""
        self.wait_seconds = 5
        run = self.run("calibration", 60)
        step = 1 / run.rate(run.first_slow_step() or 30)
        self.wait_seconds = round(MARGIN * self.arguments.evaluation_steps * step, 1)
        print(f"calibration: a step takes {step:.2f} s; evaluations wait {self.wait_seconds} s", flush=True)

    def compare(self):
        runs = []
        for number, kind in enumerate(("trained", "observed", "observed", "trained")):
            run = self.run(f"{number}-{kind}", self.steps, f"--routes.slow.trained={'true' if kind == 'trained' else 'false'}")
            run.kind = kind
            runs.append(run)
        self.first = max(run.first_slow_step() or self.steps // 2 for run in runs if run.kind == "trained")
        for run in runs:
            self.describe(run)
        return runs

    def describe(self, run):
        in_time, issued, ends = run.slow_share(run.kind)
        seconds = [row["seconds"] for row in run.steps(self.first)]
        print(f"{run.kind}: {run.rate(self.first):.3f} steps a second after step {self.first}, {run.cpu:.0f} processor seconds; an evaluation waits for "
              f"{run.evaluation_in_steps(self.first):.1f} steps; {run.slow_groups_a_step(self.first):.2f} slow groups a step, of {issued} {in_time} in time: "
              f"{ends}; steps take {statistics.median(seconds):.2f} s, at most {max(seconds):.2f}", flush=True)

    def check_evaluations(self, runs):
        rows = [row for run in runs for row in run.slow_samples() if row["end"] in ("trained", "observed")]
        tested = [milliseconds for row in rows if (milliseconds := cpu_milliseconds(row)) is not None and row["outcome"] == "graded"]
        self.bounded("slow rollouts judged by tests that ran, share", len(tested) / len(rows), len(tested) >= 0.99 * len(rows), "bound>=0.99")
        longest = max(tested) / 1000
        self.bounded("processor seconds of an evaluation's tests at most", longest, longest <= TEST_SECONDS, f"bound<={TEST_SECONDS}")

    def check_length(self, runs):
        of_runs = [run.evaluation_in_steps(self.first) for run in runs]
        least = self.arguments.evaluation_steps
        self.bounded("evaluations wait, in steps", min(of_runs), min(of_runs) >= least, f"bound>={least}")
        shortest = self.steps / max(of_runs)
        self.bounded("runs last, in evaluations", shortest, shortest >= self.arguments.runs, f"bound>={self.arguments.runs}")

    def check_share(self, runs):
        groups = min(run.slow_groups_a_step(self.first) for run in runs)
        self.bounded("slow groups a step", groups, groups >= SLOW_GROUPS, f"bound>={SLOW_GROUPS}")
        shares = []
        for run in runs:
            in_time, issued, _ = run.slow_share("trained")
            self.bounded("slow groups counted", issued, issued >= SLOW_GROUPS * (self.steps - self.bound), f"of {self.steps} less {self.bound}")
            shares.append(in_time / max(issued, 1))
        self.bounded("slow groups trained in time", min(shares), min(shares) >= SHARE_BOUND, f"bound>={SHARE_BOUND}")

    def check_waits(self, runs):
        wait = max(run.longest_unexplained_wait() for run in runs)
        self.bounded("longest wait of a step for another route than fast, seconds", wait, wait <= UNEXPLAINED_WAIT, f"bound<={UNEXPLAINED_WAIT}")
        longest = max(row["seconds"] for run in runs for row in run.steps(self.first)) / self.wait_seconds
        self.bounded("longest step, in evaluations", longest, longest <= LONGEST_STEP, f"bound<={LONGEST_STEP}")
        # Towards the end no more are begun than the last steps need.
        routes = [row["routes"]["slow"] for run in runs for row in run.steps(self.first) if row["step"] <= self.steps - self.bound]
        meanwhile = sum(route["pending"] > route["ready"] for route in routes) / len(routes)
        self.bounded("steps taken while evaluations were under way, share", meanwhile, meanwhile >= 0.99, "bound>=0.99")

    def check_same(self, runs):
        """The slow rollouts of a trained run and those of its observed neighbour: the same ones, with the same tokens, begun alike."""
        for pair in (runs[:2], runs[2:]):
            first, second = ({row["id"].split("/", 1)[1]: row for row in run.slow_samples()} for run in pair)
            common = first.keys() & second.keys()
            same = len(common) / max(len(first), len(second), 1)
            self.bounded("slow rollouts that two runs have in common, share", same, same >= SAME, f"bound>={SAME}")
            different = sum(first[rollout]["tokens"] != second[rollout]["tokens"] for rollout in common)
            self.bounded("of them with other tokens", different, different == 0, "bound<=0")
            later = [abs(first_version(first[rollout]) - first_version(second[rollout])) for rollout in common]
            print(f"they were begun {statistics.median(later):.0f} versions apart in the median, {max(later)} at most", flush=True)

    def synchronous(self):
        run = self.run("synchronous", self.arguments.synchronous_steps, "--routes.fast.max_staleness=0", "--routes.slow.max_staleness=0",
                       "--routes.slow.over_sampling=1")
        rows = run.steps(1)
        print(f"synchronous: {1 / statistics.median(row['seconds'] for row in rows):.4f} steps a second", flush=True)
        least = min(row["routes"]["slow"]["wait_seconds"] for row in rows)
        self.bounded("its steps wait for evaluations, seconds at least", least, least > self.wait_seconds / 2, f"bound>{self.wait_seconds / 2}")


def main():
    bench = Bench(parse())
    bench.calibrate()
    runs = bench.compare()
    of_kind = {kind: [run for run in runs if run.kind == kind] for kind in ("trained", "observed")}
    bench.check_length(runs)
    bench.check_evaluations(runs)
    bench.check_share(of_kind["trained"])
    bench.check_waits(runs)
    bench.check_same(runs)
    cpu = {kind: statistics.mean(run.cpu for run in of) for kind, of in of_kind.items()}
    more = cpu["trained"] / cpu["observed"] - 1
    bench.bounded("processor seconds, trained against observed", more, abs(more) <= CPU_BOUND, f"bound<={CPU_BOUND}")
    bench.synchronous()
    rates = {kind: statistics.mean(run.rate(bench.first) for run in of) for kind, of in of_kind.items()}
    return finish("swe_off_critical_path", rates["trained"] / rates["observed"], RATIO_BOUND, bench.good)


if __name__ == "__main__":
    sys.exit(main())
