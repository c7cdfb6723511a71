"""What the makers of demo data share: a hold-out that never moves, and files that appear whole."""
import hashlib
import json
import os


def stable_hash(text):
    """64 bits that depend on the text alone: not on a seed, a process or Python's version."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def held_out_share(names, share):
    """The names of the lowest hashes, `share` of them all: the same set whatever the order of `names`."""
    ranked = sorted(names, key=lambda name: (stable_hash(name), name))
    return set(ranked[:round(len(ranked) * share)])


def repeated(pool, count, rng):
    """`count` members of the pool in random passes: none comes a second time before all came once."""
    drawn = []
    while len(drawn) < count:
        drawn += rng.sample(pool, min(len(pool), count - len(drawn)))
    return drawn


def write_text(path, text):
    beside = path.with_name(path.name + ".partial")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def write_json(path, value):
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_rows(path, rows):
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
