"""Units behind numbers, and the rules for golds that have one. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import re

import sympy

import forms
from digits import mixed_number, scientific, terminating, thousands
from errors import slip
from meaning import UNITS, Value
from terms import tree, value
from texts import restyled, wrapped, written


LETTERS = "xxxxynkabmtzN"
NOUNS = ("apples", "students", "miles", "hours", "pages", "marbles", "square units", "units", "minutes", "people", "cookies", "dollars", "books",
         "red balls", "pounds", "years", "days", "meters", "cups", "eggs")
WRITTEN = {  # unit: LaTeX and plain ways to write it behind a number
    "degrees": ([r"^\circ", r"^{\circ}", r"\text{ degrees}"], ["°", " degrees"]),
    "radians": ([r"\text{ radians}", r"\ \text{radians}"], [" radians"]),
    "inches^2": ([r"\text{ in}^2", r"\text{ inches}^2", r"\text{ square inches}"], [" in^2", " square inches", " in²"]),
    "feet^2": ([r"\text{ ft}^2", r"\text{ square feet}"], [" ft^2", " square feet"]),
    "cm^2": ([r"\text{ cm}^2", r"\,\text{cm}^2", r"\text{ square centimeters}"], [" cm^2", " square centimeters", " cm²"]),
    "mm^2": ([r"\text{ mm}^2"], [" mm^2"]), "m^2": ([r"\text{ m}^2", r"\text{ square meters}"], [" m^2", " square meters"]),
    "inches": ([r"\text{ inches}", r"\text{ in}"], [" inches"]), "cm": ([r"\text{ cm}"], [" cm"]),
    "dollars": ([r"\text{ dollars}"], [" dollars"]), "cents": ([r"\text{ cents}"], [" cents"]),
}


def dollars(v, rng):
    cents = v * 100
    if not cents.is_Integer:
        return None
    whole = f"{int(v):,}" if rng.random() < 0.6 else str(int(v))
    digits = f"{whole}.{int(cents) % 100:02d}" if not v.is_Integer or rng.random() < 0.4 else whole
    return rf"\${digits}"


def with_unit(v, unit, rng):
    """The number in some form with a unit behind it."""
    if unit == "dollars" and rng.random() < 0.5:
        text = dollars(v, rng)
        return text and (text, Value(v, unit))
    term = rng.choice([terminating, scientific, mixed_number, thousands, forms.quotient])(v, rng) if rng.random() < 0.3 else None
    term = term or tree(v, rng)
    text, plain = written(term, rng)
    if text is None:
        return None
    how = rng.choice(WRITTEN[unit][plain])
    if how[0] in "^°" and not re.fullmatch(r"[\d.]+|\\d?frac\{\d+\}\{\d+\}", text):
        text = f"({text})"
    return text + how, Value(value(term), unit)


def same_unit(gold, rng):
    return with_unit(gold.meaning.value, gold.meaning.unit, rng)


def without_unit(gold, rng):
    term = restyled(gold.meaning.value, rng)
    text = written(term, rng)[0]
    return text and (text, Value(value(term)))


def other_units(unit):
    return [name for name in WRITTEN if name != unit and UNITS[name][1] == UNITS[unit][1]]


def unlikely(v):
    """Whether nobody would convert into such a number."""
    return v.is_Rational and (v.p > 10 ** 7 or v.q > 1000)


def converted(gold, rng):
    size = UNITS[gold.meaning.unit][0]
    unit = rng.choice(other_units(gold.meaning.unit))
    v = gold.meaning.value * size / UNITS[unit][0]
    return None if unlikely(v) else with_unit(v, unit, rng)


def lettered_unit(gold, rng):
    found = with_unit(gold.meaning.value, gold.meaning.unit, rng)
    letter = rng.choice("xyA")
    return found and (f"{letter} = {found[0]}", found[1]._replace(letter=letter))


def unit_in_wrapping(gold, rng):
    found = same_unit(gold, rng)
    return found and (wrapped(found[0], rng), found[1])


# what follows is wrong


def unit_error(gold, rng):
    term = slip(gold.meaning.value, rng)
    v = term and value(term)
    return with_unit(v, gold.meaning.unit, rng) if v is not None and v.is_Rational and v > 0 else None


def wrong_unit(gold, rng):
    """The right number with another unit."""
    strangers = [name for name in WRITTEN if UNITS[name][1] in ("length", "area", "angle")] if UNITS[gold.meaning.unit][1] == "area" else []
    unit = rng.choice(other_units(gold.meaning.unit) + strangers)
    return with_unit(gold.meaning.value, unit, rng)


def slipped_conversion(gold, rng):
    unit = rng.choice(other_units(gold.meaning.unit))
    v = gold.meaning.value * UNITS[gold.meaning.unit][0] / UNITS[unit][0] * rng.choice([2, sympy.Rational(1, 2), 10, sympy.Rational(1, 10), 3])
    return None if unlikely(v) else with_unit(v, unit, rng)


def radians_without_word(gold, rng):
    if gold.meaning.unit != "degrees":
        return None
    v = gold.meaning.value * sympy.pi / 180
    return written(tree(v, rng), rng)[0], Value(v)


EQUAL = [same_unit, same_unit, without_unit, without_unit, converted, converted, lettered_unit, unit_in_wrapping]
WRONG = [unit_error, unit_error, wrong_unit, wrong_unit, slipped_conversion, radians_without_word]
