"""What an answer means, and whether two meanings are equal by docs/math_equality.md: proved by SymPy, or not said (None).

Only meanings that the generator itself makes are compared; nothing here reads a text.
"""
import random
from typing import NamedTuple

import sympy

from terms import symbol

DIGITS = 50
AGREE, DIFFER = sympy.Float(10) ** -45, sympy.Float(10) ** -35  # relative; what lies between proves nothing

LENGTHS = {"mm": 1, "cm": 10, "m": 1000, "inches": sympy.Rational("25.4"), "feet": sympy.Rational("304.8")}
UNITS = {name: (factor, "length") for name, factor in LENGTHS.items()}  # name: (size, dimension)
UNITS |= {f"{name}^2": (factor ** 2, "area") for name, factor in LENGTHS.items()}
UNITS |= {"degrees": (sympy.pi / 180, "angle"), "radians": (sympy.Integer(1), "angle"),
          "dollars": (sympy.Integer(100), "money"), "cents": (sympy.Integer(1), "money"),
          "minutes": (sympy.Integer(60), "time"), "hours": (sympy.Integer(3600), "time")}


class Value(NamedTuple):
    """A number or an expression. `unit`: a name of UNITS, "percent", or any words. `letter`: the left side of `x = …`."""
    value: sympy.Expr
    unit: str | None = None
    letter: str | None = None


class Equation(NamedTuple):
    """difference = 0"""
    difference: sympy.Expr


class Tuple(NamedTuple):
    items: tuple


class Listed(NamedTuple):
    """Values without brackets."""
    items: tuple


class Set(NamedTuple):
    items: tuple


class Interval(NamedTuple):
    """Parts (low, low is in, high, high is in) that do not touch, from low to high."""
    parts: tuple


class Matrix(NamedTuple):
    rows: tuple


class Numeral(NamedTuple):
    digits: str
    base: int | None


class Word(NamedTuple):
    text: str


class Unread(NamedTuple):
    """What the page takes for wrong whatever the gold: a part that cannot be read, or words that change the value's sense."""
    why: str = ""


def same(a, b):
    """Whether two expressions are one function: exactly for rationals, else at 50 digits, at random points when there are variables."""
    a, b = sympy.sympify(a), sympy.sympify(b)
    if a.is_Rational and b.is_Rational:
        return a == b
    if a.is_infinite or b.is_infinite:
        return a == b
    names = sorted({s.name for s in a.free_symbols | b.free_symbols})
    if not names:
        return close(a, b)
    rng = random.Random(7)
    verdicts = []
    for _ in range(8):
        point = {symbol(name): sympy.Rational(rng.randint(-400, 400), 97) for name in names}
        verdicts.append(close(a.subs(point), b.subs(point)))
    defined = [v for v in verdicts if v is not None]
    if False in defined:
        return False
    return True if len(defined) >= 5 else None


def close(a, b):
    a, b = a.evalf(DIGITS), b.evalf(DIGITS)
    if not (a.is_number and b.is_number) or a.has(sympy.nan, sympy.zoo) or b.has(sympy.nan, sympy.zoo):
        return None
    apart = abs(a - b)
    size = max(abs(a), abs(b), sympy.Float(10) ** -8)
    if apart <= AGREE * size:
        return True
    return False if apart > DIFFER * size else None


def every(verdicts):
    verdicts = list(verdicts)
    if False in verdicts:
        return False
    return None if None in verdicts else True


def same_in_order(a, b):
    return len(a) == len(b) and every(same(x, y) for x, y in zip(a, b))


def same_as_sets(a, b):
    def within(some, others):
        return all(True in [same(x, y) for y in others] for x in some)

    unsure = None in [same(x, y) for x in a for y in b]
    return None if unsure else within(a, b) and within(b, a)


def equal(gold, answer, window=None):
    """True, False, or None where it is not proved or the page does not say. `window`: half of a rounded gold's last digit."""
    pair = type(gold), type(answer)
    if isinstance(answer, Unread):
        return False
    if pair == (Value, Value):
        return equal_values(gold, answer, window)
    if pair == (Equation, Equation):
        return proportional(gold.difference, answer.difference)
    if pair in ((Tuple, Tuple), (Tuple, Listed)):
        return same_in_order(gold.items, answer.items)
    if pair in ((Set, Set), (Set, Listed), (Listed, Set), (Listed, Listed)):
        return same_as_sets(gold.items, answer.items)
    if pair == (Interval, Interval):
        return len(gold.parts) == len(answer.parts) and every(
            every([same(a[0], b[0]), a[1] == b[1], same(a[2], b[2]), a[3] == b[3]]) for a, b in zip(gold.parts, answer.parts))
    if pair == (Matrix, Matrix):
        shapes = [[len(row) for row in m.rows] for m in (gold, answer)]
        return shapes[0] == shapes[1] and same_in_order(sum(gold.rows, ()), sum(answer.rows, ()))
    if pair == (Numeral, Numeral):
        return gold.digits == answer.digits and answer.base in (None, gold.base)
    if pair == (Word, Word):
        return gold.text.casefold() == answer.text.casefold()
    if isinstance(answer, (Listed, Set)) and len(answer.items) < 2:
        return None
    if pair == (Tuple, Set):
        return None
    if pair == (Tuple, Interval):
        return None
    return False


def equal_values(gold, answer, window):
    if gold.letter and answer.letter and gold.letter != answer.letter:
        return False
    mine, theirs = gold.value, answer.value
    if answer.unit == "percent":
        if gold.unit:
            return None
        if theirs == mine or not mine.is_Rational:
            return True if mine.is_Integer and mine >= 2 else None
        return same(mine, theirs / 100) if 0 < mine < 1 else (False if mine.is_Integer and theirs != 100 * mine else None)
    if gold.unit and answer.unit and gold.unit != answer.unit:
        if gold.unit not in UNITS or answer.unit not in UNITS or UNITS[gold.unit][1] != UNITS[answer.unit][1]:
            return False
        return same(mine * UNITS[gold.unit][0], theirs * UNITS[answer.unit][0])
    if window and theirs.is_number and theirs.is_real:
        apart = abs((theirs - mine).evalf(DIGITS)) if not theirs.is_Rational else abs(theirs - mine)
        return bool(apart <= window)
    return same(mine, theirs)


def proportional(f, g):
    """Whether f = c g for a number c that is not 0."""
    names = sorted({s.name for s in f.free_symbols | g.free_symbols})
    rng = random.Random(11)
    ratios = set()
    for _ in range(5):
        point = {symbol(name): sympy.Rational(rng.randint(-400, 400), 89) for name in names}
        above, below = f.subs(point), g.subs(point)
        if above == 0 or below == 0:
            if above != below:
                return False
            continue
        ratios.add(above / below)
    return len(ratios) == 1
