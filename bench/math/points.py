"""Rules for golds that are points or vectors. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import sympy

import errors
from errors import slip
from meaning import Listed, Tuple, Unread, Value
from terms import tree, value
from texts import ROW, comma, factor_text, members, wrapped, written


def pair(left, right, rng, plain):
    """Brackets, sometimes \\left and \\right."""
    return rng.choice([("(", ")"), (r"\left(", r"\right)"), (r"\left( ",
                                                             r" \right)")]) if not plain and (left, right) == ("(", ")") else (left, right)


def round_brackets(gold, rng):
    texts, values, plain = members(gold.meaning.items, rng)
    left, right = pair("(", ")", rng, plain)
    return left + comma(rng).join(texts) + right, Tuple(values)


def bare_in_order(gold, rng):
    texts, values, _ = members(gold.meaning.items, rng)
    return ", ".join(texts), Listed(values)


def angle_brackets(gold, rng):
    texts, values, _ = members(gold.meaning.items, rng, plain=False)
    return rf"\langle {comma(rng).join(texts)} \rangle", Tuple(values)


def column(gold, rng):
    texts, values, _ = members(gold.meaning.items, rng, plain=False)
    kind, joint = rng.choice("pb"), rng.choice([r" \\ ", r"\\", r" \\ ", " & "])
    return rf"\begin{{{kind}matrix}} {joint.join(texts)} \end{{{kind}matrix}}", Tuple(values)


def column_by_factor(gold, rng):
    """½(2, 4) as a column."""
    items = gold.meaning.items
    k = sympy.Rational(1, rng.choice([2, 3, sympy.ilcm(*[i.q for i in items])])) if all(i.is_Rational for i in items) else sympy.Integer(1)
    common = sympy.igcd(*[i.p for i in items]) if all(i.is_Integer for i in items) else 1
    k = sympy.Integer(common) if common > 1 and rng.random() < 0.5 else k
    if k == 1 or any((i / k).q > 50 or not (i / k).is_Rational for i in items):
        return None
    texts, values, _ = members([i / k for i in items], rng, plain=False, changed=0)
    factor = factor_text(k, rng)
    return rf"{factor} \begin{{pmatrix}} {ROW.join(texts)} \end{{pmatrix}}", Tuple(tuple(k * v for v in values))


def square_brackets(gold, rng):
    if len(gold.meaning.items) < 3:
        return None
    texts, values, _ = members(gold.meaning.items, rng)
    return f"[{comma(rng).join(texts)}]", Tuple(values)


def named(gold, rng, items=None):
    """x=1, y=2, in any order."""
    items = items or gold.meaning.items
    if len(items) > 4:
        return None
    texts, values, _ = members(items, rng, changed=0.2)
    names = rng.choice({2: ["xy", "ab", "mn", "xy"], 3: ["xyz", "abc", "xyz"], 4: ["abcd", "wxyz"]}[len(items)])
    said = [f"{n} = {t}" if rng.random() < 0.6 else f"{n}={t}" for n, t in zip(names, texts)]
    if rng.random() < 0.3:
        rng.shuffle(said)
    return rng.choice([", ", ", ", r" \text{ and } "] if len(said) == 2 else [", "]).join(said), Tuple(values)


def in_wrapping(gold, rng):
    texts, values, _ = members(gold.meaning.items, rng, plain=False)
    return wrapped(f"({comma(rng).join(texts)})", rng), Tuple(values)


# what follows is wrong


def as_tuple(terms, rng, column_too=True):
    plain = rng.random() < 0.3
    texts = [written(term, rng, plain)[0] for term in terms]
    if None in texts:
        return None
    if column_too and not plain and rng.random() < 0.5:
        return rf"\begin{{pmatrix}} {ROW.join(texts)} \end{{pmatrix}}", Tuple(tuple(map(value, terms)))
    return f"({comma(rng).join(texts)})", Tuple(tuple(map(value, terms)))


def one_member_wrong(gold, rng):
    items = list(gold.meaning.items)
    terms = [tree(item, rng) for item in items]
    at = rng.randrange(len(items))
    terms[at] = slip(items[at], rng)
    return as_tuple(terms, rng, gold.kind == "vector")


def members_permuted(gold, rng):
    items = list(gold.meaning.items)
    rng.shuffle(items)
    return as_tuple([tree(item, rng) for item in items], rng, gold.kind == "vector")


def bare_permuted(gold, rng):
    items = list(gold.meaning.items)
    rng.shuffle(items)
    texts, values, _ = members(items, rng, changed=0)
    return ", ".join(texts), Listed(values)


def signs_flipped(gold, rng):
    items = list(gold.meaning.items)
    at = rng.sample(range(len(items)), rng.randint(1, len(items)))
    return as_tuple([tree(-item if i in at else item, rng) for i, item in enumerate(items)], rng, gold.kind == "vector")


def member_missing(gold, rng):
    items = list(gold.meaning.items)
    del items[rng.randrange(len(items))]
    if len(items) == 1:
        return str(written(tree(items[0], rng), rng)[0]), Value(items[0])
    return as_tuple([tree(item, rng) for item in items], rng, gold.kind == "vector")


def member_added(gold, rng):
    items = list(gold.meaning.items)
    items.insert(rng.randint(0, len(items)), sympy.Integer(rng.choice([0, 0, 1, 2, -1])))
    return as_tuple([tree(item, rng) for item in items], rng, gold.kind == "vector")


def scaled(gold, rng):
    k = rng.choice([2, -1, sympy.Rational(1, 2), 3, 5])
    return as_tuple([tree(k * item, rng) for item in gold.meaning.items], rng, gold.kind == "vector")


def named_swapped(gold, rng):
    items = list(gold.meaning.items)
    rng.shuffle(items)
    return named(gold, rng, items)


def closed_interval(gold, rng):
    if len(gold.meaning.items) != 2 or gold.kind != "point":
        return None
    texts, values, _ = members(gold.meaning.items, rng, changed=0)
    return f"[{', '.join(texts)}]", Unread()


def decimals(gold, rng):
    terms = [errors.decimal_short(item, rng) or tree(item, rng) for item in gold.meaning.items]
    return as_tuple(terms, rng, gold.kind == "vector")


def more_behind(gold, rng):
    found = as_tuple([tree(item, rng) for item in gold.meaning.items], rng, gold.kind == "vector")
    return found[0] + rng.choice(["?", r" \ldots", " or (0,0)", " and (1, 1)", r" \text{ or } (0, 1)", ", 7", " + 1"]), Unread()


POINT = ([round_brackets, round_brackets, bare_in_order, angle_brackets, column, square_brackets, named, in_wrapping],
         [one_member_wrong, one_member_wrong, members_permuted, bare_permuted, signs_flipped, member_missing, member_added, scaled,
          named_swapped,
          closed_interval, decimals, more_behind])
VECTOR = ([*POINT[0], column_by_factor], POINT[1])


def rules(gold):
    """(equal, wrong) rules."""
    return VECTOR if gold.kind == "vector" else POINT
