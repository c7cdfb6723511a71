"""Rules for golds that are expressions in variables. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import sympy

from digits import terminating
from meaning import Equation, Unread, Value
from terms import add, call, div, mul, neg, num, power, root, sym, symbol, tree, unary, value
from texts import wrapped, written


def of_term(term, rng, plain=None):
    text = term and written(term, rng, plain)[0]
    return text and (text, Value(value(term)))


def letters(e):
    return sorted(e.free_symbols, key=str)


def polynomial(e):
    return e.is_polynomial(*letters(e))


def reordered(gold, rng):
    return of_term(tree(gold.meaning.value, rng, order=True, split=rng.random() < 0.3), rng)


def expanded(gold, rng):
    return of_term(tree(sympy.expand(gold.meaning.value), rng, order=rng.random() < 0.7), rng)


def factored(gold, rng):
    e = gold.meaning.value
    return of_term(tree(sympy.factor(e), rng, order=True), rng) if polynomial(e) else None


def horner(gold, rng):
    e = gold.meaning.value
    return of_term(tree(sympy.horner(e, rng.choice(letters(e))), rng, order=True), rng) if polynomial(e) else None


def some_terms_factored(gold, rng):
    """x(x^2+3)-6 for x^3+3x-6."""
    e = sympy.expand(gold.meaning.value)
    if not polynomial(e) or len(e.args) < 3 or not e.is_Add:
        return None
    terms = list(e.args)
    picked = [t for t in terms if rng.random() < 0.6]
    rest = [t for t in terms if t not in picked]
    factor = sympy.factor_terms(sympy.factor(sympy.Add(*picked))) if picked else None
    return of_term(add(tree(factor, rng, order=True), *[tree(t, rng) for t in rest]),
                   rng) if factor is not None and factor.is_Mul and rest else None


def quotient(gold, rng):
    e = sympy.together(gold.meaning.value)
    k = rng.choice([2, 3, 4, 5, 10])
    above, below = sympy.fraction(e)
    return of_term(div(tree(sympy.expand(above * k), rng, order=True), tree(below * k, rng)), rng)


def one_letter_cancels(gold, rng):
    e = gold.meaning.value
    x = rng.choice(letters(e))
    return of_term(div(tree(sympy.expand(e * x), rng, order=True), tree(x, rng)), rng) if polynomial(e) else None


def factor_cancels(gold, rng):
    """(x^9-1)/(x-1) for the sum of powers."""
    e = gold.meaning.value
    if not polynomial(e):
        return None
    factor = rng.choice(letters(e)) + rng.choice([1, -1, -1, 2])
    return of_term(div(tree(sympy.expand(e * factor), rng), tree(factor, rng)), rng)


def sum_of_parts(gold, rng):
    terms = list(sympy.expand(gold.meaning.value).as_ordered_terms())
    at = rng.randrange(len(terms))
    coefficient, rest = terms[at].as_coeff_Mul()
    part = sympy.Rational(rng.randint(1, 9), coefficient.q)
    terms[at:at + 1] = [(coefficient - part) * rest, part * rest]
    terms = [t for t in terms if t != 0]
    rng.shuffle(terms)
    return of_term(add(*[tree(t, rng) for t in terms]), rng)


def negated_inside(gold, rng):
    return of_term(neg(tree(sympy.expand(-gold.meaning.value), rng, order=True)), rng)


def square_and_rest(gold, rng):
    """(2n+1)^2+4n^2 for 8n^2+4n+1."""
    e = sympy.expand(gold.meaning.value)
    if not polynomial(e) or len(letters(e)) != 1 or sympy.degree(e) != 2:
        return None
    x = letters(e)[0]
    inside = rng.randint(1, 3) * x + rng.choice([-2, -1, 1, 2, 3])
    rest = sympy.expand(e - inside ** 2)
    return of_term(add(power(tree(inside, rng), num(2)), tree(rest, rng)), rng)


def completed_square(gold, rng):
    e = sympy.expand(gold.meaning.value)
    if not polynomial(e) or len(letters(e)) != 1 or sympy.degree(e) != 2:
        return None
    x = letters(e)[0]
    a, b, c = (e.coeff(x, n) for n in (2, 1, 0))
    square = power(tree(x + b / (2 * a), rng), num(2))
    rest = c - b * b / (4 * a)
    return of_term(add(*([square] if a == 1 else [mul(tree(a, rng), square)]), *[tree(rest, rng)] * (rest != 0)), rng)


def decimal_coefficients(gold, rng):
    terms = list(sympy.expand(gold.meaning.value).as_ordered_terms())
    parts = []
    for term in terms:
        coefficient, rest = term.as_coeff_Mul()
        digits = None if coefficient.is_Integer and rest != 1 else terminating(abs(coefficient), rng)
        part = digits and (digits if rest == 1 else mul(digits, tree(rest, rng)))
        parts.append(tree(term, rng) if part is None else neg(part) if coefficient < 0 else part)
    return of_term(add(*parts), rng)


def function_of_x(gold, rng):
    e = gold.meaning.value
    if [s.name for s in letters(e)] != ["x"]:
        return None
    found = reordered(gold, rng)
    return found and (f"f(x) = {found[0]}", found[1])


def in_wrapping(gold, rng):
    term = tree(gold.meaning.value, rng, order=True)
    return wrapped(written(term, rng, plain=False)[0], rng), Value(value(term))


def identity(gold, rng):
    """Trigonometric ways to write cot x."""
    x = sym("x")
    if gold.meaning.value != sympy.cot(symbol("x")):
        return None
    sin, cos, tan, double = call("sin", x), call("cos", x), call("tan", x), mul(num(2), x)
    one = num(1)
    return of_term(rng.choice([
        div(cos, sin), div(one, tan), div(call("csc", x), call("sec", x)), mul(cos, call("csc", x)), power(tan, neg(one)),
        div(call("sin", double), add(one, neg(call("cos", double)))), div(add(one, call("cos", double)), call("sin", double)),
        add(call("csc", double), call("cot", double)), call("tan", add(unary("deg", num(90)), neg(x))),
        div(mul(sin, cos), power(sin, num(2))), div(mul(sin, cos), add(one, neg(power(cos, num(2))))), neg(call("cot", neg(x)))]), rng)


# what follows is wrong


def changed_terms(gold, change, rng):
    terms = list(gold.meaning.value.as_ordered_terms() if gold.meaning.value.is_Add else sympy.expand(gold.meaning.value).as_ordered_terms())
    at = rng.randrange(len(terms))
    terms[at] = change(terms[at])
    return of_term(tree(sympy.Add(*terms), rng, order=rng.random() < 0.5), rng)


def coefficient_off(gold, rng):
    return changed_terms(gold, lambda t: t.as_coeff_Mul()[1] * (t.as_coeff_Mul()[0] + rng.choice([1, -1, 2, -2, 10])), rng)


def sign_slip(gold, rng):
    return changed_terms(gold, lambda t: -t, rng)


def term_lost(gold, rng):
    return changed_terms(gold, lambda t: sympy.Integer(0), rng)


def term_twice(gold, rng):
    return changed_terms(gold, lambda t: 2 * t, rng)


def constant_off(gold, rng):
    return of_term(tree(sympy.expand(gold.meaning.value) + rng.choice([1, -1, 2, 3, -5, 10]), rng, order=True), rng)


def exponent_off(gold, rng):
    x = rng.choice(letters(gold.meaning.value))
    return changed_terms(gold, lambda t: t * x if rng.random() < 0.6 else t / x, rng)


def other_name(gold, rng):
    e = gold.meaning.value
    old = rng.choice(letters(e))
    new = rng.choice([old.name.swapcase(), rng.choice([n for n in "xytnkmrz" if n != old.name])])
    return of_term(tree(e.subs(old, symbol(new)), rng, order=rng.random() < 0.4), rng)


def names_swapped(gold, rng):
    names = letters(gold.meaning.value)
    if len(names) < 2:
        return None
    a, b = rng.sample(names, 2)
    return of_term(tree(gold.meaning.value.subs({a: b, b: a}, simultaneous=True), rng), rng)


def scaled(gold, rng):
    return of_term(tree(sympy.expand(gold.meaning.value * rng.choice([2, -1, sympy.Rational(1, 2), 3, 10])), rng), rng)


def inverse(gold, rng):
    return of_term(div(num(1), tree(gold.meaning.value, rng)), rng)


def at_a_value(gold, rng):
    e = gold.meaning.value
    v = e.subs({s: rng.randint(1, 4) for s in letters(e)}) if polynomial(e) else sympy.Integer(1)
    return str(v), Value(v)


def wrong_factor(gold, rng):
    """A factored form with one factor off."""
    e = sympy.factor(gold.meaning.value)
    if not e.is_Mul:
        return None
    factors = list(e.args)
    at = rng.randrange(len(factors))
    factors[at] += rng.choice([1, -1, 2])
    return of_term(tree(sympy.Mul(*factors), rng, order=True), rng)


def made_an_equation(gold, rng):
    text = written(tree(gold.meaning.value, rng, order=rng.random() < 0.5), rng)[0]
    return f"{text} = {rng.choice([0, 0, 0, 1])}", Equation(gold.meaning.value)


def more_behind(gold, rng):
    text = written(tree(gold.meaning.value, rng), rng)[0]
    return text + rng.choice([" + C", "?", r" \ldots", " or 0", r" \text{ or } 1", "...", r" + \cdots", r" \geq 0"]), Unread()


def nearly(gold, rng):
    return of_term(add(tree(gold.meaning.value, rng), power(num(10), neg(num(rng.randint(5, 12))))), rng)


def root_of_it(gold, rng):
    return of_term(rng.choice([root, lambda t: power(t, num(2)), lambda t: unary("abs", t)])(tree(gold.meaning.value, rng)), rng)


def wrong_identity(gold, rng):
    if gold.meaning.value != sympy.cot(symbol("x")):
        return None
    x = sym("x")
    sin, cos, tan = call("sin", x), call("cos", x), call("tan", x)
    return of_term(rng.choice([tan, div(sin, cos), sin, cos, neg(call("cot", x)), call("cot", mul(num(2), x)), div(num(1), cos),
                               call("tan", add(unary("deg", num(90)), x)), call("csc", x), power(call("cot", x), num(2)), div(num(1), sin)]),
                   rng)


def rules(_):
    """(equal, wrong) rules."""
    return ([reordered, expanded, factored, horner, some_terms_factored, quotient, one_letter_cancels, factor_cancels, sum_of_parts,
             negated_inside,
             square_and_rest, completed_square, decimal_coefficients, function_of_x, in_wrapping, identity],
            [coefficient_off, sign_slip, term_lost, term_twice, constant_off, exponent_off, other_name, names_swapped, scaled, inverse,
             at_a_value,
             wrong_factor, made_an_equation, more_behind, nearly, root_of_it, wrong_identity])
