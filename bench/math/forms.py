"""Other ways to write one number: each function takes a SymPy number and a Random, and gives a term of the same value, or None.

That the value is the same is not taken from here: it is proved on the term.
"""
import math

import sympy

from digits import mixed_number, number_word, repeating, scientific, terminating, thousands
from terms import E, I, PI, add, binom, call, div, mul, neg, num, power, root, tree, unary

ANGLES = [(name, degrees, function(sympy.pi * degrees / 180))
          for name, function in (("sin", sympy.sin), ("cos", sympy.cos), ("tan", sympy.tan))
          for degrees in (30, 45, 60, 120, 135, 150) if name != "tan" or degrees < 90]


def straight(v, rng):
    return tree(v, rng, order=rng.random() < 0.6, split=rng.random() < 0.4)


def sum_of_two(v, rng):
    if v.is_Integer:
        part = sympy.Integer(rng.randint(1, max(2, abs(int(v)) - 1)))
    elif v.is_Rational:
        part = sympy.Rational(rng.randint(1, max(1, abs(v.p))), rng.choice([v.q, v.q, 2 * v.q, 1, 2]))
    else:
        terms = v.as_ordered_terms()
        pick = rng.choice(terms)
        part = pick * sympy.Rational(rng.randint(1, 5), rng.choice([1, 2, 3, 4]))
    rest = v - part
    if rest == 0:
        return None
    parts = [tree(part, rng), tree(rest, rng)]
    rng.shuffle(parts)
    return add(*parts)


def difference(v, rng):
    if not v.is_Rational:
        part = rng.choice(v.as_ordered_terms()) * rng.randint(1, 4)
    else:
        part = sympy.Rational(rng.randint(1, 40), v.q)
    return add(tree(v + part, rng), neg(tree(part, rng))) if part.is_Rational or (v + part).is_Mul else None


def sum_of_three(v, rng):
    if not v.is_Integer or v < 6:
        return None
    a = rng.randint(1, int(v) - 2)
    b = rng.randint(1, int(v) - a - 1) if v - a > 1 else 1
    return add(num(a), num(b), tree(v - a - b, rng)) if v - a - b > 0 else None


def product(v, rng):
    if not v.is_Integer or abs(v) < 4 or sympy.isprime(abs(v)):
        return None
    factor = rng.choice([d for d in sympy.divisors(abs(v)) if 1 < d < abs(v)])
    term = mul(num(factor), num(abs(v) // factor))
    return term if v > 0 else neg(term)


def product_and_sum(v, rng):
    if not v.is_Integer:
        return None
    a, b = rng.randint(2, 12), rng.randint(2, max(2, min(200, abs(int(v)) // 4)))
    rest = v - a * b
    return add(mul(num(a), num(b)), tree(rest, rng)) if rest else None


def factored_sum(v, rng):
    if not v.is_Integer or v < 6 or sympy.isprime(v):
        return None
    factor = rng.choice([d for d in sympy.divisors(v) if 1 < d < v])
    part = rng.randint(1, int(v) // factor - 1) if v // factor > 1 else 1
    return mul(num(factor), add(num(part), tree(v // factor - part, rng)))


def quotient(v, rng):
    """(k v)/k, the numerator multiplied out."""
    k = rng.choice([2, 2, 3, 4, 5, 6, 7, 8, 10, 12])
    if v.is_Rational:
        term = div(num(abs(v.p) * k), num(v.q * k))
    else:
        below = sympy.fraction(sympy.together(v))[1]
        if not below.is_Integer:
            return None
        above = sympy.expand(v * below * k)
        return div(tree(above, rng, order=rng.random() < 0.5), num(below * k))
    return neg(term) if v < 0 else term


def reduced(v, rng):
    """A fraction as it is, in another writing; the sign where it may stand."""
    if not v.is_Rational or v.is_Integer:
        return None
    above, below = num(abs(v.p)), num(v.q)
    if v > 0:
        return div(above, below) if rng.random() < 0.7 else div(neg(above), neg(below))
    return rng.choice([neg(div(above, below)), div(neg(above), below), div(above, neg(below))])


def product_of_fractions(v, rng):
    if not v.is_Rational or v.is_Integer or v <= 0:
        return None
    a, c = (rng.choice(sympy.divisors(n)) for n in (v.p, v.q))
    k = rng.choice([1, 1, 2, 3])
    term = mul(div(num(a * k), num(c)), div(num(v.p // a), num(v.q // c * k)))
    return None if 1 in (c, v.q // c * k) else term


def compound_fraction(v, rng):
    if not v.is_Rational or v.is_Integer or v <= 0:
        return None
    d = rng.choice(sympy.divisors(v.q))
    return div(div(num(v.p), num(d)), num(v.q // d)) if 1 < d < v.q else div(num(1), div(num(v.q), num(v.p))) if v.p > 1 else None


def complement(v, rng):
    return add(num(1), neg(tree(1 - v, rng))) if v.is_Rational and not v.is_Integer and 0 < v < 1 else None


def as_power(v, rng):
    if not v.is_Rational or v <= 1 and v.is_Integer or v <= 0:
        return None
    found = [(base, e) for e in (2, 3, 4, 5, 6, 7, 8, 10) for base in [v ** sympy.Rational(1, e)] if base.is_Rational]
    if not found:
        return None
    base, e = rng.choice(found)
    return power(tree(base, rng), num(e))


def negative_power(v, rng):
    return power(num(v.q), neg(num(1))) if v.is_Rational and v.p == 1 and v.q > 1 else None


def prime_powers(v, rng):
    if not v.is_Integer or v < 12:
        return None
    factors = sympy.factorint(v)
    if len(factors) < 2 or max(factors) > 2000 or max(factors.values()) < 2:
        return None
    return mul(*[power(num(p), num(e)) if e > 1 else num(p) for p, e in sorted(factors.items())])


def power_and_rest(v, rng):
    if not v.is_Integer or not 3 < v < 3000:
        return None
    base = rng.choice([2, 2, 3, 5])
    term = power(num(base), num(max(2, math.floor(math.log(v, base)) + rng.randint(0, 1))))
    rest = v - base ** term.args[1].args[2]
    return add(term, tree(rest, rng)) if rest else None


def root_of_square(v, rng):
    square = sympy.expand(v ** 2)
    return root(tree(square, rng)) if v.is_positive and square.is_Rational and abs(square.p) < 10 ** 6 and square.q < 10 ** 4 else None


def root_of_cube(v, rng):
    if not v.is_Rational or not 0 < abs(v.p) < 60 or v.q > 30:
        return None
    return root(num(v ** 3), 3) if v.is_Integer and v > 0 else neg(root(tree(-v ** 3, rng), 3)) if v < 0 else root(tree(v ** 3, rng), 3)


def distance(v, rng):
    """A square root of a sum of two squares, as a distance is first written."""
    square = sympy.expand(v ** 2)
    if not v.is_positive or not square.is_Integer or square > 10 ** 6:
        return None
    pairs = [(a, math.isqrt(square - a * a)) for a in range(1, math.isqrt(square) + 1) if math.isqrt(square - a * a) ** 2 == square - a * a]
    pairs = [pair for pair in pairs if 0 not in pair]
    return root(add(*[power(num(n), num(2)) for n in rng.choice(pairs)])) if pairs else None


def half_power(v, rng):
    square = sympy.expand(v ** 2)
    return power(tree(square, rng), div(num(1), num(2))) if v.is_positive and square.is_Integer and square < 10 ** 6 else None


def absolute(v, rng):
    if v.is_Rational and v > 0 and v.is_Integer:
        return unary("abs", rng.choice([neg(num(v)), add(num(3), neg(num(v + 3)))]))
    return None


def factorial(v, rng):
    for n in range(3, 12):
        whole = sympy.factorial(n)
        if v == whole:
            return unary("fact", num(n))
        for k in range(2, n - 1):
            if v == whole / (sympy.factorial(k) * sympy.factorial(n - k)) and rng.random() < 0.5:
                return rng.choice([binom(num(n), num(k)), div(unary("fact", num(n)), mul(unary("fact", num(k)), unary("fact", num(n - k))))])
            if v == whole / sympy.factorial(k) and rng.random() < 0.5:
                return div(unary("fact", num(n)), unary("fact", num(k)))
    return None


def binomial_and_rest(v, rng):
    if not v.is_Integer or v < 4:
        return None
    n = rng.randint(4, 9)
    k = rng.randint(2, n - 2)
    rest = v - sympy.binomial(n, k)
    return add(binom(num(n), num(k)), tree(rest, rng)) if rest and abs(rest) < 5 * v else None


def logarithm(v, rng):
    if not v.is_Integer or not 1 <= v <= 12:
        return None
    if rng.random() < 0.3:
        return call("ln", power(E, num(v)))
    base = rng.choice([2, 3, 5, 10])
    return call("log", num(base ** int(v)), num(base)) if base ** int(v) < 10 ** 7 else None


def trigonometric(v, rng):
    name, degrees, trig = rng.choice(ANGLES)
    factor = sympy.radsimp(v / trig)
    if not (factor.is_Rational or sympy.expand(factor ** 2).is_Integer) or factor == 0 or v.has(sympy.pi):
        return None
    angle = rng.choice([unary("deg", num(degrees)), tree(sympy.pi * degrees / 180, rng)])
    return mul(tree(factor, rng), call(name, angle)) if factor != 1 and factor > 0 else call(name, angle) if factor == 1 else None


def euler(v, rng):
    return {-1: rng.choice([power(I, num(2)), power(E, mul(I, PI))]), 1: neg(power(I, num(2)))}.get(int(v)) if v.is_Integer else None


def rationalised(v, rng):
    """a√b/c with the root below: ab/(c√b)."""
    coefficient, radical = v.as_coeff_Mul()
    if not (radical.is_Pow and radical.exp == sympy.Rational(1, 2) and coefficient.is_Rational and coefficient > 0):
        return None
    above = coefficient * radical.base * rng.choice([1, 1, 2])
    scale = above / (coefficient * radical.base)
    return div(num(above.p), mul(*[num(above.q * scale)] * (above.q * scale != 1), root(num(radical.base))))


def root_products(v, rng):
    """√66 as √6 √11; a√b as √(a²b) or √(a²/c²·b)."""
    coefficient, radical = v.as_coeff_Mul()
    if not (radical.is_Pow and radical.exp == sympy.Rational(1, 2) and coefficient.is_Rational and coefficient > 0):
        return None
    b = radical.base
    if rng.random() < 0.5 and not sympy.isprime(b):
        d = rng.choice([d for d in sympy.divisors(b) if 1 < d < b])
        return mul(*[tree(coefficient, rng)] * (coefficient != 1), root(num(d)), root(num(b // d)))
    k = rng.choice([2, 3, 5])
    return div(mul(*[num(coefficient.p)] * (coefficient.p != 1), root(num(b * k * k))), num(coefficient.q * k))


def nested_root(v, rng):
    """a + b√c as √(a² + b²c + 2ab√c)."""
    square = sympy.expand(v ** 2)
    return root(tree(square, rng)) if v.is_real and v.is_positive and v.is_Add and not v.has(sympy.pi) and len(square.args) == 2 else None


def common_factor(v, rng):
    factored = sympy.factor_terms(v)
    if factored.is_Mul and any(f.is_Add for f in factored.args):
        return tree(factored, rng, order=True)
    if v.is_Mul or v.is_Pow or v == sympy.pi:
        k = rng.randint(2, 9)
        return mul(tree(v / k, rng), num(k)) if rng.random() < 0.5 else mul(num(k), tree(v / k, rng, split=True))
    return None


def decimal_coefficient(v, rng):
    coefficient, rest = v.as_coeff_Mul()
    if rest == 1 or coefficient <= 0 or coefficient == 1:
        return None
    factor = terminating(coefficient, rng)
    return mul(factor, tree(rest, rng)) if factor and coefficient.q < 100 else None


def over_pi(v, rng):
    return mul(tree(v * sympy.pi, rng), power(PI, neg(num(1)))) if v.is_Mul and (v * sympy.pi).is_Rational else None


def imaginary_factor(v, rng):
    if v.is_real:
        return None
    return rng.choice([mul(I, tree(sympy.expand(v / sympy.I), rng)), add(tree(sympy.re(v), rng), mul(tree(sympy.im(v), rng), root(neg(num(1))))),
                       neg(tree(-v, rng, order=True)), add(tree(sympy.re(v), rng), neg(div(tree(sympy.im(v), rng), I)))])


def gaussian_product(v, rng):
    if v.is_real:
        return None
    w = rng.choice([1 + sympy.I, 1 - sympy.I, 2 + sympy.I, 2 - sympy.I, 1 + 2 * sympy.I])
    other = sympy.expand(sympy.simplify(v / w))
    above = sympy.expand(v * w)
    if all(part.is_Integer for part in other.as_real_imag()):
        return mul(tree(w, rng), tree(other, rng))
    return div(tree(above, rng), tree(w, rng)) if above.is_Add else None


PLAIN = [sum_of_two, difference, sum_of_three, product, product_and_sum, factored_sum, quotient, terminating, thousands, scientific, number_word]
NUMBERS = PLAIN + [as_power, prime_powers, power_and_rest, root_of_square, root_of_cube, distance, half_power, absolute, factorial,
                   binomial_and_rest, logarithm, trigonometric, euler]
FRACTIONS = [reduced, sum_of_two, difference, quotient, product_of_fractions, compound_fraction, complement, as_power, negative_power,
             terminating,
             repeating, mixed_number, scientific, root_of_square, trigonometric]
IRRATIONALS = [straight, sum_of_two, difference, quotient, root_of_square, distance, half_power, rationalised, root_products, nested_root,
               common_factor, decimal_coefficient, over_pi, trigonometric]
COMPLEX = [straight, sum_of_two, difference, quotient, imaginary_factor, gaussian_product, common_factor]


def inner(v):
    """The forms that suit a number between commas."""
    return [form for form in of(v) if form not in (thousands, number_word)]


def of(v):
    """The forms that suit a number."""
    if v.is_Integer:
        return NUMBERS
    if v.is_Rational:
        return FRACTIONS
    return IRRATIONALS if v.is_real else COMPLEX
