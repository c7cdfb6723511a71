"""What the rules share: a number's text in a random style, several of them, and wrappings without meaning."""
import sympy

import forms
from terms import CannotWrite, Style, tree, value

ROW = r" \\ "


def written(term, rng, plain=None):
    """The term's text in a random style, and whether that is plain."""
    for _ in range(4):
        style = Style.draw(rng)
        if plain is not None:
            style.plain, style.unicode = plain, plain and style.unicode
        try:
            return style.write(term), style.plain
        except CannotWrite:
            continue
    return None, None


def restyled(v, rng):
    """The number in one of its forms, often the plainest."""
    form = rng.choice(forms.of(v)) if rng.random() < 0.4 else None
    return (form and form(v, rng)) or tree(v, rng)


def wrapped(text, rng):
    return rng.choice([f"${text}$", rf"\({text}\)", rf"\boxed{{{text}}}", f"{text}.", f"$\\displaystyle {text}$", f"${text}$.", f" {text} "])


def members(items, rng, plain=None, changed=0.35):
    """(texts, values, plain): the numbers, some in other forms."""
    plain = rng.random() < 0.35 if plain is None else plain
    texts, values = [], []
    for item in items:
        if item in (sympy.oo, -sympy.oo):
            sign = "-" if item < 0 else rng.choice(["", "", "+"])
            texts.append(sign + ("∞" if plain else r"\infty"))
            values.append(item)
            continue
        term = rng.choice(forms.inner(item))(item, rng) if rng.random() < changed else None
        text = term and written(term, rng, plain)[0]
        if not text:
            term = tree(item, rng)
            text = written(term, rng, plain)[0]
        texts.append(text)
        values.append(value(term))
    return texts, tuple(values), plain


def comma(rng):
    return rng.choice([",", ", ", ", "])


def factor_text(k, rng):
    text = written(tree(k, rng), rng, plain=False)[0]
    return f"({text})" if "/" in text else text
