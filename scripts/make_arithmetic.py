#!/usr/bin/env python3
"""Makes questions of small sums and products in chat form: `make_arithmetic.py runs/arithmetic`.

Sums of two numbers from 1 to 20, products of two from 2 to 12, half of the rows each. A quarter of the unordered
pairs of either kind is held out by a hash that no seed moves: what is asked in eval.jsonl is never trained on, not
even the other way round. Every held-out question is asked at least once where the rows suffice.

OUT receives train.jsonl and eval.jsonl: {"messages": [{"role": "user", "content": …}], "answer": …}. The same
arguments give the same bytes.
"""
import argparse
import pathlib
import random
import sys

from demo_data import held_out_share, repeated, write_rows

HELD_OUT = 0.25
KINDS = {
    "sum": (range(1, 21), lambda a, b: a + b, "What is {} + {}? Answer with the number only."),
    "product": (range(2, 13), lambda a, b: a * b, "What is {} times {}? Answer with the number only."),
}


def pair_name(kind, a, b):
    return f"arithmetic:{kind}:{min(a, b)}:{max(a, b)}"


def questions(kind):
    """All rows of a kind, trained and held out."""
    numbers, compute, text = KINDS[kind]
    held_out = held_out_share({pair_name(kind, a, b) for a in numbers for b in numbers}, HELD_OUT)
    split = ([], [])
    for a in numbers:
        for b in numbers:
            row = {"messages": [{"role": "user", "content": text.format(a, b)}], "answer": str(compute(a, b))}
            split[pair_name(kind, a, b) in held_out].append(row)
    return split


def mixed(pools, rows, rng):
    """Half of each kind, in random order."""
    sums, products = pools
    drawn = repeated(sums, rows - rows // 2, rng) + repeated(products, rows // 2, rng)
    rng.shuffle(drawn)
    return drawn


def make(arguments):
    pools = [questions(kind) for kind in KINDS]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for held_out, name, rows in ((False, "train", arguments.train_rows), (True, "eval", arguments.eval_rows)):
        rng = random.Random(f"{arguments.seed}/{name}")
        write_rows(arguments.out / f"{name}.jsonl", mixed([split[held_out] for split in pools], rows, rng))
    counts = ", ".join(f"{len(held_out)} of {len(trained) + len(held_out)} {kind}s"
                       for kind, (trained, held_out) in zip(KINDS, pools))
    print(f"{arguments.out}: {arguments.train_rows} training and {arguments.eval_rows} held-out rows "
          f"(held out in order: {counts})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="the directory to fill")
    parser.add_argument("--seed", type=int, default=0, help="of the draws, not of the hold-out (default: %(default)s)")
    parser.add_argument("--train-rows", type=int, default=2048, help="default: %(default)s")
    parser.add_argument("--eval-rows", type=int, default=256, help="default: %(default)s")
    arguments = parser.parse_args()
    if min(arguments.train_rows, arguments.eval_rows) < 2:
        parser.error("--train-rows and --eval-rows have to be at least 2")
    try:
        make(arguments)
    except OSError as error:
        sys.exit(f"make_arithmetic: {error}")


if __name__ == "__main__":
    main()
