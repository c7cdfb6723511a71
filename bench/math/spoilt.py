"""Wrong rules for golds that are one number: more around it, less of it, another scale. See values.py for what a rule is."""
import sympy

import forms
from digits import terminating
from errors import slip
from meaning import Listed, Unread, Value, same
from terms import tree, value
from texts import written
from units import LETTERS, NOUNS


def error_rule(error):
    def rule(gold, rng):
        term = error(gold.meaning.value, rng)
        text = term and written(term, rng)[0]
        return text and (text, Value(value(term)))

    rule.__name__ = error.__name__
    return rule


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
    return rng.choice(["?", r"\text{I don't know}", r"\text{no solution}", r"\infty", r"\text{undefined}", r"\text{DNE}", "x",
                       r"\text{the answer}",
                       r"\emptyset", r"\text{cannot be determined}", r"\text{None of these}", "n", r"\text{(A)}"]), Unread()


def false_chain(gold, rng):
    """2+4 = 5, x = 6 = 5, 2+3 = 6."""
    v = gold.meaning.value
    wrong = slip(gold.meaning.value, rng)
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
    return rng.choice([f"{{{text}", f"{text}}}", text[:at] + text[at + 1:] if at >= 0 else rf"\boxed{{{text}", f"({text}",
                       rf"\frac{{{text}}}{{"]), Unread()


def lettered_error(gold, rng):
    term = slip(gold.meaning.value, rng)
    text = term and written(term, rng)[0]
    letter = gold.meaning.letter or rng.choice(LETTERS)
    return text and (f"{letter} = {text}", Value(value(term), letter=letter))


def error_with_noun(gold, rng):
    term = slip(gold.meaning.value, rng)
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


ANY = [tail, head, no_value, false_chain, unbalanced, lettered_error]
INTEGER = [error_with_noun, percent_scale, other_percent, number_word_added, other_letter]
DECIMAL = [rounded_short, rounded_short, percent_scale]
