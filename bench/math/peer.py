"""Math-Verify behind a pipe: a line {"gold", "answer"} comes in, a line {"verdict", "cpu_us"} goes out. Its defaults stay, its timeouts too.

Its README asks for LaTeX in a mathematical environment: a gold is put in $…$, an answer in $\\boxed{…}$ unless it has marks of its own.
Of $…$, \\boxed{…}, $\\boxed{…}$ and the bare text, this agrees best with the truth. Parsing both sides is in the time, the import is not.
"""
import json
import logging
import re
import sys
import time

from math_verify import parse, verify

MARKED = re.compile(r"(?<!\\)\$|\\\(|\\boxed")


def boxed(answer):
    """A full stop that ends the sentence stays outside."""
    stop = "." * (answer.endswith(".") and not answer.endswith(".."))
    return rf"$\boxed{{{answer.removesuffix(stop)}}}${stop}"


def judge(gold, answer):
    answer = answer if MARKED.search(answer) else boxed(answer.strip())
    start = time.process_time_ns()
    try:
        verdict = "equal" if verify(parse(f"${gold}$"), parse(answer)) else "different"
    except Exception as error:  # whatever a pair provokes, the next one is judged
        verdict = type(error).__name__
    return {"verdict": verdict, "cpu_us": (time.process_time_ns() - start) / 1000}


def main():
    logging.disable(logging.CRITICAL)
    judge("1", "2")  # loads what is loaded late
    for line in sys.stdin:
        pair = json.loads(line)
        print(json.dumps(judge(pair["gold"], pair["answer"])), flush=True)


if __name__ == "__main__":
    main()
