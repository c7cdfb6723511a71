"""How often and how fast the math scorer is right, against Math-Verify, on 20,000 variants of the golds of MATH-500 and GSM8K.

The variants and their truth are made by bench/math/variants.py, hostile answers by bench/math/hostile.py. Both sides judge the same
pairs in turns on one core; the time of a verdict is the process's CPU time from two texts to the verdict, start and import not counted.
Bounds: agreement with the truth >= 99.5 % and wrong answers taken for right <= 0.1 % in each set, >= 20 times Math-Verify's verdicts
per CPU second in each set, 99 of 100 verdicts within 5 ms, every hostile one within 50 ms.

`bench-math --pairs IN --out OUT` reads lines {"gold", "answer"}, or "answer_hex" with the bytes of an answer that is no UTF-8, and
writes for each {"verdict", "reason", "cpu_us"}; a verdict other than "equal" is a no.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import venv

from servers import BIN, SOURCE, finish, scratch

HERE = pathlib.Path(__file__).resolve().parent
AGREEMENT, FALSE_POSITIVES, RATIO = 0.995, 0.001, 20
P99_MS, HOSTILE_MS, HOSTILE_PAIRS = 5, 50, 1000
ROUNDS = 4  # the two sides take turns this often
SIDES = ("cohort", "math-verify")


def peer_python():
    """The interpreter of a virtual environment with Math-Verify; made once for each version of the requirements."""
    requirements = HERE / "requirements-math.txt"
    folder = SOURCE / "build/bench-math" / hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    done = folder / "installed"
    if not done.exists():
        print(f"installing {requirements.name} under {folder}", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], check=True)
        done.touch()
    return folder / "bin/python"


def rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def on_core(core, *command):
    return ["taskset", "-c", str(core), *map(str, command)]


def our_verdicts(folder, core, pairs):
    given, taken = folder / "pairs.jsonl", folder / "verdicts.jsonl"
    given.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    subprocess.run(on_core(core, BIN / "bench-math", "--pairs", given, "--out", taken), check=True)
    verdicts = rows(taken)
    if len(verdicts) != len(pairs):
        sys.exit(f"bench-math gave {len(verdicts)} verdicts for {len(pairs)} pairs")
    return verdicts


class Peer:
    """Math-Verify in one process for all rounds."""

    def __init__(self, python, core):
        self.process = subprocess.Popen(on_core(core, python, HERE / "math/peer.py"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def verdicts(self, pairs):
        found = []
        for pair in pairs:
            self.process.stdin.write(json.dumps({"gold": pair["gold"], "answer": pair["answer"]}) + "\n")
            self.process.stdin.flush()
            found.append(json.loads(self.process.stdout.readline()))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Score:
    """What one side made of one set."""

    def __init__(self, pairs, verdicts):
        said = [verdict["verdict"] == "equal" for verdict in verdicts]
        wrong = [yes for pair, yes in zip(pairs, said) if not pair["equal"]]
        right = [yes for pair, yes in zip(pairs, said) if pair["equal"]]
        self.pairs = len(pairs)
        self.agreement = sum(pair["equal"] == yes for pair, yes in zip(pairs, said)) / len(pairs)
        self.false_positives = sum(wrong) / len(wrong)
        self.false_negatives = sum(not yes for yes in right) / len(right)
        times = [verdict["cpu_us"] for verdict in verdicts]
        self.rate = len(times) / max(sum(times) / 1e6, 1e-9)
        self.p50, self.p99, self.longest = percentile(times, 0.5) / 1000, percentile(times, 0.99) / 1000, max(times) / 1000

    def line(self, name, side):
        return (f"{name:9}{side:13}{self.pairs:7}{self.agreement:11.2%}{self.false_positives:11.3%}{self.false_negatives:11.2%}"
                f"{self.rate:14.0f}{self.p50:10.3f}{self.p99:10.3f}{self.longest:10.1f}")


def judge(folder, python, core, pairs):
    """Both sides' verdicts on the pairs, a part in turn."""
    ours, theirs = [], []
    with Peer(python, core) as peer:
        for at in range(ROUNDS):
            part = pairs[at * len(pairs) // ROUNDS:(at + 1) * len(pairs) // ROUNDS]
            ours += our_verdicts(folder, core, part)
            theirs += peer.verdicts(part)
    return ours, theirs


def show_disagreements(pairs, verdicts, most=20):
    """Wrong ones taken for right come first: they poison a reward."""
    apart = [(pair, verdict) for pair, verdict in zip(pairs, verdicts) if (verdict["verdict"] == "equal") != pair["equal"]]
    apart.sort(key=lambda both: both[0]["equal"])
    if apart:
        rules = collections.Counter(("equal" if pair["equal"] else "wrong", pair["rule"]) for pair, _ in apart)
        print(f"\n{len(apart)} disagreements of ours: " + ", ".join(f"{claim} {rule} {n}" for (claim, rule), n in rules.most_common(12)))
    for pair, verdict in apart[:most]:
        print(f"  {'equal' if pair['equal'] else 'wrong'} {pair['rule']}: {pair['gold']}  <>  {pair['answer']}: "
              f"{verdict['verdict']} {verdict.get('reason', '')}")


def hostile_longest(folder, core, python):
    """The longest verdict on a hostile pair, in milliseconds, and how many pairs there were."""
    path = folder / "hostile.jsonl"
    subprocess.run([python, "-B", HERE / "math/hostile.py", "--out", path], check=True)
    pairs = rows(path)
    verdicts = our_verdicts(folder, core, pairs)
    longest = collections.defaultdict(float)
    for pair, verdict in zip(pairs, verdicts):
        longest[pair["kind"]] = max(longest[pair["kind"]], verdict["cpu_us"] / 1000)
    worst = sorted(longest.items(), key=lambda item: -item[1])[:6]
    print("hostile pairs, longest verdict in ms: " + ", ".join(f"{kind} {ms:.1f}" for kind, ms in worst))
    return max(longest.values()), len(pairs)


def bound(text, holds):
    print(f"{text}: {'holds' if holds else 'DOES NOT HOLD'}")
    return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the variants")
    parser.add_argument("--seed", type=int, default=20)
    arguments = parser.parse_args()
    data = os.environ.get("COHORT_DATA", SOURCE.parent / "shared/data")
    core = max(os.sched_getaffinity(0))
    python = peer_python()
    with scratch() as folder:
        path = folder / "variants.jsonl"
        subprocess.run([python, "-B", HERE / "math/variants.py", "--data", data, "--out", path, "--seed", str(arguments.seed)], check=True)
        pairs = rows(path)[::10 if arguments.quick else 1]
        ours, theirs = judge(folder, python, core, pairs)
        longest, hostile = hostile_longest(folder, core, python)

    print(f"\n{'set':9}{'':13}{'pairs':>7}{'agreement':>11}{'false yes':>11}{'false no':>11}{'per CPU s':>14}"
          f"{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}")
    scores = {}
    for name in dict.fromkeys(pair["set"] for pair in pairs):
        chosen = [at for at, pair in enumerate(pairs) if pair["set"] == name]
        for side, verdicts in zip(SIDES, (ours, theirs)):
            scores[name, side] = Score([pairs[at] for at in chosen], [verdicts[at] for at in chosen])
            print(scores[name, side].line(name, side))
    reasons = collections.Counter(verdict["verdict"] for verdict in ours)
    print("our verdicts: " + ", ".join(f"{verdict} {count}" for verdict, count in reasons.most_common()))
    show_disagreements(pairs, ours)

    print()
    mine = [scores[key] for key in scores if key[1] == SIDES[0]]
    holds = [
        bound(f"agreement {min(s.agreement for s in mine):.3%} >= {AGREEMENT:.1%} in each set", all(s.agreement >= AGREEMENT for s in mine)),
        bound(f"false positives {max(s.false_positives for s in mine):.3%} <= {FALSE_POSITIVES:.1%} in each set",
              all(s.false_positives <= FALSE_POSITIVES for s in mine)),
        bound(f"p99 {max(s.p99 for s in mine):.3f} ms <= {P99_MS} ms in each set", all(s.p99 <= P99_MS for s in mine)),
        bound(f"longest hostile verdict {longest:.1f} ms <= {HOSTILE_MS} ms, {hostile} pairs >= {HOSTILE_PAIRS}",
              longest <= HOSTILE_MS and hostile >= HOSTILE_PAIRS),
    ]
    ratio = min(scores[name, SIDES[0]].rate / scores[name, SIDES[1]].rate for name, side in scores if side == SIDES[0])
    return finish("math_verdicts", ratio, RATIO, all(holds))


if __name__ == "__main__":
    sys.exit(main())
