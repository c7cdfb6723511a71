#!/usr/bin/env python3
"""Compares Cohort's tokenizer with Hugging Face's `tokenizers`, id by id, on fuzzed strings.

    tokenizer_parity.py --program build/tests/tokenizer_ids --count 100000 models/smollm2

Each DIRECTORY's tokenizer.json is read by both. Strings are made from a seed: emoji with joiners, CJK, Hangul,
combining marks, line ends, odd spaces, digits, contractions, added tokens inside the text, any character that Unicode
14 assigns (PCRE2 10.42 knows no later one). --every-character adds one string for each of these. One string in ten has
damaged bytes, which Python reads with errors="replace". Random ids are decoded by both as well. Ends with 0 when all are equal, 1 when not, 77 when something that it needs is not there.
"""
import argparse
import pathlib
import random
import struct
import subprocess
import sys
import unicodedata

SKIP = 77
SPACES = [" ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", "\r", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\v",
          "\u200b", "\u180e", "\ufeff", " \n ", "\x1c", "\x00"]
WORDS = ["the", "Answer", "is", "don't", "they're", "I'LL", "we've", "x'd", "'s", "'S", "it\u2019s", "HTTPServer", "na\u00efve",
         "\u0130stanbul", "\u017f", "Stra\u00dfe", "foo_bar", "a.b", "...", "!?", "->", "{}", "</", "$1", "%d", "#", "\\n"]
EMOJI = ["\U0001f642", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f468\U0001f3fd\u200d\U0001f680",
         "\U0001f1e9\U0001f1ea", "\u2764\ufe0f", "1\ufe0f\u20e3", "\U0001f3f4\U000e0067\U000e0062\U000e007f"]
MARKS = ["e\u0301", "\u0301", "n\u0303\u0323", "\u0915\u094d\u0937\u093f", "\u05e9\u05c1", "\u0627\u064e", "\u0e01\u0e34"]
DIGITS = ["7", "42", "1234567890", "3.14", "1,000", "\u0663\u0664", "\u00bd", "\u00b2", "\u2167", "\u4e09", "\u3007", "\U0001d7d8"]
RANGES = {"cjk": (0x4E00, 0x9FFC), "hangul": (0xAC00, 0xD7A3), "jamo": (0x1100, 0x11FF), "kana": (0x3041, 0x3096),
          "cyrillic": (0x400, 0x4FF), "arabic": (0x620, 0x64A), "latin": (0xA1, 0x24F), "ascii": (0x20, 0x7E)}


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIP)


def assigned_characters():
    """What Unicode 14 assigns, without surrogates and private use."""
    return [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]


class Fuzzer:
    def __init__(self, seed, added, assigned):
        self.rng = random.Random(seed)
        self.added = added
        self.assigned = assigned

    def characters(self):
        low, high = self.rng.choice(list(RANGES.values()))
        count = self.rng.randint(1, 8)
        drawn = (chr(self.rng.randint(low, high)) for _ in range(count))
        return "".join(c for c in drawn if unicodedata.category(c) != "Cn")

    def piece(self):
        kind = self.rng.random()
        if kind < 0.25:
            return self.rng.choice(SPACES)
        if kind < 0.45:
            return self.rng.choice(WORDS)
        if kind < 0.60:
            return self.characters()
        if kind < 0.68:
            return self.rng.choice(DIGITS)
        if kind < 0.74:
            return self.rng.choice(EMOJI + MARKS)
        if kind < 0.86:
            return self.rng.choice(self.assigned)
        if kind < 0.88:
            return "\ufffd" * self.rng.randint(1, 3)
        if kind < 0.90:
            return self.rng.choice("a \n0\u4f60") * self.rng.randint(1, 60)
        token = self.rng.choice(self.added)
        return token if kind < 0.98 else token[:self.rng.randint(1, len(token))]

    def text(self):
        """Bytes, mostly well-formed UTF-8."""
        data = bytearray("".join(self.piece() for _ in range(self.rng.randint(0, 24))), "utf-8")
        if data and self.rng.random() < 0.1:
            for _ in range(self.rng.randint(1, 4)):
                self.damage(data, self.rng.randrange(len(data) + 1))
        return bytes(data)

    def damage(self, data, at):
        if self.rng.random() < 0.5:
            del data[at:at + self.rng.randint(1, 3)]
        else:
            data[at:at] = bytes(self.rng.randrange(0x80, 0x100) for _ in range(self.rng.randint(1, 3)))


def run(program, directory, mode, records):
    result = subprocess.run([program, str(directory), mode], input=b"".join(records), stdout=subprocess.PIPE)
    if result.returncode != 0:
        sys.exit(f"{directory}: {program} failed with {result.returncode}")
    return memoryview(result.stdout)


def encode(program, directory, texts):
    """Ids and dropped bytes of each text."""
    output = run(program, directory, "encode", [struct.pack("=I", len(text)) + text for text in texts])
    at = 0
    for _ in texts:
        (count,) = struct.unpack_from("=I", output, at)
        *ids, dropped = struct.unpack_from(f"={count}iI", output, at + 4)
        at += 8 + 4 * count
        yield ids, dropped
    if at != len(output):
        sys.exit(f"{directory}: the program wrote {len(output) - at} bytes too many")


def decode(program, directory, sequences):
    output = run(program, directory, "decode", [struct.pack(f"=I{len(ids)}i", len(ids), *ids) for ids in sequences])
    at = 0
    for _ in sequences:
        (length,) = struct.unpack_from("=I", output, at)
        yield bytes(output[at + 4:at + 4 + length]).decode("utf-8")
        at += 4 + length


def report(directory, what, count, differing, dropped=None):
    tail = "" if dropped is None else f", {dropped} bytes dropped"
    print(f"{directory}: {what}: {count - len(differing)} of {count} equal{tail}", flush=True)
    for given, ours, theirs in differing[:5]:
        print(f"  {given!r}\n    cohort       {ours!r}\n    hugging face {theirs!r}")
    return not differing


def compare(program, directory, arguments, assigned):
    from tokenizers import Tokenizer

    theirs = Tokenizer.from_file(str(directory / "tokenizer.json"))
    added = [token.content for token in theirs.get_added_tokens_decoder().values()]
    fuzzer = Fuzzer(arguments.seed, added, assigned)
    texts = [fuzzer.text() for _ in range(arguments.count)]
    if arguments.every_character:
        texts += [f"a{c}b {c}{c} 1{c}2'{c}\n{c}".encode("utf-8") for c in assigned]

    differing, dropped = [], 0
    strings = [text.decode("utf-8", errors="replace") for text in texts]
    expected = (encoding.ids for start in range(0, len(strings), 1000)
                for encoding in theirs.encode_batch(strings[start:start + 1000], add_special_tokens=False))
    for text, (ids, lost), wanted in zip(texts, encode(program, directory, texts), expected, strict=True):
        dropped += lost
        if ids != wanted:
            differing.append((text, ids, wanted))
    equal = report(directory, "encode", len(texts), differing, dropped)

    size = theirs.get_vocab_size()
    sequences = [[fuzzer.rng.randrange(size) for _ in range(fuzzer.rng.randint(0, 24))]
                 for _ in range(max(1, arguments.count // 5))]
    differing = []
    for ids, ours in zip(sequences, decode(program, directory, sequences), strict=True):
        wanted = theirs.decode(ids, skip_special_tokens=len(ids) % 2 == 1)
        if ours != wanted:
            differing.append((ids, ours, wanted))
    return report(directory, "decode", len(sequences), differing) and equal


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", type=pathlib.Path, metavar="DIRECTORY")
    parser.add_argument("--program", required=True, help="the tokenizer_ids of this folder")
    parser.add_argument("--count", type=int, default=10_000, help="strings per directory (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every-character", action="store_true", help="one string for each assigned character, too")
    arguments = parser.parse_args()
    try:
        import tokenizers  # noqa: F401
    except ImportError:
        skip("no Python package tokenizers: pip install -r scripts/requirements-model.txt")
    if unicodedata.unidata_version != "14.0.0":
        skip(f"this Python knows Unicode {unicodedata.unidata_version}, not 14: run it with Python 3.11")
    for directory in arguments.directories:
        if not (directory / "tokenizer.json").is_file():
            skip(f"{directory}/tokenizer.json is not there: python3 scripts/make_smollm2.py {directory}")
    assigned = assigned_characters()
    results = [compare(arguments.program, directory, arguments, assigned) for directory in arguments.directories]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
