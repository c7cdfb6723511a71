"""Rules for golds that are matrices. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
import sympy

import forms
from meaning import Matrix, Unread, Value
from terms import tree, value
from texts import ROW, factor_text, wrapped, written


def matrix_text(terms, rng, kind=None):
    kind = kind or rng.choice(["p", "b", "b"])
    texts = [" & ".join(written(term, rng, plain=False)[0] for term in row) for row in terms]
    return rf"\begin{{{kind}matrix}} {ROW.join(texts)} \end{{{kind}matrix}}", Matrix(tuple(tuple(map(value, row)) for row in terms))


def matrix_rewritten(gold, rng):
    rows = [[(rng.choice(forms.inner(e))(e, rng) if rng.random() < 0.4 else None) or tree(e, rng) for e in row]
            for row in gold.meaning.rows]
    try:
        return matrix_text(rows, rng)
    except TypeError:
        return None


def matrix_by_factor(gold, rng):
    rows = gold.meaning.rows
    k = rng.choice([sympy.Integer(-1), sympy.Rational(1, 2), sympy.Rational(1, 3), sympy.Rational(-1, 2)])
    text, meaning = matrix_text([[tree(e / k, rng) for e in row] for row in rows], rng)
    factor = "-" if k == -1 else factor_text(k, rng)
    return factor + text, Matrix(tuple(tuple(k * e for e in row) for row in meaning.rows))


def matrix_wrapped(gold, rng):
    text, meaning = matrix_rewritten(gold, rng) or (None, None)
    return text and (wrapped(text, rng), meaning)


def entry_wrong(gold, rng):
    rows = [list(row) for row in gold.meaning.rows]
    i, j = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    rows[i][j] += rng.choice([1, -1, 2, -2, 3])
    return matrix_text([[tree(e, rng) for e in row] for row in rows], rng)


def entries_swapped(gold, rng):
    rows = [list(row) for row in gold.meaning.rows]
    i, j = (rng.randrange(len(rows)) for _ in range(2))
    rows[i][0], rows[j][1] = rows[j][1], rows[i][0]
    return matrix_text([[tree(e, rng) for e in row] for row in rows], rng)


def matrix_scaled(gold, rng):
    k = rng.choice([-1, 2, 3, sympy.Rational(1, 2)])
    return matrix_text([[tree(k * e, rng) for e in row] for row in gold.meaning.rows], rng)


def row_missing(gold, rng):
    rows = list(gold.meaning.rows)
    if rng.random() < 0.5:
        del rows[rng.randrange(len(rows))]
    else:
        rows.append((sympy.Integer(0),) * len(rows[0]))
    return matrix_text([[tree(e, rng) for e in row] for row in rows], rng)


def determinant(gold, rng):
    return rng.choice([(matrix_text([[tree(e, rng) for e in row] for row in gold.meaning.rows], rng, kind="v")[0], Unread()),
                       ("1", Value(sympy.Integer(1))),
                       ("-1", Value(sympy.Integer(-1))), ("I", Unread()), ("-2", Value(sympy.Integer(-2)))])


def rules(_):
    """(equal, wrong) rules."""
    return [matrix_rewritten, matrix_by_factor, matrix_wrapped], [entry_wrong, entries_swapped, matrix_scaled, row_missing, determinant]
