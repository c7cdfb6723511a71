"""Rules for golds that are words, choices, or numerals of a base. A rule takes a Gold and a Random, and gives (text, meaning) or None."""
from meaning import Numeral, Unread, Word
from texts import wrapped

OTHERS = {
    "Evelyn": ["Navin", "Angela", "Briana", "Carla", "Debra", "Evel", "Eve", "Evelyns", "Eveline", "Evelina", "Everett", "E", "Eleven"],
    "Navin": ["Evelyn", "Kevin", "Navi", "Nevin", "Nadia", "Marvin", "Naven", "N", "Navins", "Nav in", "Gavin", "Devin"],
    "east": ["west", "north", "south", "northeast", "southeast", "least", "eastern", "e", "northwest", "eats", "up", "southwest"],
    "even": ["odd", "neither", "seven", "event", "both", "eve", "periodic", "evenly", "even function", "oddeven", "constant"],
    "ellipse": ["circle", "parabola", "hyperbola", "line", "two lines", "point", "empty", "ellipsis", "ellipsoid", "eclipse", "oval",
                "empty set"],
}
COMMON = ("even", "east", "ellipse")  # words that take an article


def said(word, rng):
    return rng.choice([word, rf"\text{{{word}}}", rf"\textbf{{{word}}}", rf"\mbox{{{word}}}", rf"\text{{ {word} }}", f"{word}."])


def in_case(word, rng):
    return rng.choice([word, word.lower(), word.upper(), word.capitalize()])


def another_case(gold, rng):
    word = gold.meaning.text
    return said(in_case(word, rng), rng), Word(word)


def with_article(gold, rng):
    word = gold.meaning.text
    if word not in COMMON or word == "even":
        return None
    article = {"east": "the", "ellipse": rng.choice(["an", "the"])}[word]
    return said(f"{in_case(article, rng)} {in_case(word, rng)}", rng), Word(word)


def word_wrapped(gold, rng):
    word = gold.meaning.text
    return wrapped(rf"\text{{{in_case(word, rng)}}}", rng), Word(word)


def another_word(gold, rng):
    word = rng.choice(OTHERS[gold.meaning.text])
    return said(in_case(word, rng), rng), Word(word)


def word_and_more(gold, rng):
    word, other = gold.meaning.text, OTHERS[gold.meaning.text][0]
    return rng.choice([f"{word} or {other}", f"{word} and {other}", f"not {word}", rf"\text{{not {word}}}", f"{word}?", f"{other}, not {word}",
                       f"neither {word} nor {other}", f"{word}, {other}", rf"\text{{{word} or {other}}}", f"maybe {word}",
                       f"{word} 5"]), Unread()


def not_the_word(gold, rng):
    return rng.choice(["?", "5", "x", r"\text{unknown}", r"\text{none}", "0", r"\emptyset", r"\text{the answer}", r"\text{True}", "1"]), Unread()


def choice(gold, rng):
    letter = gold.meaning.text
    return rng.choice([letter, f"({letter})", rf"\text{{{letter}}}", rf"\textbf{{({letter})}}", rf"\textbf{{{letter}}}", letter.lower(),
                       f"{letter}.",
                       rf"\text{{({letter})}}.", rf"\mbox{{({letter})}}", rf"\text{{({letter.lower()})}}", f"({letter.lower()})", f" ({letter})",
                       rf"\left({letter}\right)", rf"\text{{ ({letter}) }}"]), Word(letter)


def choice_wrapped(gold, rng):
    letter = gold.meaning.text
    return wrapped(rng.choice([letter, f"({letter})", rf"\text{{({letter})}}"]), rng), Word(letter)


def another_choice(gold, rng):
    letter = rng.choice("ABCDEF")
    return rng.choice([letter, f"({letter})", rf"\text{{({letter})}}", letter.lower(), rf"\textbf{{({letter})}}",
                       rf"\text{{{letter}}}"]), Word(letter)


def choice_and_more(gold, rng):
    letter = gold.meaning.text
    other = "D" if letter != "D" else "A"
    return rng.choice([f"{other}, {letter}", f"({letter}) or ({other})", f"{letter} and {other}", f"not {letter}", "A B C D E",
                       f"{letter}{other}",
                       f"({letter}) 5", "(A), (B), (C), (D), (E)", f"{letter}?", rf"\text{{({letter}) or ({other})}}", "ABCDE",
                       f"not ({letter})"]), Unread()


def numeral_text(digits, base, rng):
    return rng.choice([f"{digits}_{base}", f"{digits}_{{{base}}}", f"({digits})_{base}", rf"({digits})_{{{base}}}", f"{digits} _{{{base}}}"])


def numeral(gold, rng):
    digits, base = gold.meaning
    return numeral_text(digits, base, rng), gold.meaning


def base_omitted(gold, rng):
    digits, _ = gold.meaning
    return rng.choice([digits, f"${digits}$", rf"\boxed{{{digits}}}", f"{digits}."]), Numeral(digits, None)


def numeral_wrapped(gold, rng):
    digits, base = gold.meaning
    return wrapped(numeral_text(digits, base, rng), rng), gold.meaning


def value_in_ten(gold, rng):
    digits, base = gold.meaning
    v = str(int(digits, base))
    return rng.choice([v, f"{v}_{{10}}", f"{v}_10" if rng.random() < 0.2 else v]), Numeral(v, None)


def another_base(gold, rng):
    digits, base = gold.meaning
    other = rng.choice([b for b in (*range(int(max(digits)) + 1, 11), 16) if b != base])
    return f"{digits}_{{{other}}}", Numeral(digits, other)


def digits_wrong(gold, rng):
    digits, base = gold.meaning
    v = int(digits, base) + rng.choice([1, -1, base, -base, 2, base * base])
    text = ""
    while v:
        v, digit = divmod(v, base)
        text = str(digit) + text
    return (text, Numeral(text, None)) if rng.random() < 0.3 else (numeral_text(text, base, rng), Numeral(text, base))


def digits_moved(gold, rng):
    digits, base = gold.meaning
    moved = list(digits)
    rng.shuffle(moved)
    moved = "".join(moved)
    return (numeral_text(moved, base, rng), Numeral(moved, base)) if moved[0] != "0" else None


def numeral_and_more(gold, rng):
    digits, base = gold.meaning
    return numeral_text(digits, base, rng) + rng.choice(["?", r" \ldots", " or 5", f" = {digits}_{{10}}", ", 1"]), Unread()


RULES = {
    "word": ([another_case, with_article, word_wrapped], [another_word, another_word, word_and_more, not_the_word]),
    "choice": ([choice, choice_wrapped], [another_choice, another_choice, choice_and_more]),
    "numeral": ([numeral, base_omitted, numeral_wrapped], [value_in_ten, another_base, digits_wrong, digits_moved, numeral_and_more]),
}


def rules(gold):
    """(equal, wrong) rules."""
    return RULES[gold.kind]
