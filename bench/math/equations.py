"""Rules for golds that are equations. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import sympy

from expressions import letters
from meaning import Equation, Unread, Value
from terms import symbol, tree
from texts import wrapped, written


def sides(f, rng, loose=True):
    """f = 0 with some terms on the right."""
    terms = list(sympy.expand(f).as_ordered_terms())
    rng.shuffle(terms)
    left = [t for t in terms if rng.random() < 0.5] if loose else terms
    right = [t for t in terms if t not in left]
    if not left:
        left, right = right, left
    plain = rng.random() < 0.3
    texts = [written(tree(sympy.Add(*part), rng, order=True), rng, plain)[0] for part in (left, [-t for t in right])]
    return " = ".join(texts)


def moved(gold, rng):
    f = gold.meaning.difference
    return sides(f, rng), Equation(f)


def all_on_one_side(gold, rng):
    f = gold.meaning.difference
    return sides(f, rng, loose=False), Equation(f)


def equation_scaled(gold, rng):
    f = gold.meaning.difference * rng.choice([2, 3, -1, -2, 5, sympy.Rational(1, 2), 10])
    return sides(f, rng), Equation(f)


def solved(gold, rng):
    f = gold.meaning.difference
    x = rng.choice(letters(f))
    right = sympy.solve(f, x)[0]
    if rng.random() < 0.3:
        right = sympy.together(right)
    return f"{x} = {written(tree(right, rng, order=True), rng)[0]}", Equation(x - right)


def right_side_alone(gold, rng):
    """The page takes an expression for `y = …`."""
    f = gold.meaning.difference
    if not gold.text.startswith("y ="):
        return None
    right = symbol("y") - f
    return written(tree(right, rng, order=True), rng)[0], Equation(symbol("y") - right)


def equation_wrapped(gold, rng):
    f = gold.meaning.difference
    return wrapped(sides(f, rng), rng), Equation(f)


def equation_error(gold, rng):
    terms = list(sympy.expand(gold.meaning.difference).as_ordered_terms())
    at = rng.randrange(len(terms))
    coefficient, rest = terms[at].as_coeff_Mul()
    terms[at] = rng.choice([-terms[at], sympy.Integer(0), (coefficient + rng.choice([1, -1, 2])) * rest, terms[at] * 2])
    f = sympy.Add(*terms)
    return (sides(f, rng), Equation(f)) if len(letters(f)) > 1 else None


def equation_solved_wrong(gold, rng):
    f = gold.meaning.difference
    x = rng.choice(letters(f))
    right = sympy.solve(f, x)[0] + rng.choice([1, -1, 2])
    return f"{x} = {written(tree(right, rng), rng)[0]}", Equation(x - right)


def equation_names_swapped(gold, rng):
    f = gold.meaning.difference
    a, b = rng.sample(letters(f), 2)
    f = f.subs({a: b, b: a}, simultaneous=True) if rng.random() < 0.6 else f.subs(a, symbol(rng.choice("tkuw")))
    return sides(f, rng), Equation(f)


def relation_changed(gold, rng):
    return sides(gold.meaning.difference, rng).replace("=", rng.choice([r"\le", r"\ge", "<", ">", r"\ne", r"\approx"])), Unread()


def equation_dropped(gold, rng):
    """An expression that is no equation."""
    f = gold.meaning.difference
    wrong = f if not gold.text.startswith("y =") else symbol("y") - f + rng.choice([1, -1, symbol("x")])
    return written(tree(wrong, rng, order=rng.random() < 0.5), rng)[0], Value(wrong)


def equation_and_more(gold, rng):
    return sides(gold.meaning.difference, rng) + rng.choice([" or x = 0", ", z = 0", r" \text{ or } y = 1", "?", r" \ldots"]), Unread()


def rules(_):
    """(equal, wrong) rules."""
    return ([moved, all_on_one_side, equation_scaled, solved, right_side_alone, equation_wrapped],
            [equation_error, equation_error, equation_solved_wrong, equation_names_swapped, relation_changed, equation_dropped, equation_and_more])
