"""Rules for golds that are one number, with or without a unit. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import re

import sympy

import errors
import forms
from digits import mixed_number, scientific, terminating, thousands
from meaning import UNITS, Listed, Unread, Value, same
from terms import CannotWrite, Style, neg, num, tree, value

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


def written(term, rng, plain=None):
    """The term's text in a random style, and whether that is plain."""
    for _ in range(4):
        style = Style.draw(rng)
        if plain is not None:
            style.plain, style.unicode = plain, plain and style.unicode
        try:
            return style.write(term), style.plain
        except CannotWrite:
            continue
    return None, None


def restyled(v, rng):
    """The number in one of its forms, often the plainest."""
    form = rng.choice(forms.of(v)) if rng.random() < 0.4 else None
    return (form and form(v, rng)) or tree(v, rng)


def form_rule(form):
    def rule(gold, rng):
        term = form(gold.meaning.value, rng)
        text = term and written(term, rng)[0]
        return text and (text, Value(value(term)))

    rule.__name__ = form.__name__
    return rule


def wrapped(text, rng):
    return rng.choice([f"${text}$", rf"\({text}\)", rf"\boxed{{{text}}}", f"{text}.", f"$\\displaystyle {text}$", f"${text}$.", f" {text} "])


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


def dollars(v, rng):
    cents = v * 100
    if not cents.is_Integer:
        return None
    whole = f"{int(v):,}" if rng.random() < 0.6 else str(int(v))
    digits = f"{whole}.{int(cents) % 100:02d}" if not v.is_Integer or rng.random() < 0.4 else whole
    return rf"\${digits}"


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


def with_degrees(gold, rng):
    v = gold.meaning.value
    return (f"{v}{rng.choice(WRITTEN['degrees'][rng.random() < 0.3])}", Value(v, "degrees")) if v.is_Integer and 10 < v <= 360 else None


def rounds_to_gold(gold, rng):
    """More digits of something that rounds to a decimal gold, or a fraction that does."""
    v = gold.meaning.value
    if not gold.window:
        return None
    near = v + gold.window * sympy.Rational(rng.randint(-97, 97), 100)
    if rng.random() < 0.3 and v > sympy.Rational(1, 10):
        near = sympy.Rational(str(near)).limit_denominator(rng.choice([40, 200, 1000]))
        return written(tree(near, rng), rng)[0], Value(near)
    return terminating(near, rng).args[0], Value(near)


def decimal_comma(gold, rng):
    if gold.kind != "decimal":
        return None
    whole, places = gold.text.split(".")
    places += "0" * rng.randint(0, 1)
    return (f"{whole or 0},{places}", Value(gold.meaning.value)) if len(places) != 3 else None


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


def converted(gold, rng):
    size = UNITS[gold.meaning.unit][0]
    unit = rng.choice(other_units(gold.meaning.unit))
    v = gold.meaning.value * size / UNITS[unit][0]
    if v.is_Rational and max(v.p, v.q) > 10 ** 7:
        return None
    return with_unit(v, unit, rng)


def lettered_unit(gold, rng):
    found = with_unit(gold.meaning.value, gold.meaning.unit, rng)
    letter = rng.choice("xyA")
    return found and (f"{letter} = {found[0]}", found[1]._replace(letter=letter))


def unit_in_wrapping(gold, rng):
    found = same_unit(gold, rng)
    return found and (wrapped(found[0], rng), found[1])


# what follows is wrong


def error_rule(error):
    def rule(gold, rng):
        term = error(gold.meaning.value, rng)
        text = term and written(term, rng)[0]
        return text and (text, Value(value(term)))

    rule.__name__ = error.__name__
    return rule


def wrong_term(gold, rng):
    for _ in range(10):
        term = rng.choice(errors.of(gold.meaning.value)[:10])(gold.meaning.value, rng)
        if term is not None:
            return term
    return None


def tail(gold, rng):
    """The right number, and more behind it."""
    v = gold.meaning.value
    text = written(tree(v, rng), rng)[0]
    w = v + rng.choice([1, 2, -1, 10])
    other = written(tree(w, rng, order=False), rng)[0]
    two = Listed((v, w))
    return rng.choice([
        (rf"{text} or {other}", two), (rf"{text} \text{{ or }} {other}", two), (rf"{text}, {other}", two), (rf"{text} and {other}", two),
        (rf"{text} \ldots", Unread()), (f"{text}...", Unread()), (f"{text}?", Unread()), (rf"{text} \text{{ or more}}", Unread()),
        (f"{text} or less", Unread()), (rf"{text} \text{{ (but it might be {other})}}", Unread()), (f"{text} to {other}", Unread()),
        (rf"{text} \quad {other}", Unread()), (f"{text}; {other}", two), (rf"{text} \pm 1", Listed((v + 1, v - 1))),
        (rf"{text} \text{{ or }} {other} \text{{, depending on the case}}", Unread()), (rf"{text} (not {other})", Unread()),
    ])


def head(gold, rng):
    """The right number, and words or a sign before it that change what is said."""
    text = written(tree(gold.meaning.value, rng), rng)[0]
    return rng.choice([f"not {text}", rf"\text{{not }} {text}", f"about {text}", rf"\approx {text}", f"approximately {text}", f"at least {text}",
                       f"more than {text}", f"less than {text}", f"x > {text}", rf"x \ge {text}", rf"x \neq {text}"]), Unread()


def no_value(gold, rng):
    return rng.choice(["?", r"\text{I don't know}", r"\text{no solution}", r"\infty", r"\text{undefined}", r"\text{DNE}", "x", r"\text{the answer}",
                       r"\emptyset", r"\text{cannot be determined}", r"\text{None of these}", "n", r"\text{(A)}"]), Unread()


def false_chain(gold, rng):
    """2+4 = 5, x = 6 = 5, 2+3 = 6."""
    v = gold.meaning.value
    wrong = wrong_term(gold, rng)
    if wrong is None or gold.window:
        return None
    right = forms.sum_of_two(v, rng) or tree(v, rng)
    plain = rng.random() < 0.4
    texts = [written(term, rng, plain)[0] for term in ((right, wrong) if rng.random() < 0.5 else (wrong, tree(v, rng)))]
    if None in texts or same(value(wrong), v) is not False:
        return None
    return " = ".join([rng.choice("xyn")] * (rng.random() < 0.4) + texts), Unread()


def unbalanced(gold, rng):
    text = written(tree(gold.meaning.value, rng), rng, plain=False)[0]
    at = text.rfind("}")
    return rng.choice([f"{{{text}", f"{text}}}", text[:at] + text[at + 1:] if at >= 0 else rf"\boxed{{{text}", f"({text}", rf"\frac{{{text}}}{{"]), Unread()


def lettered_error(gold, rng):
    term = wrong_term(gold, rng)
    text = term and written(term, rng)[0]
    letter = gold.meaning.letter or rng.choice(LETTERS)
    return text and (f"{letter} = {text}", Value(value(term), letter=letter))


def error_with_noun(gold, rng):
    term = wrong_term(gold, rng)
    text = term and written(term, rng, plain=False)[0]
    noun = rng.choice(NOUNS)
    return text and (rf"{text}\text{{ {noun}}}", Value(value(term), noun))


def percent_scale(gold, rng):
    v = gold.meaning.value
    if v.is_Integer and v >= 2 and not gold.meaning.letter:
        term = terminating(v / 100, rng)
        return term and (term.args[0], Value(v / 100))
    return (str(v * 100), Value(v * 100)) if gold.kind == "decimal" and 0 < v < 1 and (v * 100).is_Integer else None


def other_percent(gold, rng):
    v = gold.meaning.value
    w = v + rng.choice([1, 5, -1, 10])
    return (rf"{w}\%", Value(w, "percent")) if v.is_Integer and v >= 2 and w > 1 else None


def number_word_added(gold, rng):
    v = gold.meaning.value
    word, size = rng.choice([("thousand", 1000), ("million", 10 ** 6), ("billion", 10 ** 9)])
    return (rf"{v}\text{{ {word}}}" if rng.random() < 0.5 else f"{v} {word}", Value(v * size)) if v.is_Integer and v > 0 else None


def half_of_fraction(gold, rng):
    v = gold.meaning.value
    if v.is_Integer or not v.is_Rational:
        return None
    w = rng.choice([v.p, v.q, v.p % v.q, v.p + v.q])
    return str(w), Value(sympy.Integer(w))


def rounded_short(gold, rng):
    """A decimal gold, one digit short or its last digit another."""
    if gold.kind != "decimal":
        return None
    places = len(gold.text.split(".")[1])
    unit = sympy.Rational(1, 10 ** places)
    v = gold.meaning.value
    w = rng.choice([v + unit, v - unit, sympy.floor(v / unit / 10) * unit * 10, sympy.ceiling(v / unit / 10) * unit * 10,
                    v + unit * sympy.Rational(rng.randint(55, 95), 100), v - unit * sympy.Rational(rng.randint(55, 95), 100)])
    term = terminating(w, rng)
    return term and (term.args[0], Value(w))


def other_letter(gold, rng):
    if not gold.meaning.letter:
        return None
    letter = rng.choice("yntz")
    return f"{letter} = {gold.meaning.value}", Value(gold.meaning.value, letter=letter)


def unit_error(gold, rng):
    term = wrong_term(gold, rng)
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
    return None if v.is_Rational and max(v.p, v.q) > 10 ** 7 else with_unit(v, unit, rng)


def radians_without_word(gold, rng):
    if gold.meaning.unit != "degrees":
        return None
    v = gold.meaning.value * sympy.pi / 180
    return written(tree(v, rng), rng)[0], Value(v)


AROUND = [in_wrapping, with_letter, chain]
ADDED = [as_text, with_noun, as_money, as_percent, with_degrees]
SPOILT = [tail, head, no_value, false_chain, unbalanced, lettered_error]
COUNTED = [error_with_noun, percent_scale, other_percent, number_word_added, other_letter]


def rules(gold, school=False):
    """(equal, wrong) rules. `school`: only forms of plain arithmetic."""
    v = gold.meaning.value
    wrong = [error_rule(error) for error in (errors.SCHOOL if school else errors.of(v))] + SPOILT
    if gold.kind == "quantity":
        return [same_unit, same_unit, without_unit, without_unit, converted, converted, lettered_unit, unit_in_wrapping], wrong + [
            unit_error, unit_error, wrong_unit, wrong_unit, slipped_conversion, radians_without_word]
    equal = [form_rule(form) for form in (forms.PLAIN if school else forms.of(v))] + AROUND
    if gold.kind == "integer":
        return equal + ADDED, wrong + COUNTED
    if gold.kind == "decimal":
        return equal + [rounds_to_gold, rounds_to_gold, decimal_comma, as_percent, with_noun], wrong + [rounded_short, rounded_short, percent_scale]
    if gold.kind == "fraction":
        return equal + [with_noun], wrong + [half_of_fraction]
    return equal + ([with_noun] if gold.kind == "irrational" else []), wrong
