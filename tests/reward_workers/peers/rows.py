"""500 rows: a question's gold and a completion as a model writes them: right or wrong, tagged or not, boxed or not, short or long."""
import json
import random

COUNT = 500
FILLER = ("Let me think about this step by step.", "First, we note that 3 + 4 = 7.", "Hmm, wait, that is not right.", "So $x = \\frac{1}{2}$ here.",
          "This costs 1,250 dollars.", "Therefore we multiply by 12.", "Let me check it again: yes.", "漢字 and é as well.")
ENDINGS = ("#### {}", "Answer: {}", "The answer is \\boxed{{{}}}.", "The final answer is ${}$. I hope it is correct.", "\\boxed{{{}}}", "Answer: ${}$", "It is {}.", "")


def rows(folder):
    """From GSM8K and MATH-500 in turn where they are in the folder, else from sums made up here."""
    source = random.Random(7)
    golds = _golds(folder) or [str(source.randrange(-999, 9999)) for _ in range(COUNT)]
    return [_row(source, gold) for gold in golds]


def _golds(folder):
    try:
        with open(folder / "gsm8k_test.jsonl", encoding="utf-8") as file:
            short = [json.loads(line)["answer"].rpartition("#### ")[2].replace(",", "") for line in file]
        with open(folder / "math500.jsonl", encoding="utf-8") as file:
            long = [json.loads(line)["answer"] for line in file]
    except FileNotFoundError:
        return None
    return [gold for pair in zip(short, long) for gold in pair][:COUNT]


def _row(source, gold):
    said = gold if source.random() < 0.5 else source.choice([f"{source.randrange(1000)}", f"-{gold}", f"\\frac{{{source.randrange(9)}}}{{7}}", ""])
    thought = " ".join(source.choice(FILLER) for _ in range(source.randrange(12)))
    end = source.choice(ENDINGS).format(said) + source.choice(["", "", "\n", " Done.", " and so on" * 40])
    text = source.choice(["<think>\n{}\n</think>\n{}", "<think>{}</think>{}", "{}\n{}", "<think>{}\n{}", "{}</think>{}", " <think>{}</think> {}"])
    completion = text.format(thought, end)
    # Some golds are no mathematics at all: there a verifier does not apply.
    return {"completion": completion, "answer": "no gold" if source.random() < 0.05 else gold, "prompt": "How much is it?",
            "completion_ids": [source.randrange(50000) for _ in range(source.randrange(1, 140))]}
