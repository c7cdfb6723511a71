#!/usr/bin/env python3
"""Writes seeded variants of the gold answers of MATH-500 and GSM8K, each with its truth: variants.py --data DIR --out FILE [--seed N].

A line is {"set", "gold", "answer", "equal", "rule"}. A variant's meaning follows from how it was made, by the conventions of
docs/math_equality.md; SymPy then proves the claim, exactly or at 50 digits. What is not proved is dropped and counted.
No reader of answers takes part, neither ours nor another's.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import sys

import equations
import expressions
import golds
import intervals
import lists
import matrices
import points
import values
import words
from meaning import equal

FILES = {"expression": expressions, "equation": equations, "word": words, "choice": words, "numeral": words, "point": points, "vector": points,
         "matrix": matrices, "list": lists, "interval": intervals}
WANTED = {"math500": 10, "gsm8k": 4}  # of each truth, for each gold
MISSES = 8  # in a row, until a rule is taken to have nothing more for a gold


def rules_of(name, gold):
    return FILES[gold.kind].rules(gold) if gold.kind in FILES else values.rules(gold, school=name == "gsm8k")


class Writer:
    """Draws variants and counts what becomes of them."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.made, self.unproved, self.refuted = (collections.Counter() for _ in range(3))
        self.taken = set()

    def candidate(self, name, gold, rule, claim):
        """A new proved variant's text, or None."""
        found = rule(gold, self.rng)
        if not found:
            return None
        text, meaning = found
        if text == gold.text or (name, gold.text, text) in self.taken:
            return None
        verdict = equal(gold.meaning, meaning, gold.window)
        if verdict is not claim:
            (self.unproved if verdict is None else self.refuted)[(claim, rule.__name__)] += 1
            return None
        self.taken.add((name, gold.text, text))
        self.made[(name, claim, rule.__name__)] += 1
        return text

    def variants(self, name, gold, rules, claim):
        """The rules take turns in a random order, so that none crowds out the others."""
        live = self.rng.sample(rules, len(rules))
        misses = collections.Counter()
        left = WANTED[name]
        while live and left:
            for rule in list(live):
                text = self.candidate(name, gold, rule, claim)
                if text is None:
                    misses[rule] += 1
                    if misses[rule] == MISSES:
                        live.remove(rule)
                    continue
                misses[rule] = 0
                yield {"set": name, "gold": gold.text, "answer": text, "equal": claim, "rule": rule.__name__}
                left -= 1
                if not left:
                    break

    def all(self, data):
        for name, gold in golds.read(data):
            for claim, rules in zip((True, False), rules_of(name, gold)):
                yield from self.variants(name, gold, rules, claim)

    def report(self, out):
        rules = sorted({(claim, rule) for _, claim, rule in self.made} | set(self.unproved) | set(self.refuted), key=lambda r: (not r[0], r[1]))
        print(f"{'':9}{'rule':26}{'math500':>9}{'gsm8k':>9}{'unproved':>10}{'refuted':>9}", file=out)
        for claim, rule in rules:
            counts = [self.made[(name, claim, rule)] for name in WANTED]
            print(f"{'equal' if claim else 'wrong':9}{rule:26}{counts[0]:9}{counts[1]:9}{self.unproved[(claim, rule)]:10}"
                  f"{self.refuted[(claim, rule)]:9}", file=out)
        for claim in (True, False):
            counts = [sum(n for (name, c, _), n in self.made.items() if c is claim and name == wanted) for wanted in WANTED]
            print(f"{'equal' if claim else 'wrong':9}{'all':26}{counts[0]:9}{counts[1]:9}", file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=os.environ.get("COHORT_DATA"), help="folder of math500.jsonl and gsm8k_test.jsonl")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=20)
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("name --data, or set COHORT_DATA")
    writer = Writer(arguments.seed)
    with open(arguments.out, "w", encoding="utf-8") as out:
        for line in writer.all(arguments.data):
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    writer.report(sys.stdout)


if __name__ == "__main__":
    main()
