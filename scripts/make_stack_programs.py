#!/usr/bin/env python3
"""Makes the task of writing stack programs, and its character model: `make_stack_programs.py data/stack`.

A prompt is an expression in x and y and an equals sign; the answer is a program of the stack language that computes it (configs/demo-code.toml
defines the language and runs it): "x-(y+3)*2=" is answered by "xy3+2*-" in a fenced block. What a program is tested by are values of x and y,
drawn anew for each row and not in the prompt, and what the expression is there: {"prompt", "answer", "tests": [{"stdin", "stdout"}]}. The
answer is one right program of many, for whoever reads samples; no scorer looks at it.

Most authors of the demonstrations (sft.jsonl) read an expression from left to right, whatever binds stronger: "xy-3+2*". Their programs run, and
are wrong. Only --right of them can read. Expressions where both come to the same at a row's values are left out, and those that come to one
number at all of them. One expression in sixteen is held out by a hash that no seed moves: eval.jsonl holds such expressions only, sft.jsonl and
train.jsonl none.

OUT receives sft.jsonl {"prompt", "completion"}, train.jsonl, eval.jsonl, and the model without weights: config.json, tokenizer.json,
tokenizer_config.json. The same arguments give the same bytes.
"""
import argparse
import pathlib
import random
import sys

import character_model
from demo_data import stable_hash, write_rows

LEAVES = "xy123456789"
BINDS = {"+": 1, "-": 1, "*": 2}
COMPUTE = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}
CHARACTERS = LEAVES + "".join(BINDS) + "()="
FENCES = ("```stack\n", "\n```")
HELD_OUT_ONE_IN = 16
VALUES = range(-9, 10)  # of x and y
PAIRS = 6               # of values that a program is tested by


def random_tree(operators, rng):
    """A leaf, or (operator, tree, tree)."""
    if operators == 0:
        return rng.choice(LEAVES[:2]) if rng.random() < 0.5 else rng.choice(LEAVES)
    left = rng.randrange(operators)
    return rng.choice("+-*"), random_tree(left, rng), random_tree(operators - 1 - left, rng)


def infix(tree, least=0):
    """As people write it; in parentheses if it binds weaker than `least`."""
    if isinstance(tree, str):
        return tree
    operator, left, right = tree
    text = infix(left, BINDS[operator]) + operator + infix(right, BINDS[operator] + 1)
    return f"({text})" if BINDS[operator] < least else text


def program(tree):
    return tree if isinstance(tree, str) else program(tree[1]) + program(tree[2]) + tree[0]


def misread(expression):
    """The program of somebody who reads from left to right."""
    symbols = expression.replace("(", "").replace(")", "")
    return symbols[0] + "".join(leaf + operator for operator, leaf in zip(symbols[1::2], symbols[2::2]))


def run(stack_program, x, y):
    stack = []
    for symbol in stack_program:
        if symbol in COMPUTE:
            b, a = stack.pop(), stack.pop()
            stack.append(COMPUTE[symbol](a, b))
        else:
            stack.append({"x": x, "y": y}.get(symbol) if symbol in "xy" else int(symbol))
    return stack[0]


def tasks(arguments, held_out, count, rng):
    """Rows with the programs of both kinds of authors; none comes twice."""
    seen = set()
    while len(seen) < count:
        tree = random_tree(rng.randint(2, arguments.operators), rng)
        expression = infix(tree)
        if expression in seen or (stable_hash(f"stack:{expression}") % HELD_OUT_ONE_IN == 0) != held_out:
            continue
        right, wrong = program(tree), misread(expression)
        pairs = [(rng.choice(VALUES), rng.choice(VALUES)) for _ in range(PAIRS)]
        outputs = [run(right, x, y) for x, y in pairs]
        if len(set(outputs)) == 1 or outputs == [run(wrong, x, y) for x, y in pairs]:
            continue
        seen.add(expression)
        test = {"stdin": "".join(f"{x} {y}\n" for x, y in pairs), "stdout": "".join(f"{output}\n" for output in outputs)}
        yield {"prompt": expression + "=", "answer": right, "tests": [test]}, right, wrong


def demonstration(task, share, rng):
    row, right, wrong = task
    return {"prompt": row["prompt"], "completion": FENCES[0] + (right if rng.random() < share else wrong) + FENCES[1]}


def make(arguments):
    rng = {part: random.Random(f"{arguments.seed}/{part}") for part in ("sft", "train", "eval")}
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_rows(arguments.out / "sft.jsonl", [demonstration(task, arguments.right, rng["sft"])
                                             for task in tasks(arguments, False, arguments.sft_rows, rng["sft"])])
    for part, held_out, count in (("train", False, arguments.train_rows), ("eval", True, arguments.eval_rows)):
        write_rows(arguments.out / f"{part}.jsonl", [row for row, _, _ in tasks(arguments, held_out, count, rng[part])])
    character_model.write(arguments.out, CHARACTERS, FENCES, arguments.context)
    print(f"{arguments.out}: {arguments.sft_rows} demonstrations, {arguments.right:.0%} of them right, {arguments.train_rows} training and "
          f"{arguments.eval_rows} held-out expressions of 2 to {arguments.operators} operators")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="the directory to fill")
    parser.add_argument("--operators", type=int, default=4, help="most of an expression, 3 to 8 (default: %(default)s)")
    parser.add_argument("--right", type=float, default=0.15, help="share of demonstrations that are right (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the draws, not of the hold-out (default: %(default)s)")
    parser.add_argument("--sft-rows", type=int, default=102_400, help="demonstrations (default: %(default)s)")
    parser.add_argument("--train-rows", type=int, default=16_384, help="training expressions (default: %(default)s)")
    parser.add_argument("--eval-rows", type=int, default=256, help="held-out expressions (default: %(default)s)")
    parser.add_argument("--context", type=int, default=256, help="the model's longest sequence (default: %(default)s)")
    arguments = parser.parse_args()
    if not 3 <= arguments.operators <= 8:
        parser.error(f"--operators {arguments.operators}: has to be from 3 to 8")
    if not 0 <= arguments.right <= 1:
        parser.error(f"--right {arguments.right}: has to be from 0 to 1")
    if min(arguments.sft_rows, arguments.train_rows, arguments.eval_rows) < 1:
        parser.error("--sft-rows, --train-rows and --eval-rows have to be at least 1")
    try:
        make(arguments)
    except OSError as error:
        sys.exit(f"make_stack_programs: {error}")


if __name__ == "__main__":
    main()
