#!/usr/bin/env python3
"""The checker finds each kind of wrong in histories written by hand, and nothing in a right one."""
import shutil

import checker
from processes import SCRATCH, check

# Prompt 0 has two samples; prompt 1 always fails, with one sample put before; of prompt 2 sample 1 always fails.
FATES = {(1, 0): (2, False, frozenset()), (1, 1): (2, True, frozenset()), (1, 2): (1, False, frozenset({1}))}
NOTHING = (0, False, frozenset())
RIGHT = {
    "producer-1": ["put 0", "put 1", "confirmed 1", "confirmed 0", "put 2", "confirmed 2", "floor 2"],
    "worker-1": ["took p 1 0 0 7 1 1 0", "settled p 1 0 0 7 1", "took p 1 1 0 7 2 1 0", "took p 1 2 0 7 3 1 1",
                 "settled p 1 2 0 7 3"],
    "scorer-1": ["took r 1 0 1 7 4 1 0", "took r 1 0 2 7 5 1 0", "settled r 1 0 1 7 4", "settled r 1 0 2 7 5",
                 "took r 1 1 1 7 6 1 0", "took r 1 2 1 7 8 1 0"],
    "sink-1": ["resume", "took s 1 0 1 7 9 1 0", "effect 1 0 1 7 1 7 4", "effect 1 0 2 7 1 7 5", "checkpoint 1",
               "settled s 1 0 1 7 9", "effect 1 1 1 7 2 7 6", "resume", "dead 1 1 0 dead 1", "effect 1 1 1 7 2 7 6",
               "dead 1 2 1 dead", "checkpoint 2"],
}


def verdict_of(name, change=lambda lines: None):
    histories = {file: list(lines) for file, lines in RIGHT.items()}
    change(histories)
    folder = SCRATCH / "checker-test"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, lines in histories.items():
        (folder / file).write_text("".join(f"{line} .\n" for line in lines) + "took s 1 0")  # cut short by a kill
    verdict = checker.judge(folder, lambda space, cursor: FATES.get((space, cursor), NOTHING))
    return verdict.lost, verdict.doubled, verdict.invented, f"{name}: {verdict.wrong}"


def expect(name, wanted, change):
    *found, text = verdict_of(name, change)
    check(tuple(found) == wanted, f"(lost, doubled, invented) = {tuple(found)}, expected {wanted}; {text}")


def replace(file, old, new):
    def change(histories):
        check(old in histories[file], f"no line {old}")
        at = histories[file].index(old)
        histories[file][at:at + 1] = new
    return change


def append(file, *lines):
    return lambda histories: histories[file].extend(lines)


def main():
    expect("right", (0, 0, 0), lambda histories: None)
    expect("an effect is missing", (1, 0, 0), replace("sink-1", "effect 1 0 2 7 1 7 5", []))
    expect("an effect is in no checkpoint", (2, 0, 0), replace("sink-1", "checkpoint 2", []))
    expect("an unconfirmed task may be missing", (0, 0, 0), append("producer-1", "put 3"))
    expect("a dead prompt has no obituary", (1, 0, 0), replace("sink-1", "dead 1 1 0 dead 1", []))
    expect("a prompt died without need", (1, 0, 0), append("sink-1", "dead 1 0 0 expired", "checkpoint 3"))
    expect("a sample died without need", (1, 0, 0), replace("sink-1", "effect 1 0 1 7 1 7 4", ["dead 1 0 1 dead"]))
    expect("a second effect", (0, 1, 0), append("sink-1", "effect 1 0 1 7 1 7 4", "checkpoint 3"))
    expect("two attempts count", (0, 1, 0), append("worker-1", "took p 1 0 0 8 1 1 1", "settled p 1 0 0 8 1"))
    expect("one attempt is told twice", (0, 0, 0), append("worker-1", "settled p 1 0 0 7 1"))
    expect("nobody put it", (0, 0, 1), append("sink-1", "effect 1 9 1 7 1 7 4", "checkpoint 3"))
    expect("the prompt has no such sample", (0, 0, 1), append("sink-1", "effect 1 0 3 7 1 7 4", "checkpoint 3"))
    expect("the obituary does not name it", (0, 0, 1), replace("sink-1", "dead 1 1 0 dead 1", ["dead 1 1 0 dead"]))
    expect("what always fails has a score", (0, 0, 1),
           replace("sink-1", "dead 1 2 1 dead", ["effect 1 2 1 7 3 7 8"]))
    expect("nobody made it", (0, 0, 1), replace("sink-1", "effect 1 0 1 7 1 7 4", ["effect 1 0 1 7 1 7 5"]))
    expect("a body is damaged", (0, 0, 1), append("worker-1", "corrupt p 1 0 0 the body is damaged"))
    print("16 histories judged")


if __name__ == "__main__":
    main()
