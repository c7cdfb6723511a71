#!/usr/bin/env python3
"""Writes language_texts.tsv from language_segments.txt, whose head holds the rule of the labels.

    python3 -m venv /tmp/labels && /tmp/labels/bin/pip install jieba==0.42.1
    /tmp/labels/bin/python tests/libs/scoring/make_language_texts.py

It knows the language of each word from the segment it stands in and what is math or code from the marks alone: it removes
nothing, recognises nothing, and counts Chinese by jieba. So no label depends on what the C++ code does.
"""

import logging
import pathlib
import re
import unicodedata

import jieba

HERE = pathlib.Path(__file__).parent
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SEGMENT = re.compile(r"⟦(?:([a-z]{2})(?:=(\d+))?:)?(.*?)⟧", re.DOTALL)
HEAD = """\
# Written by make_language_texts.py from language_segments.txt, which tells how the texts are composed and labelled: rule first, then
# texts, then the function. A label is never changed to suit the code.
# target <tab> share of the words that are of it, or none <tab> text (\\n for a new line, \\\\ for a backslash)
"""


def script(letter: str) -> str:
    return unicodedata.name(letter, "?").split("-")[0].split()[0]


def is_han(letter: str) -> bool:
    return script(letter) == "CJK"


def count_words(language: str, text: str) -> int:
    if language == "zh":
        return sum(any(map(is_han, word)) for word in jieba.cut(text))
    # Hindi's vowel signs are marks, no letters: they would part its words.
    text = "".join(" " if unicodedata.category(c)[0] in "PSZC" and c not in "'’" else c for c in text)
    text = "".join(c for c in text if not unicodedata.category(c).startswith("M"))
    words = [word for word in WORD.findall(text) if any(c.isalpha() for c in word)]
    short = ("LATIN", "GREEK", "CYRILLIC")
    return sum(not (len(word) == 1 and script(word) in short) for word in words)


def check_marks(where: str, base: str, text: str) -> None:
    """What is not marked must be of the base's script, so that nothing was forgotten."""
    for letter in filter(str.isalpha, text):
        name = script(letter)
        fits = {"zh": name == "CJK", "ja": name in ("CJK", "HIRAGANA", "KATAKANA"),
                "ko": name == "HANGUL", "ru": name == "CYRILLIC", "ar": name == "ARABIC", "el": name == "GREEK",
                "he": name == "HEBREW", "hi": name == "DEVANAGARI", "th": name == "THAI"}.get(base, name == "LATIN")
        if not fits:
            raise SystemExit(f"{where}: {letter!r} ({name}) is not marked in {text!r}")


def compose(where: str, base: str, marked: str) -> tuple[str, dict[str, int]]:
    plain, counts, at = "", {}, 0

    def add(language: str, text: str, given: str | None = None) -> None:
        nonlocal plain
        plain += text
        check_marks(where, language, text)
        counts[language] = counts.get(language, 0) + (int(given) if given else count_words(language, text))

    for segment in SEGMENT.finditer(marked):
        add(base, marked[at:segment.start()])
        if segment[1]:
            add(segment[1], segment[3], segment[2])
        else:
            plain += segment[3]
        at = segment.end()
    add(base, marked[at:])
    return plain, counts


def main() -> None:
    jieba.setLogLevel(logging.WARNING)
    lines = []
    for number, line in enumerate((HERE / "language_segments.txt").read_text().split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        target, base, marked = line.split("|", 2)
        target, base = target.strip(), base.strip()
        plain, counts = compose(f"line {number}", base, marked[1:].replace("\\n", "\n"))
        total = sum(counts.values())
        share = f"{counts.get(target, 0) / total:.4f}" if total else "none"
        lines.append(f"{target}\t{share}\t" + plain.replace("\\", "\\\\").replace("\n", "\\n"))
    (HERE / "language_texts.tsv").write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
