"""Rules for golds of several values: points, vectors, matrices, lists, intervals. A rule takes a Gold and a Random, and gives (text, meaning)."""
import sympy

import errors
import forms
from meaning import Interval, Listed, Matrix, Set, Tuple, Unread, Value
from terms import Style, tree, value
from values import wrapped, written

ROW = r" \\ "

def members(items, rng, plain=None, changed=0.35):
    """(texts, values, plain): the numbers, some in other forms."""
    plain = rng.random() < 0.35 if plain is None else plain
    texts, values = [], []
    for item in items:
        if item in (sympy.oo, -sympy.oo):
            sign = "-" if item < 0 else rng.choice(["", "", "+"])
            texts.append(sign + ("∞" if plain else r"\infty"))
            values.append(item)
            continue
        term = rng.choice(forms.inner(item))(item, rng) if rng.random() < changed else None
        text = term and written(term, rng, plain)[0]
        if not text:
            term = tree(item, rng)
            text = written(term, rng, plain)[0]
        texts.append(text)
        values.append(value(term))
    return texts, tuple(values), plain


def comma(rng):
    return rng.choice([",", ", ", ", "])


def pair(left, right, rng, plain):
    """Brackets, sometimes \\left and \\right."""
    return rng.choice([("(", ")"), (r"\left(", r"\right)"), (r"\left( ", r" \right)")]) if not plain and (left, right) == ("(", ")") else (left, right)


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


def factor_text(k, rng):
    text = written(tree(k, rng), rng, plain=False)[0]
    return f"({text})" if "/" in text else text


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


# wrong points and vectors


def slip(item, rng):
    """A number near the right one: (text, value)."""
    for _ in range(20):
        error = rng.choice([e for e in errors.of(item) if e not in (errors.letter_added, errors.pi_added, errors.squared_or_rooted)])
        term = error(item, rng)
        if term is not None:
            return term
    return tree(item + 1, rng)


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


# matrices


def matrix_text(terms, rng, kind=None):
    kind = kind or rng.choice(["p", "b", "b"])
    texts = [" & ".join(written(term, rng, plain=False)[0] for term in row) for row in terms]
    return rf"\begin{{{kind}matrix}} {ROW.join(texts)} \end{{{kind}matrix}}", Matrix(tuple(tuple(map(value, row)) for row in terms))


def matrix_rewritten(gold, rng):
    rows = [[(rng.choice(forms.inner(e))(e, rng) if rng.random() < 0.4 else None) or tree(e, rng) for e in row]
            for row in gold.meaning.rows]
    try:
        return matrix_text(rows, rng)
    except TypeError:
        return None


def matrix_by_factor(gold, rng):
    rows = gold.meaning.rows
    k = rng.choice([sympy.Integer(-1), sympy.Rational(1, 2), sympy.Rational(1, 3), sympy.Rational(-1, 2)])
    text, meaning = matrix_text([[tree(e / k, rng) for e in row] for row in rows], rng)
    factor = "-" if k == -1 else factor_text(k, rng)
    return factor + text, Matrix(tuple(tuple(k * e for e in row) for row in meaning.rows))


def matrix_wrapped(gold, rng):
    text, meaning = matrix_rewritten(gold, rng) or (None, None)
    return text and (wrapped(text, rng), meaning)


def entry_wrong(gold, rng):
    rows = [list(row) for row in gold.meaning.rows]
    i, j = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    rows[i][j] += rng.choice([1, -1, 2, -2, 3])
    return matrix_text([[tree(e, rng) for e in row] for row in rows], rng)


def entries_swapped(gold, rng):
    rows = [list(row) for row in gold.meaning.rows]
    i, j = (rng.randrange(len(rows)) for _ in range(2))
    rows[i][0], rows[j][1] = rows[j][1], rows[i][0]
    return matrix_text([[tree(e, rng) for e in row] for row in rows], rng)


def matrix_scaled(gold, rng):
    k = rng.choice([-1, 2, 3, sympy.Rational(1, 2)])
    return matrix_text([[tree(k * e, rng) for e in row] for row in gold.meaning.rows], rng)


def row_missing(gold, rng):
    rows = list(gold.meaning.rows)
    if rng.random() < 0.5:
        del rows[rng.randrange(len(rows))]
    else:
        rows.append((sympy.Integer(0),) * len(rows[0]))
    return matrix_text([[tree(e, rng) for e in row] for row in rows], rng)


def determinant(gold, rng):
    return rng.choice([(matrix_text([[tree(e, rng) for e in row] for row in gold.meaning.rows], rng, kind="v")[0], Unread()), ("1", Value(sympy.Integer(1))),
                       ("-1", Value(sympy.Integer(-1))), ("I", Unread()), ("-2", Value(sympy.Integer(-2)))])


# lists


def joined(texts, rng, braces=0.25):
    joint = rng.choice([", ", ",", ", ", " and ", r" \text{ and } ", " or ", "; ", r" \text{ or } "])
    if rng.random() < braces:
        return rng.choice([r"\{" + ", ".join(texts) + r"\}", r"\left\{" + ", ".join(texts) + r"\right\}"]), Set
    if len(texts) > 2 and joint not in (", ", ",", "; "):
        return ", ".join(texts[:-1]) + joint + texts[-1], Listed
    return joint.join(texts), Listed


def shuffled(items, rng):
    items = list(items)
    rng.shuffle(items)
    return items


def list_reordered(gold, rng):
    texts, values, _ = members(shuffled(gold.meaning.items, rng), rng)
    text, kind = joined(texts, rng)
    return text, kind(values)


def list_with_letter(gold, rng):
    texts, values, _ = members(shuffled(gold.meaning.items, rng), rng, changed=0.2)
    letter = rng.choice("xxxnt")
    return rng.choice([" or ", ", ", r" \text{ or } ", " and "]).join(f"{letter} = {text}" for text in texts), Listed(values)


def list_repeated(gold, rng):
    items = shuffled(gold.meaning.items, rng)
    texts, values, _ = members(items + [rng.choice(items)], rng, changed=0.2)
    return ", ".join(texts), Listed(values)


def plus_minus(gold, rng):
    """a ± b in other writings, of golds that hold two conjugate values."""
    couple = [(a, b) for a in gold.meaning.items for b in gold.meaning.items if not (a - b).is_Rational and (a + b).is_Rational]
    if not couple:
        return None
    a, b = couple[0]
    middle, apart = (a + b) / 2, sympy.expand(abs(a - b) / 2)
    style = Style.draw(rng)
    apart_term = rng.choice(forms.of(apart))(apart, rng) or tree(apart, rng)
    if apart_term.op in ("add", "neg", "literal") or style.plain and not style.unicode:
        return None
    k = rng.choice([2, 3])
    sign = "±" if style.plain else r"\pm"
    whole = style.write(tree(middle, rng))
    text = f"{whole} {sign} {style.write(apart_term)}"
    if not style.plain and rng.random() < 0.3:
        text = rf"\frac{{{style.write(tree(middle * k, rng))} \pm {style.write(tree(sympy.expand(apart * k), rng))}}}{{{k}}}"
        apart_term = tree(apart, rng)
    rest = [item for item in gold.meaning.items if item not in (a, b)]
    values = (middle + value(apart_term), middle - value(apart_term), *rest)
    if rest:
        return r"\{" + ", ".join(shuffled([text] + [written(tree(i, rng), rng)[0] for i in rest], rng)) + r"\}", Set(values)
    return rng.choice(["", "", "x = "]) + text, Listed(values)


def list_wrapped(gold, rng):
    texts, values, _ = members(shuffled(gold.meaning.items, rng), rng, plain=False)
    return wrapped(", ".join(texts), rng), Listed(values)


def list_member_missing(gold, rng):
    items = shuffled(gold.meaning.items, rng)[:-1]
    texts, values, _ = members(items, rng)
    return (texts[0], Value(values[0])) if len(items) == 1 else (joined(texts, rng)[0], Listed(values))


def list_member_added(gold, rng):
    items = shuffled([*gold.meaning.items, sympy.Integer(rng.choice([0, 1, 2, 3, 4, -1, 6]))], rng)
    texts, values, _ = members(items, rng, changed=0.2)
    return joined(texts, rng)[0], Listed(values)


def list_member_wrong(gold, rng):
    items = shuffled(gold.meaning.items, rng)
    terms = [tree(i, rng) for i in items[1:]] + [slip(items[0], rng)]
    texts = [written(term, rng)[0] for term in terms]
    return (", ".join(texts), Listed(tuple(map(value, terms)))) if None not in texts else None


def list_as_tuple(gold, rng):
    texts, values, _ = members(gold.meaning.items, rng, changed=0.2)
    return f"({comma(rng).join(texts)})", Tuple(values)


def members_merged(gold, rng):
    items = gold.meaning.items
    whole = sum(items)
    return rng.choice([(str(whole), Value(whole)), (written(tree(sympy.expand(sympy.prod(items)), rng), rng)[0], Value(sympy.expand(sympy.prod(items)))),
                       ("".join(str(i) for i in items), Unread()) if all(i.is_Integer and i > 0 for i in items) else (str(len(items)), Value(sympy.Integer(len(items))))])


def list_and_more(gold, rng):
    texts, _, _ = members(gold.meaning.items, rng, changed=0)
    return ", ".join(texts) + rng.choice([r", \ldots", "?", " but not 0", ", ...", r" \text{ or none}", " only if x > 0"]), Unread()


# intervals


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
    return text + rng.choice(["?", r" \ldots", r" \cup \{100\}", " or 1000", r" \setminus \{3.5\}", r" + 1", r" \text{ or all reals}"]), Unread()


POINT = ([round_brackets, round_brackets, bare_in_order, angle_brackets, column, square_brackets, named, in_wrapping],
         [one_member_wrong, one_member_wrong, members_permuted, bare_permuted, signs_flipped, member_missing, member_added, scaled, named_swapped,
          closed_interval, decimals, more_behind])
VECTOR = ([*POINT[0], column_by_factor], POINT[1])
MATRIX = [matrix_rewritten, matrix_by_factor, matrix_wrapped], [entry_wrong, entries_swapped, matrix_scaled, row_missing, determinant]
LIST = ([list_reordered, list_reordered, list_with_letter, list_repeated, plus_minus, list_wrapped],
        [list_member_missing, list_member_added, list_member_wrong, list_member_wrong, list_as_tuple, members_merged, list_and_more])
INTERVAL = ([interval_rewritten, element_of, inequality, inequality, interval_wrapped],
            [open_for_closed, open_for_closed, end_moved, ends_rounded, mirrored, ray_turned, part_of_union, joined_union, part_added, ends_alone,
             interval_and_more])


def rules(gold):
    """(equal, wrong) rules."""
    return {"point": POINT, "vector": VECTOR, "matrix": MATRIX, "list": LIST, "interval": INTERVAL}[gold.kind]
