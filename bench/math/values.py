"""Rules for golds that are one number, with or without a unit. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import sympy

import errors
import forms
import spoilt
import units
from digits import mixed_number, terminating, thousands
from meaning import Value, same
from terms import tree, value
from texts import restyled, wrapped, written
from units import LETTERS, NOUNS, WRITTEN, dollars


def form_rule(form):
    def rule(gold, rng):
        term = form(gold.meaning.value, rng)
        text = term and written(term, rng)[0]
        return text and (text, Value(value(term)))

    rule.__name__ = form.__name__
    return rule


def in_wrapping(gold, rng):
    term = restyled(gold.meaning.value, rng)
    text, plain = written(term, rng, plain=False)
    return text and (wrapped(text, rng), Value(value(term)))


def as_text(gold, rng):
    v = gold.meaning.value
    return (rf"\text{{{v}}}", Value(v)) if v.is_Integer else None


def with_letter(gold, rng):
    letter = gold.meaning.letter or ("z" if gold.kind == "complex" else rng.choice(LETTERS))
    term = restyled(gold.meaning.value, rng)
    text = written(term, rng)[0]
    if text is None:
        return None
    turned = rng.random() < 0.1
    return (f"{text} = {letter}" if turned else f"{letter} = {text}" if rng.random() < 0.7 else f"{letter}={text}"), Value(value(term), letter=letter)


def chain(gold, rng):
    """2+3 = 5, with or without a letter in front."""
    v = gold.meaning.value
    form = rng.choice([f for f in forms.of(v) if f not in (thousands, mixed_number, terminating)])
    first = form(v, rng)
    if first is None:
        return None
    plain = rng.random() < 0.4
    texts = [written(term, rng, plain)[0] for term in (first, tree(v, rng))]
    letter = gold.meaning.letter or rng.choice(LETTERS)
    if None in texts or texts[0] == texts[1] or not same(value(first), v):
        return None
    front = [letter] * (rng.random() < 0.5)
    return " = ".join(front + texts), Value(v, letter=letter if front else None)


def with_noun(gold, rng):
    v = gold.meaning.value
    if v.is_Rational and not v.is_Integer and gold.kind == "fraction" and rng.random() < 0.5:
        return None
    text, plain = written(tree(v, rng), rng)
    noun = rng.choice(NOUNS if v.is_Rational else ("units", "square units", "meters", "cubic feet"))
    noun = noun.removesuffix("s") if v == 1 else noun
    return text + (f" {noun}" if plain else rf"\text{{ {noun}}}"), Value(v, noun)


def as_money(gold, rng):
    v = gold.meaning.value
    if not v > 0:
        return None
    text = dollars(v, rng)
    return text and (text, Value(v, "dollars"))


def as_percent(gold, rng):
    v = gold.meaning.value
    if v.is_Integer and v >= 2:
        theirs = v
    elif gold.kind == "decimal" and 0 < v < 1:
        theirs = v * 100
    else:
        return None
    term = tree(theirs, rng) if theirs.is_Integer else terminating(theirs, rng)
    return term.args[0] + rng.choice([r"\%", r"\%", "%", r"\text{ percent}", " percent"]), Value(theirs, "percent")


def rounds_to_gold(gold, rng):
    """More digits of something that rounds to a decimal gold, or a fraction that does."""
    v = gold.meaning.value
    if not gold.window:
        return None
    near = v + gold.window * sympy.Rational(rng.randint(-97, 97), 100)
    if rng.random() < 0.3 and v > sympy.Rational(1, 10):
        near = sympy.Rational(str(near)).limit_denominator(rng.choice([40, 200, 1000]))
        return written(tree(near, rng), rng)[0], Value(near)
    term = terminating(near, rng)
    return term and (term.args[0], Value(near))


def decimal_comma(gold, rng):
    if gold.kind != "decimal":
        return None
    whole, places = gold.text.split(".")
    places += "0" * rng.randint(0, 1)
    return (f"{whole or 0},{places}", Value(gold.meaning.value)) if len(places) != 3 else None


def with_degrees(gold, rng):
    v = gold.meaning.value
    return (f"{v}{rng.choice(WRITTEN['degrees'][rng.random() < 0.3])}", Value(v, "degrees")) if v.is_Integer and 10 < v <= 360 else None


AROUND = [in_wrapping, with_letter, chain]
ADDED = [as_text, with_noun, as_money, as_percent, with_degrees]


def rules(gold, school=False):
    """(equal, wrong) rules. `school`: only forms and errors of plain arithmetic."""
    v = gold.meaning.value
    wrong = [spoilt.error_rule(error) for error in (errors.SCHOOL if school else errors.of(v))] + spoilt.ANY
    equal = [form_rule(form) for form in (forms.PLAIN if school else forms.of(v))] + AROUND
    if gold.kind == "quantity":
        return units.EQUAL, wrong + units.WRONG
    if gold.kind == "integer":
        return equal + ADDED, wrong + spoilt.INTEGER
    if gold.kind == "decimal":
        return equal + [rounds_to_gold, rounds_to_gold, decimal_comma, as_percent, with_noun], wrong + spoilt.DECIMAL
    if gold.kind == "fraction":
        return equal + [with_noun], wrong + [spoilt.half_of_fraction]
    return equal + ([with_noun] if gold.kind == "irrational" else []), wrong
