"""Rules for golds that are intervals or unions of them. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import sympy

import errors
from meaning import Interval, Set, Unread, Value
from terms import tree, value
from texts import comma, members, wrapped, written


def bracketed(part, texts, rng):
    _, low_in, _, high_in = part
    big = rng.random() < 0.3
    left, right = "[" if low_in else "(", "]" if high_in else ")"
    return (r"\left" * big) + left + comma(rng).join(texts) + (r"\right" * big) + right


def intervals(parts, rng, changed=0.35):
    plain = rng.random() < 0.3
    texts, values = [], []
    for part in parts:
        ends, found, _ = members((part[0], part[2]), rng, plain, changed)
        texts.append(bracketed(part, ends, rng))
        values.append((found[0], part[1], found[1], part[3]))
    both = list(zip(texts, values))
    rng.shuffle(both)
    return (" ∪ " if plain else r" \cup ").join(text for text, _ in both), Interval(tuple(values))


def interval_rewritten(gold, rng):
    return intervals(gold.meaning.parts, rng)


def element_of(gold, rng):
    text, meaning = intervals(gold.meaning.parts, rng)
    return rf"x \in {text}", meaning


def inequality_text(part, rng, changed=0.3):
    low, low_in, high, high_in = part
    (a, b), (low, high), plain = members((low, high), rng, None, changed)
    less = [("<", r"\le" if not plain else "≤"), ("<", r"\leq" if not plain else "<=")][rng.random() < 0.5]
    more = [(">", r"\ge" if not plain else "≥"), (">", r"\geq" if not plain else ">=")][rng.random() < 0.5]
    x = "x"
    meaning = (low, low_in, high, high_in)
    if low == -sympy.oo and high == sympy.oo:
        return None
    if low == -sympy.oo:
        return rng.choice([f"{x} {less[high_in]} {b}", f"{b} {more[high_in]} {x}"]), meaning
    if high == sympy.oo:
        return rng.choice([f"{x} {more[low_in]} {a}", f"{a} {less[low_in]} {x}"]), meaning
    forward = f"{a} {less[low_in]} {x} {less[high_in]} {b}"
    return forward if rng.random() < 0.75 else f"{b} {more[high_in]} {x} {more[low_in]} {a}", meaning


def inequality(gold, rng):
    parts = gold.meaning.parts
    if len(parts) > 1:
        return None
    text, part = inequality_text(parts[0], rng)
    return text, Interval((part,))


def interval_wrapped(gold, rng):
    text, meaning = intervals(gold.meaning.parts, rng)
    return wrapped(text, rng), meaning


def changed_part(gold, rng, change):
    parts = list(gold.meaning.parts)
    at = rng.randrange(len(parts))
    parts[at] = change(parts[at])
    if parts[at] is None or not all(low < high for low, _, high, _ in parts) or any(a[2] > b[0] for a, b in zip(parts, parts[1:])):
        return None
    touching = any(a[2] == b[0] and (a[3] or b[1]) for a, b in zip(parts, parts[1:]))
    return None if touching else parts


def told(parts, rng):
    if parts is None:
        return None
    if len(parts) == 1 and rng.random() < 0.4:
        text, part = inequality_text(parts[0], rng, changed=0) or (None, None)
        return text and (text, Interval((part,)))
    return intervals(parts, rng, changed=0)


def open_for_closed(gold, rng):
    def change(part):
        low, low_in, high, high_in = part
        ends = [n for n, end in (("low", low), ("high", high)) if end.is_finite]
        flip = rng.sample(ends, rng.randint(1, len(ends)))
        return low, low_in != ("low" in flip), high, high_in != ("high" in flip)

    return told(changed_part(gold, rng, change), rng)


def end_moved(gold, rng):
    def change(part):
        low, low_in, high, high_in = part
        step = rng.choice([1, -1, 2, sympy.Rational(1, 2), 10])
        return (low + step, low_in, high, high_in) if rng.random() < 0.5 else (low, low_in, high + step, high_in)

    return told(changed_part(gold, rng, change), rng)


def ends_rounded(gold, rng):
    low, low_in, high, high_in = gold.meaning.parts[0]
    near = [errors.decimal_short(end, rng) if end.is_finite else None for end in (low, high)]
    if None in near or len(gold.meaning.parts) > 1:
        return None
    part = value(near[0]), low_in, value(near[1]), high_in
    return bracketed(part, [written(term, rng)[0] for term in near], rng), Interval((part,))


def mirrored(gold, rng):
    parts = [(-high, high_in, -low, low_in) for low, low_in, high, high_in in reversed(gold.meaning.parts)]
    return told(parts, rng)


def ray_turned(gold, rng):
    low, low_in, high, high_in = gold.meaning.parts[-1]
    if high == sympy.oo:
        return told([(-sympy.oo, False, low, low_in)], rng)
    return told([(high, high_in, sympy.oo, False)], rng) if rng.random() < 0.5 else told([(-sympy.oo, False, high, high_in)], rng)


def part_of_union(gold, rng):
    parts = gold.meaning.parts
    return told([rng.choice(parts)], rng) if len(parts) > 1 else None


def joined_union(gold, rng):
    parts = gold.meaning.parts
    return told([(parts[0][0], parts[0][1], parts[-1][2], parts[-1][3])], rng) if len(parts) > 1 else None


def part_added(gold, rng):
    parts = gold.meaning.parts
    high = parts[-1][2]
    return told([*parts, (high + 1, False, high + 3, False)], rng) if high.is_finite else None


def ends_alone(gold, rng):
    ends = [end for low, _, high, _ in gold.meaning.parts for end in (low, high) if end.is_finite]
    texts = [written(tree(end, rng), rng)[0] for end in ends]
    return (texts[0], Value(ends[0])) if len(ends) == 1 else (r"\{" + ", ".join(texts) + r"\}", Set(tuple(ends)))


def interval_and_more(gold, rng):
    text, _ = intervals(gold.meaning.parts, rng, changed=0)
    return text + rng.choice(["?", r" \ldots", r" + 1", r" \text{ or all reals}", r" \text{ (approximately)}", ", 7"]), Unread()


def rules(_):
    """(equal, wrong) rules."""
    return ([interval_rewritten, element_of, inequality, inequality, interval_wrapped],
            [open_for_closed, open_for_closed, end_moved, ends_rounded, mirrored, ray_turned, part_of_union, joined_union, part_added, ends_alone,
             interval_and_more])
