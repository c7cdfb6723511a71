"""Wrong numbers that a model might give: each function takes a SymPy number and a Random, and gives a term of another value, or None.

That the value differs is proved on the term; a function may well hit the right value by chance.
"""
import sympy

from terms import PI, add, literal, mul, neg, num, power, root, sym, tree


def sign_flipped(v, rng):
    return tree(-v, rng, order=rng.random() < 0.3)


def off_by_one(v, rng):
    step = rng.choice([1, -1])
    return tree(v + (sympy.Rational(step, v.q) if v.is_Rational and rng.random() < 0.5 else step), rng)


def off_by_some(v, rng):
    return tree(v + rng.choice([2, -2, 3, 5, -5, 10, -10, 100]), rng) if v.is_Rational else None


def digits_swapped(v, rng):
    if not v.is_Rational:
        return None
    parts = [str(abs(v.p)), str(v.q)]
    which = rng.choice([0, 0, 1]) if v.q > 9 else 0
    digits = list(parts[which])
    if len(digits) < 2:
        return None
    at = rng.randrange(len(digits) - 1)
    digits[at], digits[at + 1] = digits[at + 1], digits[at]
    parts[which] = "".join(digits)
    return tree(sympy.sign(v) * sympy.Rational(int(parts[0]), int(parts[1])), rng) if int(parts[1]) else None


def digit_changed(v, rng):
    if not v.is_Integer:
        return None
    digits = list(str(abs(v)))
    at = rng.randrange(len(digits))
    digits[at] = str(rng.randint(1, 9))
    return tree(sympy.sign(v) * int("".join(digits)), rng)


def digit_missing(v, rng):
    if not v.is_Integer or abs(v) < 10:
        return None
    digits = str(abs(v))
    at = rng.randrange(len(digits))
    return tree(sympy.sign(v) * int(digits[:at] + digits[at + 1:]), rng)


def digit_doubled(v, rng):
    if not v.is_Integer or v == 0:
        return None
    digits = str(abs(v))
    at = rng.randrange(len(digits))
    return tree(sympy.sign(v) * int(digits[:at] + digits[at] + digits[at:]), rng)


def scaled(v, rng):
    return tree(sympy.expand(v * rng.choice([2, sympy.Rational(1, 2), 3, 10, sympy.Rational(1, 10), 100, 4, sympy.Rational(1, 3)])), rng)


def inverted(v, rng):
    return None if v in (0, 1, -1) or not v.is_real else tree(1 / v, rng)


def numerator_off(v, rng):
    if not v.is_Rational or v.is_Integer:
        return None
    return tree(sympy.Rational(v.p + rng.choice([1, -1, 2, -2]), v.q), rng)


def denominator_off(v, rng):
    if not v.is_Rational or v.is_Integer:
        return None
    return tree(sympy.Rational(v.p, max(1, v.q + rng.choice([1, -1, 2, 10]))), rng)


def squared_or_rooted(v, rng):
    if not v.is_real or v == 0:
        return None
    return tree(v ** 2, rng) if rng.random() < 0.5 else root(tree(abs(v), rng)) if v.is_Rational else None


def decimal_short(v, rng):
    """A decimal of 3 to 12 digits of what has none, and one digit short of what ends."""
    if not v.is_real or v.is_Integer:
        return None
    digits = rng.randint(3, 12) if not v.is_Rational or rng.random() < 0.7 else rng.randint(1, 3)
    text = sympy.Float(v.evalf(40), digits)
    text = sympy.Rational(str(text)) if abs(text) > 1e-3 and abs(text) < 1e7 else None
    if text is None:
        return None
    places = next((p for p in range(16) if (text * 10 ** p).is_Integer), None)
    if places in (None, 0):
        return None
    whole = str(abs(text) * 10 ** places).rjust(places + 1, "0")
    term = literal(*[whole[:-places] + "." + whole[-places:]] * 2, abs(text))
    return neg(term) if text < 0 else term


def near(v, rng):
    """gold + 10^-9 and the like."""
    exponent = rng.randint(4, 12)
    apart = sympy.Rational(1, 10 ** exponent)
    if v.is_Integer and v > 0 and rng.random() < 0.7:
        text = f"{v}.{'0' * (exponent - 1)}1" if rng.random() < 0.5 else f"{v - 1}.{'9' * exponent}"
        return literal(text, text, v + apart if text.endswith("1") else v - apart)
    return add(tree(v, rng), power(num(10), neg(num(exponent))))


def other_radicand(v, rng):
    radicals = sorted(v.atoms(sympy.Pow), key=str)
    if not radicals or not v.is_real:
        return None
    old = rng.choice(radicals)
    return tree(v.subs(old, sympy.sqrt(old.base + rng.choice([1, -1, 2, 3]))), rng) if old.exp == sympy.Rational(1, 2) else None


def radicand_alone(v, rng):
    coefficient, radical = v.as_coeff_Mul()
    if not radical.is_Pow or radical.exp != sympy.Rational(1, 2):
        return None
    return rng.choice([root(num(radical.base)), root(num(radical.base), 3), num(radical.base),
                       add(tree(coefficient, rng), root(num(radical.base))),
                       root(num(radical.base * abs(coefficient.p))), mul(tree(coefficient, rng), num(radical.base)),
                       root(num(abs(coefficient.p) ** 3 * radical.base))])


def other_coefficient(v, rng):
    if v.is_Rational:
        return None
    terms = list(v.as_ordered_terms())
    at = rng.randrange(len(terms))
    coefficient, rest = terms[at].as_coeff_Mul()
    terms[at] = (coefficient + rng.choice([1, -1, 2])) * rest
    return tree(sympy.Add(*terms), rng, order=True)


def one_sign_flipped(v, rng):
    terms = list(v.as_ordered_terms()) if not v.is_Rational else []
    if len(terms) < 2:
        return None
    at = rng.randrange(len(terms))
    terms[at] = -terms[at]
    return tree(sympy.Add(*terms), rng, order=True)


def term_dropped(v, rng):
    terms = list(v.as_ordered_terms()) if not v.is_Rational else []
    return tree(rng.choice(terms), rng) if len(terms) > 1 else None


def parts_swapped(v, rng):
    """b + ai for a + bi; b + a√c for a + b√c."""
    if not v.is_Add or len(v.args) != 2:
        return None
    (a, x), (b, y) = (term.as_coeff_Mul() for term in v.as_ordered_terms())
    return tree(b * x + a * y, rng)


def collapsed(v, rng):
    """20π for 18 + 2π."""
    if not v.is_Add or len(v.args) != 2:
        return None
    (a, x), (b, y) = (term.as_coeff_Mul() for term in v.as_ordered_terms())
    return tree((a + b) * (x * y), rng)


def pi_lost(v, rng):
    if not v.has(sympy.pi):
        return None
    return rng.choice([lambda: tree(v.subs(sympy.pi, 1), rng), lambda: tree(sympy.expand(v * sympy.pi), rng),
                       lambda: tree(v.subs(sympy.pi, sympy.Rational(22, 7)), rng),
                       lambda: tree(v.subs(sympy.pi, sympy.Rational(157, 50)), rng)])()


def pi_added(v, rng):
    return mul(tree(v, rng), PI) if v.is_Integer and v > 0 else None


def letter_added(v, rng):
    letter = rng.choice("xnk")
    return mul(tree(v, rng), sym(letter)) if v.is_Rational and v.is_positive and v.is_Integer else add(tree(v, rng), sym("C"))


INTEGERS = [sign_flipped, off_by_one, off_by_some, digits_swapped, digit_changed, digit_missing, digit_doubled, scaled, inverted,
            squared_or_rooted,
            near, pi_added, letter_added]
SCHOOL = [sign_flipped, off_by_one, off_by_some, digits_swapped, digit_changed, digit_missing, digit_doubled, scaled]
FRACTIONS = [sign_flipped, off_by_one, off_by_some, digits_swapped, scaled, inverted, numerator_off, denominator_off, squared_or_rooted,
             decimal_short, near]
IRRATIONALS = [sign_flipped, off_by_one, scaled, inverted, decimal_short, near, other_radicand, radicand_alone, other_coefficient,
               one_sign_flipped, term_dropped, parts_swapped, collapsed, pi_lost, letter_added]
COMPLEX = [sign_flipped, off_by_one, scaled, near, other_coefficient, one_sign_flipped, term_dropped, parts_swapped, collapsed]


def of(v):
    """The errors that suit a number."""
    if v.is_Integer:
        return INTEGERS
    if v.is_Rational:
        return FRACTIONS
    return IRRATIONALS if v.is_real else COMPLEX


def slip(v, rng):
    """Any such error, most often a near one."""
    for _ in range(20):
        term = rng.choice(of(v)[:8])(v, rng)
        if term is not None:
            return term
    return tree(v + 1, rng)
