"""A number in other digits: decimals, repeating decimals, mixed numbers, thousands, powers of ten. See forms.py for what a function is."""
import math

import sympy

from terms import literal, neg, num


def terminating(v, rng):
    """The exact decimal, sometimes with zeros behind."""
    if not v.is_Rational or (v.is_Integer and abs(v) > 10 ** 5):
        return None
    twos, rest = sympy.multiplicity(2, v.q), v.q
    fives = sympy.multiplicity(5, v.q)
    if rest != 2 ** twos * 5 ** fives or max(twos, fives) > 9:
        return None
    places = max(twos, fives) + (rng.choice([0, 0, 1]) if not v.is_Integer else rng.choice([1, 1, 2]))
    digits = str(abs(v) * 10 ** places).rjust(places + 1, "0")
    text = digits[:-places] + "." + digits[-places:]
    if text.startswith("0.") and rng.random() < 0.15:
        text = text[1:]
    term = literal(text, text, abs(v))
    return neg(term) if v < 0 else term


def repeating(v, rng):
    if not v.is_Rational or v.is_Integer or v <= 0:
        return None
    lead, rest, q = "", v - sympy.floor(v), v.q
    while q % 2 == 0 or q % 5 == 0:
        q //= 10 if q % 10 == 0 else 2 if q % 2 == 0 else 5
        lead += str(sympy.floor(rest * 10))
        rest = rest * 10 - sympy.floor(rest * 10)
    period = sympy.n_order(10, q) if q > 1 else 99
    if period > 6:
        return None
    cycle = str(rest * (10 ** period - 1)).rjust(int(period), "0")
    return literal(rf"{sympy.floor(v)}.{lead}\overline{{{cycle}}}", None, v)


def mixed_number(v, rng):
    if not v.is_Rational or v.is_Integer or abs(v) < 1:
        return None
    whole, rest = divmod(abs(v), 1)
    part = rf"\{rng.choice('dt') if rng.random() < 0.3 else ''}frac{{{rest.p}}}{{{rest.q}}}"
    term = literal(f"{whole}{part}", f"{whole} {rest.p}/{rest.q}", abs(v), level=1)
    return negative_mixed(term) if v < 0 else term


def negative_mixed(term):
    """A minus sign in front of a mixed number belongs to all of it."""
    latex, plain, v, level = term.args
    return literal("-" + latex, "-" + plain, -v, level)


def thousands(v, rng):
    if not v.is_Integer or abs(v) < 1000:
        return None
    comma = f"{int(abs(v)):,}"
    separators = [",", ",", ",", "{,}", r",\!", r"\,", " "], [",", ",", " ", "\u2009", "\u202f"]
    latex, plain = (comma.replace(",", rng.choice(some)) for some in separators)
    if rng.random() < 0.15:
        latex, plain = latex + ".00", plain + ".00"
    term = literal(latex, plain, abs(v))
    return neg(term) if v < 0 else term


def scientific(v, rng):
    if not v.is_Rational or v.q > 10 ** 8 or (v.is_Integer and (abs(v) < 1000 or v % 10)) or v <= 0:
        return None
    exponent = math.floor(math.log10(v))
    mantissa = v / sympy.Integer(10) ** exponent
    text = terminating(mantissa, rng) if not mantissa.is_Integer else num(mantissa)
    if text is None or (not v.is_Integer and exponent > -3):
        return None
    if rng.random() < 0.3:
        joined = f"{text.args[0]}e{exponent}"
        return literal(joined, joined, v)
    above = str(exponent) if exponent > 0 else f"({exponent})"
    sign = rng.choice([r"\times", r"\cdot"])
    return literal(rf"{text.args[0]} {sign} 10^{{{exponent}}}", f"{text.args[1]}{rng.choice('*×')}10^{above}", v, level=2)


def number_word(v, rng):
    for word, size in (("billion", 10 ** 9), ("million", 10 ** 6), ("thousand", 1000)):
        if v.is_Integer and v >= size and (v * 1000 / size).is_Integer and v % (size // 100) == 0:
            count = v / size
            text = str(count) if count.is_Integer else terminating(count, rng).args[0]
            return literal(rf"{text}\text{{ {word}}}", f"{text} {word}", v, level=1)
    return None
