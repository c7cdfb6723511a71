"""The gold answers of MATH-500 and GSM8K with their meanings: plain numbers by rule, every other by the table below, read by hand."""
import json
import re
from typing import NamedTuple

import sympy

from meaning import Equation, Interval, Listed, Matrix, Numeral, Set, Tuple, Value, Word
from terms import symbol


class Gold(NamedTuple):
    text: str
    kind: str
    meaning: object
    window: sympy.Rational | None = None  # half of the last digit of a decimal of three or more significant digits


VALUES = {
    r"3\sqrt{13}": "3*sqrt(13)", r"\sqrt{51}": "sqrt(51)", r"\pi": "pi", r"11\sqrt2": "11*sqrt(2)", r"70 \sqrt{2}": "70*sqrt(2)",
    r"-\frac{\pi}{6}": "-pi/6", r"\frac{3\sqrt{3}}{4}": "3*sqrt(3)/4", r"\sqrt{5}": "sqrt(5)", r"3 \sqrt{5}": "3*sqrt(5)",
    r"\frac{\sqrt{3}}{3}": "sqrt(3)/3", r"2\sqrt{113}": "2*sqrt(113)", r"-\sqrt{3}": "-sqrt(3)", r"288 \pi": "288*pi",
    r"18+2\pi": "18+2*pi", r"\sqrt{53}": "sqrt(53)", r"7\pi": "7*pi", r"12\pi": "12*pi", r"1+2\sqrt{3}": "1+2*sqrt(3)",
    r"11 \sqrt{5} + 11": "11*sqrt(5)+11", r"16 \sqrt{3}": "16*sqrt(3)", r"\frac{20000}{\pi}": "20000/pi",
    r"\frac{\sqrt{21}}{5}": "sqrt(21)/5", r"\sqrt{66}": "sqrt(66)", r"2 \sqrt{5}": "2*sqrt(5)", r"2\sqrt{5}": "2*sqrt(5)",
    r"6\sqrt{2}": "6*sqrt(2)", r"8 \pi": "8*pi",
}
COMPLEX = {"6 - 5i": "6-5*I", "6+9i": "6+9*I", "-2 + 7i": "-2+7*I", "1+274i": "1+274*I", "1+2i": "1+2*I", "1 - 12i": "1-12*I"}
MIXED = {r"1\frac{4}{5}": "9/5", r"137 \frac{1}{2}": "275/2"}
EXPRESSIONS = {
    "p - q": "p-q", "x^5 - x^4 + x^3 - x^2 + x - 1": "x**5-x**4+x**3-x**2+x-1", "x^3+3x-6": "x**3+3*x-6", r"\cot x": "cot(x)",
    "2k+2": "2*k+2", "(a+5)(b+2)": "(a+5)*(b+2)", "-13x+3": "3-13*x", r"\frac{11+9a}{20}": "(11+9*a)/20", "2k": "2*k",
    "6r^2-4r-24": "6*r**2-4*r-24", "15x - 80": "15*x-80", "5r^5": "5*r**5", "3R^2": "3*R**2", "8n^2 + 4n + 1": "8*n**2+4*n+1",
    "x^8 + x^7 + x^6 + x^5 + x^4 + x^3 + x^2 + x + 1": "x**8+x**7+x**6+x**5+x**4+x**3+x**2+x+1",
}
EQUATIONS = {"5x - 7y + 11z + 4 = 0": "5*x-7*y+11*z+4", "y = 2x + 3": "y-2*x-3", "y = -2x": "y+2*x"}
LETTERED = {"x=5": ("x", "5")}
QUANTITIES = {
    r"\frac{270}7\text{ degrees}": ("270/7", "degrees"), r"864 \mbox{ inches}^2": ("864", "inches^2"), r"15\mbox{ cm}^2": ("15", "cm^2"),
    r"5.4 \text{ cents}": ("27/5", "cents"), r"\$32,\!348": ("32348", "dollars"), r"\$18.90": ("189/10", "dollars"), r"\$36": ("36", "dollars"),
}
POINTS = {
    r"\left( 3, \frac{\pi}{2} \right)": "3, pi/2", "(6,31,-1)": "6, 31, -1", "(-2,1)": "-2, 1", "(15,-29)": "15, -29",
    r"\left( \frac{3}{2}, -13 \right)": "3/2, -13", "(-1,6)": "-1, 6", "(2,4)": "2, 4", "(1,-16,-4,43)": "1, -16, -4, 43", "(8,-2)": "8, -2",
}
VECTORS = {
    r"\begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix}": "-1/3, 2/3, 5/3", r"\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}": "-2, -14, -7",
    r"\begin{pmatrix} -18 \\ -49 \\ 96 \end{pmatrix}": "-18, -49, 96", r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}": "1/5, -18/5",
    r"\begin{pmatrix} -7 \\ 16 \\ 5 \end{pmatrix}": "-7, 16, 5", r"\begin{pmatrix} 16/49 \\ 48/49 \\ 24/49 \end{pmatrix}": "16/49, 48/49, 24/49",
}
MATRICES = {r"\begin{pmatrix} -1 & 0 \\ 0 & -1 \end{pmatrix}": ["-1, 0", "0, -1"]}
LISTS = {"1,-2": "1, -2", "3, 5, 7": "3, 5, 7", "-2,1": "-2, 1"}
SIGNED = {r"1 \pm \sqrt{19}": "1, sqrt(19)", r"3 \pm 2 \sqrt{2}": "3, 2*sqrt(2)"}  # a, b of a ± b
SETS = {r"\{1\pm\sqrt{5},-2\}": "1+sqrt(5), 1-sqrt(5), -2"}
INTERVALS = {  # brackets and ends of each part
    "(3,4]": ["(3, 4]"], r"(2,\infty)": ["(2, oo)"], r"\left(\frac{3}{5},\frac{8}{3}\right]": ["(3/5, 8/3]"], r"(-\infty, 0]": ["(-oo, 0]"],
    r"(5,\infty)": ["(5, oo)"], r"(-\sqrt{3}, \sqrt{3})": ["(-sqrt(3), sqrt(3))"], r"(0,9) \cup (9,36)": ["(0, 9)", "(9, 36)"],
    r"x \in [-2,7]": ["[-2, 7]"], r"\left[ \frac{\pi^2}{8}, \frac{5 \pi^2}{4} \right]": ["[pi**2/8, 5*pi**2/4]"],
    r"(-\infty, 2) \cup (3, \infty)": ["(-oo, 2)", "(3, oo)"], r"(2,12) \cup (12,102)": ["(2, 12)", "(12, 102)"],
}
CHOICES = {r"\text{(B)}": "B", r"\text{(C)}": "C", r"\text{(E)}": "E"}
WORDS = {rf"\text{{{word}}}": word for word in ("Evelyn", "Navin", "east", "even", "ellipse")}


def expression(text):
    names = {name: symbol(name) for name in re.findall(r"\b[A-HJ-Za-z]\b", text)}
    return sympy.sympify(text, locals=names)


def expressions(text):
    return tuple(expression(part) for part in text.split(", "))


def interval(parts):
    return Interval(tuple((expression(low), part[0] == "[", expression(high), part[-1] == "]")
                          for part in parts for low, high in [part[1:-1].split(", ")]))


def half_of_last_digit(text):
    """What a decimal of at least three significant digits may be off; None for any other gold."""
    found = re.search(r"(\d*)\.(\d+)", text)
    return sympy.Rational(1, 2 * 10 ** len(found[2])) if found and len("".join(found.groups()).lstrip("0")) >= 3 else None


def number(text):
    """The gold that is one plain number, or None."""
    digits = text.replace(r",\! ", "").replace(r",\!", "").replace(",", "")
    if re.fullmatch(r"-?\d+", digits):
        return Gold(text, "integer", Value(sympy.Integer(digits)))
    if re.fullmatch(r"\d*\.\d+", digits):
        return Gold(text, "decimal", Value(sympy.Rational(digits)), half_of_last_digit(text))
    if re.fullmatch(r"\d+\^\\circ", text):
        return Gold(text, "quantity", Value(sympy.Integer(text[:-6]), "degrees"))
    fraction = re.fullmatch(r"(-?)\\[dt]?frac\s*(?:\{(\d+)\}|(\d))\s*(?:\{(\d+)\}|(\d))", text)
    if fraction:
        sign, *parts = fraction.groups()
        above, below = [int(part) for part in parts if part]
        return Gold(text, "fraction", Value(sympy.Rational(above, below) * (-1 if sign else 1)))
    return None


def by_table():
    yield from (Gold(text, "irrational", Value(expression(e))) for text, e in VALUES.items())
    yield from (Gold(text, "complex", Value(expression(e))) for text, e in COMPLEX.items())
    yield from (Gold(text, "fraction", Value(sympy.Rational(e))) for text, e in MIXED.items())
    yield from (Gold(text, "expression", Value(expression(e))) for text, e in EXPRESSIONS.items())
    yield from (Gold(text, "equation", Equation(expression(e))) for text, e in EQUATIONS.items())
    yield from (Gold(text, "integer", Value(expression(e), letter=letter)) for text, (letter, e) in LETTERED.items())
    yield from (Gold(text, "quantity", Value(sympy.Rational(e), unit), half_of_last_digit(text)) for text, (e, unit) in QUANTITIES.items())
    yield from (Gold(text, "point", Tuple(expressions(e))) for text, e in POINTS.items())
    yield from (Gold(text, "vector", Tuple(expressions(e))) for text, e in VECTORS.items())
    yield from (Gold(text, "matrix", Matrix(tuple(map(expressions, rows)))) for text, rows in MATRICES.items())
    yield from (Gold(text, "list", Listed(expressions(e))) for text, e in LISTS.items())
    for text, e in SIGNED.items():
        a, b = expressions(e)
        yield Gold(text, "list", Listed((a + b, a - b)))
    yield from (Gold(text, "list", Set(expressions(e))) for text, e in SETS.items())
    yield from (Gold(text, "interval", interval(parts)) for text, parts in INTERVALS.items())
    yield from (Gold(text, "choice", Word(letter)) for text, letter in CHOICES.items())
    yield from (Gold(text, "word", Word(word)) for text, word in WORDS.items())


def numeral(text):
    found = re.fullmatch(r"(\d+)_\{?(\d)\}?", text)
    return found and Gold(text, "numeral", Numeral(found[1], int(found[2])))


def read(folder):
    """Yields (set, Gold) for every row; a gold that neither the rules nor the table know ends the program."""
    table = {gold.text: gold for gold in by_table()}
    for name, file, answer in (("math500", "math500.jsonl", lambda row: row["answer"]),
                               ("gsm8k", "gsm8k_test.jsonl", lambda row: row["answer"].split("####")[1].strip())):
        for line in (folder / file).read_text().splitlines():
            text = answer(json.loads(line))
            gold = table.get(text) or number(text) or numeral(text)
            if gold is None:
                raise SystemExit(f"{folder / file}: no meaning for the gold {text!r}; bench/math/golds.py needs a line for it")
            yield name, gold
