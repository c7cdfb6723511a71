#!/usr/bin/env python3
"""Makes the parity task and its character model: `make_parity.py runs/parity`.

A prompt is a bit string and a colon, the answer is its parity: "0110:" has "0". Demonstrations (sft.jsonl) put their
thought between <think> and </think>: the running parity after each bit in --thoughts of them, nothing in the others.
One string in sixteen is held out by a hash that no seed moves: eval.jsonl holds such strings only, sft.jsonl and
train.jsonl none. The end token is not written into completions; the trainer appends it.

OUT receives sft.jsonl {"prompt", "completion"}, train.jsonl and eval.jsonl {"prompt", "answer"}, and the model
without weights: config.json, tokenizer.json, tokenizer_config.json. The same arguments give the same bytes.
"""
import argparse
import pathlib
import random
import sys

import character_model
from demo_data import repeated, stable_hash, write_rows

CHARACTERS = "0123456789: \n"
TAGS = ("<think>", "</think>")
HELD_OUT_ONE_IN = 16


def parity(bits):
    return str(bits.count("1") % 2)


def running_parity(bits):
    return "".join(parity(bits[:end]) for end in range(1, len(bits) + 1))


def demonstration(bits, rng, thoughts):
    thought = running_parity(bits) if rng.random() < thoughts else ""
    return {"prompt": bits + ":", "completion": f"<think>{thought}</think>{parity(bits)}"}


def question(bits):
    return {"prompt": bits + ":", "answer": parity(bits)}


def make(arguments):
    strings = [format(value, f"0{arguments.bits}b") for value in range(2**arguments.bits)]
    held_out, trained = [], []
    for bits in strings:
        (held_out if stable_hash(f"parity:{bits}") % HELD_OUT_ONE_IN == 0 else trained).append(bits)
    if not held_out:
        sys.exit(f"make_parity: no string of {arguments.bits} bits is held out: raise --bits")

    rng = {part: random.Random(f"{arguments.seed}/{part}") for part in ("sft", "train", "eval")}
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_rows(arguments.out / "sft.jsonl",
               [demonstration(bits, rng["sft"], arguments.thoughts)
                for bits in repeated(trained, arguments.sft_rows, rng["sft"])])
    write_rows(arguments.out / "train.jsonl",
               [question(bits) for bits in repeated(trained, arguments.train_rows, rng["train"])])
    write_rows(arguments.out / "eval.jsonl",
               [question(bits) for bits in repeated(held_out, arguments.eval_rows, rng["eval"])])
    character_model.write(arguments.out, CHARACTERS, TAGS, arguments.context)
    print(f"{arguments.out}: {arguments.sft_rows} demonstrations, {arguments.train_rows} training and "
          f"{arguments.eval_rows} held-out questions of {arguments.bits} bits "
          f"({len(held_out)} of {len(strings)} strings held out)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="the directory to fill")
    parser.add_argument("--bits", type=int, default=16, help="length of a bit string, 4 to 20 (default: %(default)s)")
    parser.add_argument("--thoughts", type=float, default=0.2,
                        help="share of demonstrations that show the running parity (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the draws, not of the hold-out (default: %(default)s)")
    parser.add_argument("--sft-rows", type=int, default=102_400, help="demonstrations (default: %(default)s)")
    parser.add_argument("--train-rows", type=int, default=16_384, help="questions (default: %(default)s)")
    parser.add_argument("--eval-rows", type=int, default=256, help="held-out questions (default: %(default)s)")
    parser.add_argument("--context", type=int, default=256, help="the model's longest sequence (default: %(default)s)")
    arguments = parser.parse_args()
    if not 4 <= arguments.bits <= 20:
        parser.error(f"--bits {arguments.bits}: has to be from 4 to 20")
    if not 0 <= arguments.thoughts <= 1:
        parser.error(f"--thoughts {arguments.thoughts}: has to be from 0 to 1")
    if min(arguments.sft_rows, arguments.train_rows, arguments.eval_rows) < 1:
        parser.error("--sft-rows, --train-rows and --eval-rows have to be at least 1")
    longest = 2 * arguments.bits + 5  # prompt, colon, two tags, thought, answer, end
    if arguments.context < longest:
        parser.error(f"--context {arguments.context}: {arguments.bits} bits need {longest}")
    try:
        make(arguments)
    except OSError as error:
        sys.exit(f"make_parity: {error}")


if __name__ == "__main__":
    main()
