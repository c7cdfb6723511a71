"""Terms of arithmetic: one tree is both written and valued, so that a text cannot mean another value than the one that is proved.

A tree is made by the functions below (`num`, `add`, `mul`, …) or from a SymPy expression by `tree`. `value` gives its SymPy value,
`Style.write` its text: LaTeX or plain, with brackets wherever leaving them out could be read in two ways.
"""
import dataclasses
import re

import sympy

ADD, MUL, PREFIX, POWER, ATOM = range(1, 6)  # how tightly a text holds together


class CannotWrite(Exception):
    """This style has no way to write the term."""


@dataclasses.dataclass(frozen=True)
class Term:
    op: str
    args: tuple


def num(value):
    """A natural number; `tree` takes any other."""
    return Term("literal", (str(value), str(value), sympy.Integer(value), ATOM))


def literal(latex, plain, value, level=ATOM):
    """A number written as given; None where a style cannot."""
    return Term("literal", (latex, plain, sympy.sympify(value), level))


def sym(name):
    return Term("sym", (name,))


def add(*terms):
    return Term("add", terms)


def neg(term):
    return Term("neg", (term,))


def mul(*factors):
    return Term("mul", factors) if len(factors) > 1 else factors[0]


def div(above, below):
    return Term("div", (above, below))


def power(base, exponent):
    return Term("pow", (base, exponent))


def root(term, index=2):
    return Term("root", (term, index))


def call(name, argument, base=None):
    return Term("call", (name, argument, base))


def unary(op, term):
    """op: fact, abs or deg (degrees inside a function)."""
    return Term(op, (term,))


def binom(n, k):
    return Term("binom", (n, k))


PI, E, I = Term("pi", ()), Term("e", ()), Term("i", ())
FUNCTIONS = {"sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "cot": sympy.cot, "sec": sympy.sec, "csc": sympy.csc, "ln": sympy.log}


def symbol(name):
    return sympy.Symbol(name, real=True)


def value(term):
    """The SymPy value."""
    op, args = term.op, term.args
    if op == "literal":
        return args[2]
    if op in ("sym", "pi", "e", "i"):
        return symbol(args[0]) if op == "sym" else {"pi": sympy.pi, "e": sympy.E, "i": sympy.I}[op]
    if op == "root":
        return value(args[0]) ** sympy.Rational(1, args[1])
    if op == "call":
        name, argument, base = args
        return sympy.log(value(argument), value(base)) if base else FUNCTIONS[name](value(argument))
    parts = [value(part) for part in args]
    return {
        "add": lambda: sympy.Add(*parts), "mul": lambda: sympy.Mul(*parts), "neg": lambda: -parts[0], "div": lambda: parts[0] / parts[1],
        "pow": lambda: parts[0] ** parts[1], "fact": lambda: sympy.factorial(parts[0]), "abs": lambda: sympy.Abs(parts[0]),
        "deg": lambda: parts[0] * sympy.pi / 180, "binom": lambda: sympy.binomial(*parts),
    }[op]()


def tree(expression, rng, order=False, split=False):
    """A SymPy expression as a term. `order` shuffles sums and products, `split` takes a rational factor out of the fraction."""
    def walk(e):
        if e.is_Integer:
            return num(e) if e >= 0 else neg(num(-e))
        if e.is_Rational:
            return div(num(e.p), num(e.q)) if e > 0 else neg(div(num(-e.p), num(e.q)))
        if e.is_Symbol:
            return sym(e.name)
        if e in (sympy.pi, sympy.E, sympy.I):
            return {sympy.pi: PI, sympy.E: E, sympy.I: I}[e]
        if e.is_Add:
            parts = list(e.as_ordered_terms())
            if order:
                rng.shuffle(parts)
            return add(*[walk(part) for part in parts])
        if e.is_Mul:
            return product(e)
        if e.is_Pow:
            if e.exp.is_Rational and e.exp < 0:
                return div(num(1), walk(1 / e))
            if e.exp.is_Rational and e.exp.q > 1:
                return root(walk(e.base ** e.exp.p), e.exp.q)
            return power(walk(e.base), walk(e.exp))
        name = {sympy.Abs: "abs", sympy.log: "ln"}.get(e.func, e.func.__name__)
        return unary("abs", walk(e.args[0])) if name == "abs" else call(name, walk(e.args[0]))

    def product(e):
        coefficient, rest = e.as_coeff_Mul()
        if not coefficient.is_Rational:
            coefficient, rest = sympy.Integer(1), e
        if coefficient < 0:
            return neg(walk(-e))
        if split and not coefficient.is_Integer:
            return mul(walk(coefficient), walk(rest))
        above, below = [], []
        for factor in sympy.Mul.make_args(rest):
            downward = factor.is_Pow and factor.exp.is_Rational and factor.exp < 0
            (below if downward else above).append(1 / factor if downward else factor)
        above = [walk(factor) for factor in sorted(above, key=lambda f: (f.is_Add, str(f)))]
        below = [walk(factor) for factor in sorted(below, key=str)]
        if order:
            rng.shuffle(above)
        above = [num(coefficient.p)] * (coefficient.p != 1 or not above) + above
        below = [num(coefficient.q)] * (coefficient.q != 1) + below
        if order and rng.random() < 0.3:
            rng.shuffle(above)
        return div(mul(*above), mul(*below)) if below else mul(*above)

    return walk(sympy.sympify(expression))


@dataclasses.dataclass
class Style:
    """How a text is written. `plain` is what a keyboard gives; `unicode` has its signs in plain text."""
    plain: bool = False
    unicode: bool = False
    fraction: str = r"\frac"
    times: str = ""  # "" is juxtaposition, where that cannot be misread
    big: bool = False
    short: bool = False  # \frac12, \sqrt2, x^2 without braces
    double_star: bool = False
    loose: bool = True

    @staticmethod
    def draw(rng):
        plain = rng.random() < 0.35
        return Style(plain=plain, unicode=plain and rng.random() < 0.5, fraction=rng.choice([r"\frac", r"\frac", r"\dfrac", r"\tfrac", "/"]),
                     times=rng.choice(["", "", "*", "*", "·", "×"] if plain else ["", "", "", r" \cdot ", r" \times "]),
                     big=rng.random() < 0.3, short=rng.random() < 0.3, double_star=rng.random() < 0.2, loose=rng.random() < 0.6)

    def write(self, term):
        text = self._at(term)[0]
        return text.replace("-", "−") if self.unicode else text

    def bracket(self, text):
        return rf"\left({text}\right)" if self.big and not self.plain else f"({text})"

    def _held(self, term, level):
        text, own = self._at(term)
        return text if own >= level else self.bracket(text)

    def _braced(self, text):
        return " " + text if self.short and text.isalpha() and len(text) == 1 else text if self.short and len(text) == 1 else "{" + text + "}"

    def _at(self, term):
        return getattr(self, "_" + term.op)(*term.args)

    def _literal(self, latex, plain, _, level):
        text = plain if self.plain else latex
        if text is None:
            raise CannotWrite
        return text, level

    def _sym(self, name):
        return name, ATOM

    def _pi(self):
        return ("π" if self.unicode else "pi") if self.plain else r"\pi", ATOM

    def _e(self):
        return "e", ATOM

    def _i(self):
        return "i", ATOM

    def _neg(self, term):
        return "-" + self._held(term, MUL), ADD

    def _add(self, *terms):
        text = self._held(terms[0], ADD)
        for term in terms[1:]:
            sign, term = ("-", term.args[0]) if term.op == "neg" else ("+", term)
            text += (f" {sign} " if self.loose else sign) + self._held(term, MUL)
        return text, ADD

    def _mul(self, *factors):
        text = self._held(factors[0], PREFIX)
        for before, factor in zip(factors, factors[1:]):
            more = self._held(factor, PREFIX)
            text += self._sign(before, factor, text, more) + more
        return text, MUL

    def _sign(self, before, factor, text, more):
        """What stands between two factors: nothing only where that reads in one way."""
        unclear = more[0].isdigit() or factor.op == "literal" or (factor.op == "div" and more[0] != "(")
        unclear = unclear or (before.op == "call" and more[0] == "(")
        if self.plain:
            last = text[-1]
            names = last.isalpha() and more[0].isalpha() and not before.op == factor.op == "sym"
            unclear = unclear or names or (last.isalpha() and more[0] == "(") or (last == ")" and more[0] != "(")
            return self.times or "*" * unclear
        if unclear or self.times:
            return self.times or r" \cdot "
        return " " if re.search(r"\\[a-z]+$", text) and more[0].isalpha() else ""

    def _div(self, above, below):
        if self.plain or self.fraction == "/":
            return self._held(above, MUL) + "/" + self._held(below, POWER), MUL
        texts = self._at(above)[0], self._at(below)[0]
        if self.short and all(len(text) == 1 and text.isdigit() for text in texts):
            return self.fraction + "".join(texts), PREFIX
        return self.fraction + "".join("{" + text + "}" for text in texts), PREFIX

    def _pow(self, base, exponent):
        text, above = self._held(base, ATOM), self._at(exponent)[0]
        if self.plain:
            if self.unicode and above in ("2", "3"):
                return text + {"2": "²", "3": "³"}[above], POWER
            return text + ("**" if self.double_star else "^") + (above if above.isalnum() else f"({above})"), POWER
        return f"{text}^{above if len(above) == 1 and not self.short else '{' + above + '}'}", POWER

    def _root(self, term, index):
        if not self.plain:
            inner = self._at(term)[0]
            return rf"\sqrt[{index}]{{{inner}}}" if index != 2 else r"\sqrt" + self._braced(inner), ATOM
        if index != 2:
            return f"{self._held(term, ATOM)}^(1/{index})", POWER
        inner = self._at(term)[0]
        return (f"√{inner}" if inner.isdigit() else f"√({inner})", POWER) if self.unicode else (f"sqrt({inner})", ATOM)

    def _call(self, name, argument, base):
        inner, level = self._at(argument)
        foot = "" if base is None else f"_{self._at(base)[0]}" if self.plain else f"_{{{self._at(base)[0]}}}"
        head = (name if self.plain else "\\" + name) + foot
        if self.short and level >= POWER and not self.plain:
            return f"{head} {inner}", MUL
        return head + self.bracket(inner), PREFIX

    def _fact(self, term):
        return self._held(term, ATOM) + "!", POWER

    def _abs(self, term):
        inner = self._at(term)[0]
        return rf"\left|{inner}\right|" if self.big and not self.plain else f"|{inner}|", ATOM

    def _deg(self, term):
        return self._held(term, ATOM) + ("°" if self.plain else r"^\circ"), POWER

    def _binom(self, n, k):
        if self.plain:
            raise CannotWrite
        return rf"\binom{{{self._at(n)[0]}}}{{{self._at(k)[0]}}}", ATOM
