"""Rules for golds that are lists, sets or a ± b. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import sympy

import forms
from errors import slip
from meaning import Listed, Set, Tuple, Unread, Value
from terms import Style, tree, value
from texts import comma, members, wrapped, written


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
    return rng.choice([(str(whole), Value(whole)), (written(tree(sympy.expand(sympy.prod(items)), rng), rng)[0],
                                                    Value(sympy.expand(sympy.prod(items)))),
                       ("".join(str(i) for i in items), Unread()) if all(i.is_Integer and i > 0 for i in items) else (str(len(items)), Value(sympy.Integer(len(items))))])


def list_and_more(gold, rng):
    texts, _, _ = members(gold.meaning.items, rng, changed=0)
    return ", ".join(texts) + rng.choice([r", \ldots", "?", " but not 0", ", ...", r" \text{ or none}", " only if x > 0"]), Unread()


def rules(_):
    """(equal, wrong) rules."""
    return ([list_reordered, list_reordered, list_with_letter, list_repeated, plus_minus, list_wrapped],
            [list_member_missing, list_member_added, list_member_wrong, list_member_wrong, list_as_tuple, members_merged, list_and_more])
