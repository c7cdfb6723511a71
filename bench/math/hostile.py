#!/usr/bin/env python3
"""Writes seeded answers that are made to cost time or memory: hostile.py --out FILE [--seed N] [--each N].

A line is {"gold", "answer", "kind"}; an answer that is no UTF-8 comes as "answer_hex", its bytes in hexadecimal. No truth is given: the
promise is that a verdict comes soon. Golds are ordinary ones, in one pair of ten the hostile text itself.
"""
import argparse
import json
import pathlib
import random
import string

GOLDS = ("5", "42", "-3", r"\frac{14}{3}", r"3\sqrt{13}", "x^3+3x-6", r"\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}", "1,-2", "(3,4]", r"\pi",
         "1.25",
         r"90^\circ", r"\text{Evelyn}", "6 - 5i", r"y = 2x + 3", r"(0,9) \cup (9,36)", r"\text{(C)}", "52_8", r"\$18.90", "(6,31,-1)",
         r"1 \pm \sqrt{19}")
LETTERS = "abcdefghjklmnopqrstuvwxyz"
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


def size(rng, low=1_000, high=50_000):
    """A length, small ones as likely as large ones."""
    return int(low * (high / low) ** rng.random())


def digits(rng, count):
    return str(rng.randint(1, 9)) + "".join(rng.choices(string.digits, k=count - 1))


def power_tower(rng):
    height = rng.randint(3, 60)
    base = rng.choice(["2", "9", "10", "(-3)", "x", "1.5", r"\frac12", "99999"])
    return ("^{".join([base] * height) + "}" * (height - 1)) if rng.random() < 0.7 else "^".join([base] * height)


def huge_power(rng):
    return rng.choice([f"10^{{{digits(rng, rng.randint(5, 40))}}}", f"10^{{-10^{rng.randint(3, 12)}}}",
                       f"({digits(rng, 30)})^{{{digits(rng, 9)}}}",
                       f"1.0000001^{{{digits(rng, 12)}}}", f"2^{{2^{{{digits(rng, 4)}}}}}", f"1e{digits(rng, rng.randint(4, 20))}",
                       rf"\frac{{10^{{{digits(rng, 8)}}}}}{{10^{{{digits(rng, 8)}}}}}", f"5 + 10^{{-{digits(rng, 9)}}}",
                       f"7^{{{digits(rng, 7)}}} - 7^{{{digits(rng, 7)}}}"])


def huge_factorial(rng):
    n = digits(rng, rng.randint(4, 20))
    return rng.choice([f"{n}!", f"({n}!)!", f"((({rng.randint(3, 9)}!)!)!)!", f"{n}!/{n}!", f"{rng.randint(3, 9)}" + "!" * size(rng, 10, 5000),
                       rf"\frac{{{n}!}}{{({n}-1)!}}", f"({n}!)^{{{n}!}}", f"{n}! - {n}! + 5"])


def huge_binomial(rng):
    n, k = digits(rng, rng.randint(5, 15)), digits(rng, rng.randint(3, 14))
    inner = rf"\binom{{{n}}}{{{k}}}"
    return rng.choice([inner, rf"\frac{{{inner}}}{{{inner}}}", rf"\binom{{{inner}}}{{{k}}}", f"{inner} - {inner}", rf"\binom{{{n}}}{{2}}!"])


def nested(rng):
    depth = size(rng, 500, 40_000)
    left, right = rng.choice([("(", ")"), ("{", "}"), ("[", "]"), (r"\left(", r"\right)"), (r"\sqrt{", "}"), (r"\frac{1}{1+", "}"),
                              (r"\text{", "}"), ("|", "|"),
                              (r"\boxed{", "}"), ("-(", ")"), (r"\{", r"\}"), (r"\sin(", ")"), (r"x^{", "}"), (r"\left\{", r"\right\}"),
                              ("$", "$"),
                              (r"\sqrt[3]{1+", "}"), (r"\frac{", "}{2}"), (r"\begin{pmatrix}", r"\end{pmatrix}"), (r"\log_{2}(", ")"),
                              (r"\binom{", "}{1}")])
    return left * depth + rng.choice(["5", "x", "1+x", ""]) + right * depth


def unbalanced(rng):
    token = rng.choice(["{", "}", "(", ")", "[", "|", r"\left(", r"\right)", r"\frac{", r"\sqrt{", r"\begin{pmatrix}", r"\end{pmatrix}", "$",
                        r"\(", r"\{",
                        r"\text{", "^", "_", "^{", "_{", "&", r"\\", r"\left"])
    return rng.choice(["5", "x^2", ""]) + token * size(rng, 10, 100_000) + rng.choice(["", "5"])


def many_digits(rng):
    count = size(rng, 5_000, 1_000_000)
    whole = digits(rng, count)
    return rng.choice([whole, f"0.{whole}", f"{whole[:count // 2]}.{whole[count // 2:]}",
                       rf"\frac{{{whole[:count // 2]}}}{{{whole[count // 2:]}}}",
                       rf"\sqrt{{{whole[:20_000]}}}", f"5.{'0' * count}1", f"4.{'9' * count}", rf"0.\overline{{{whole}}}", f"{whole[:2000]}!",
                       f"{whole[:10_000]}^{{{whole[:100]}}}", ",".join(whole[at:at + 3] for at in range(0, min(count, 100_000), 3)),
                       f"{whole[:50_000]} * {whole[:50_000]}", "0" * count + "5"])


def big_expansion(rng):
    n = rng.randint(2, 12)
    total = " + ".join(rng.sample(LETTERS, n))
    power = rng.choice([20, 50, 100, 1000, 10 ** 6, 10 ** 9])
    return rng.choice([f"({total})^{{{power}}}", f"({total})^{{{power}}} - ({total})^{{{power}}}",
                       rf"\frac{{({total})^{{{power}}}}}{{({total})^{{{power - 1}}}}}",
                       f"(({total})^{{{power}}} + 1)^{{{power}}}"])


def big_product(rng):
    n = rng.randint(20, 400)
    return "".join(f"({rng.choice(LETTERS)}{rng.choice('+-')}{rng.choice(LETTERS)}^{rng.randint(1, 9)}{rng.choice('+-')}{rng.randint(1, 99)})" for _ in range(n))


def huge_variable_power(rng):
    n = rng.choice(["1000000000", "{10^{9}}", "{10^{100}}", "{" + digits(rng, 30) + "}", r"{\frac{1}{1000003}}", "{y^{z^{w}}}"])
    n = n if n[0] == "{" else "{" + n + "}"
    return rng.choice([f"x^{n}", f"x^{n} + 3x - 6", f"(x+1)^{n}", rf"\frac{{x^{n} - 1}}{{x - 1}}", f"x^{n} - x^{n} + x^3 + 3x - 6",
                       rf"\sqrt[{n[1:-1]}]{{x}}", f"e^{{x^{n}}}"])


def not_computed(rng):
    n = digits(rng, rng.randint(1, 12))
    return rng.choice([rf"\int_0^{{{n}}} e^{{x^2}}\,dx", rf"\sum_{{k=1}}^{{{n}}} \frac{{1}}{{k^3}}",
                       rf"\lim_{{n\to\infty}} \left(1+\frac{{{n}}}{{n}}\right)^n",
                       rf"\prod_{{p \le {n}}} p", rf"\frac{{d^{{{n}}}}}{{dx^{{{n}}}}} \tan x", r"\int" * size(rng, 10, 5000) + "x dx",
                       rf"\sum_{{i=1}}^{{{n}}}" * size(rng, 10, 500) + "1",
                       rf"\iiint \frac{{x^{{{n}}}}}{{y}}\,dx\,dy\,dz", rf"\lim_{{x \to 0}} \lim_{{y \to 0}} \frac{{\sin xy}}{{xy}}",
                       rf"\zeta({n})", rf"\Gamma({n})"])


def huge_matrix(rng):
    n = rng.choice([5, 8, 10, 12, 20, 50, 120])
    entries = rng.choice([lambda i, j: str(rng.randint(-99, 99)), lambda i, j: rng.choice(LETTERS), lambda i, j: f"x_{{{i}}}+{j}", lambda i,
                          j: digits(rng, 30),
                          lambda i, j: rf"\frac{{{rng.randint(1, 99)}}}{{{rng.randint(2, 99)}}}", lambda i,
                          j: rf"\sqrt{{{rng.choice(PRIMES)}}}"])
    kind = rng.choice(["vmatrix", "pmatrix", "vmatrix", "bmatrix", "vmatrix"])
    rows = r" \\ ".join(" & ".join(entries(i, j) for j in range(n)) for i in range(n))
    whole = rf"\begin{{{kind}}} {rows} \end{{{kind}}}"
    return whole if rng.random() < 0.7 else rf"\left({whole}\right)^{{{rng.choice([2, 100, -1])}}}"


def sum_of_roots(rng):
    n = rng.randint(6, 20)
    degree = rng.choice(["", "", "[3]", "[17]", "[5]"])
    roots = [rf"\sqrt{degree}{{{p}}}" for p in rng.sample(PRIMES, n)]
    return rng.choice(["+".join(roots), f"({'+'.join(roots)})^{{{rng.randint(2, 40)}}}", rf"\frac{{1}}{{{'+'.join(roots)}}}",
                       f"({'+'.join(roots)})({'-'.join(roots)})",
                       f"{'+'.join(roots)} - ({'+'.join(reversed(roots))})"])


def nested_roots(rng):
    n = rng.randint(4, 200)
    inner = "2"
    for _ in range(n):
        inner = rf"{rng.randint(1, 30)}{rng.choice('+-')}\sqrt{rng.choice(['', '[3]', '[7]', '[17]'])}{{{inner}}}"
    return rf"\sqrt{{{inner}}}"


def nearly_equal(rng):
    n = digits(rng, rng.randint(3, 6))
    return rng.choice([f"5 + e^{{-{n}}}", f"1+e^{{-{n}}}", rf"5\cdot(1 - 10^{{-{n}}})", rf"\sqrt{{25 + 10^{{-{n}}}}}", rf"\sin(10^{{-{n}}}) + 5",
                       rf"\frac{{10^{{{n}}}+1}}{{10^{{{n}}}}} + 4",
                       r"e^{\pi\sqrt{163}}", rf"\pi + 2^{{-{n}}}", rf"5 - (\sqrt{{2}}-1)^{{{n}}}",
                       rf"3\sqrt{{13}} + (\sqrt{{3}}-\sqrt{{2}})^{{{n}}}", rf"\ln(e^5 + 10^{{-{n}}})",
                       r"\arctan(\frac15) \cdot 16 - 4\arctan(\frac{1}{239}) - \pi + 5", rf"\cos(10^{{-{n}}}) + 4"])


def function_tower(rng):
    name = rng.choice([r"\sin", r"\cos", r"\tan", r"\ln", r"\exp", r"\arctan", r"\log"])
    depth = size(rng, 20, 20_000)
    return rng.choice([f"{name}(" * depth + "1" + ")" * depth, f"{name} " * depth + "1", rf"{name}({digits(rng, size(rng, 10, 5000))})",
                       rf"{name}(10^{{{digits(rng, 8)}}})",
                       "e^{" * min(depth, 3000) + "1" + "}" * min(depth, 3000), rf"{name}^{{{digits(rng, 9)}}}(x)",
                       "+".join(rf"{name}({k}x)" for k in range(min(depth, 3000)))])


def long_list(rng):
    n = size(rng, 1_000, 100_000)
    return rng.choice([",".join(str(rng.randint(1, 10 ** 6)) for _ in range(n)), r"\{" + ",".join(str(k) for k in range(n)) + r"\}",
                       ",".join(["1"] * n), "(" + ",".join(["x"] * n) + ")",
                       ",".join(rf"\sqrt{{{k}}}" for k in range(min(n, 10_000))), " or ".join(["5"] * n),
                       ",".join(rf"{k}+\sqrt{{{k}}}" for k in range(min(n, 5_000))),
                       r" \cup ".join(f"({k},{k + 1})" for k in range(min(n, 20_000))),
                       r" \cup ".join([rf"[\sqrt{{{k}}},\sqrt{{{k + 1}}}]" for k in range(min(n, 5_000))]),
                       "," * n, ";" * n, "=".join(["5"] * n), "<".join(["x"] * n), "=".join(f"{k}+{5 - k}" for k in range(min(n, 20_000)))])


def many_plus_minus(rng):
    n = size(rng, 8, 3000)
    return rng.choice([r" \pm ".join(str(rng.randint(1, 99)) for _ in range(n)), "+".join(rf"(1 \pm \sqrt{{{k}}})" for k in range(2, n + 2)),
                       r"\pm" * n + "5", r"\pm 1 \mp " * n + "1",
                       "".join(rf"(1 \pm {k})" for k in range(n)), ", ".join(rf"{k} \pm 1" for k in range(n))])


def long_sum(rng):
    n = size(rng, 1_000, 100_000)
    return rng.choice(["+".join(["1"] * n), "+".join(["x"] * n), "-" * n + "5", "+".join(f"x^{{{k}}}" for k in range(min(n, 20_000))),
                       "*".join(["2"] * n), r"\cdot ".join(["x"] * min(n, 50_000)),
                       "+".join(rf"\frac{{1}}{{{k}}}" for k in range(1, min(n, 20_000))), "/".join(["3"] * n), "x" * n, "5" + "/2" * n,
                       "+".join(rf"\frac{{1}}{{{digits(rng, 20)}}}" for _ in range(min(n, 3000))),
                       "+".join(f"{rng.choice(LETTERS)}{rng.choice(LETTERS)}" for _ in range(min(n, 20_000))), "1-" * n + "1"])


def broken_bytes(rng):
    """Bytes that are no UTF-8."""
    n = size(rng, 1, 5000)
    return rng.choice([bytes(rng.randrange(256) for _ in range(n)), b"5" + b"\xff" * n, b"\xc0\x80" * n, b"\xed\xa0\x80" * n,
                       b"\xf4\x90\x80\x80" * n, b"\xe2\x88", b"3\xe2\x88\x9a13\xe2",
                       b"\x80" * n + b"5", b"\\frac{1}{\xfe}", b"5\x00", b"\x00" * n])


def odd_characters(rng):
    n = size(rng, 1, 20_000)
    return rng.choice(["5" + chr(0), chr(0) * n, "".join(chr(rng.randrange(1, 32)) for _ in range(n)) + "5", "\u202e5\u202c", "5" + "\u200b" * n,
                       "\u0301" * n + "5", "٥", "５", "\U0001d7d3", "𝟓",
                       "五", "Ⅴ", "х^3+3х-6", "\ufeff5", "5" + "\r\n" * n, "\t" * n + "5", "½" * n, "√" * n + "25", "²" * n, "∞" * n,
                       "−" * n + "5", "x" + "₁" * n, "5" + "°" * n, "😀" * n,
                       "".join(chr(rng.choice([rng.randrange(32, 0xD800), rng.randrange(0xE000, 0x110000)])) for _ in range(n)), "5\x7f",
                       "\u2028" * n, " " * n + "5"])


def unknown_commands(rng):
    n = size(rng, 10, 20_000)
    names = ["".join(rng.choices(LETTERS, k=rng.randint(1, 12))) for _ in range(20)]
    return rng.choice(["".join("\\" + rng.choice(names) for _ in range(n)), "\\" * n, "\\" + "a" * n, r"\left\right" * n, r"\,\!\;\:" * n + "5",
                       r"\displaystyle" * n + "5", r"\begin{" + "a" * n + "}",
                       r"\def\a{\a\a}\a", r"\newcommand{\x}{\x\x}\x", r"\input{/etc/passwd}", r"\frac" * n, r"\sqrt" * n,
                       r"\frac\frac" * n + "1234", "%" * n + "5", r"\\" * n, "#" * n, "~" * n + "5"])


def units_mess(rng):
    names = ["cm", "m", "kg", "miles", "dollars", "degrees", "radians", "hours", "square feet", "percent", "apples", "^\\circ", "\\%", "%", "$",
             "\\$"]
    n = size(rng, 2, 5000)
    return rng.choice(["5 " + " ".join(rng.choices(names, k=n)), "5" + r"\%" * n, "5" + r"^\circ" * n, "\\$" * n + "5",
                       r"5\text{ " + "very " * n + "apples}", "5 " + "m/s" * n, r"5\text{ cm}" * n,
                       f"5\\text{{ cm}}^{{{digits(rng, 12)}}}", "5 million " + "million " * n, "5" + " percent" * n, "5 " + "a" * n,
                       r"5\text{ m}^{10^{10}}"])


def bases(rng):
    n = size(rng, 1, 50_000)
    return rng.choice([f"{digits(rng, n)}_8", f"52_{{{digits(rng, 20)}}}", "52" + "_8" * n, "52_{" * min(n, 5000) + "8" + "}" * min(n, 5000),
                       "x_" * n + "1", f"52_{{{'1+' * n}1}}", "52_{8^{8^{8}}}"])


def repeated_decimals(rng):
    n = size(rng, 10, 100_000)
    return rng.choice([rf"0.\overline{{{digits(rng, n)}}}", rf"0.{digits(rng, n)}\overline{{{digits(rng, n)}}}",
                       r"0.\overline{" * min(n, 2000) + "3" + "}" * min(n, 2000), "0." * n, "." * n, "1.2" * n,
                       "5." + "0" * n, "-" + "0" * n + ".0", rf"1\frac{{1}}{{2}}" * min(n, 5000), "1 1/2 " * min(n, 5000), "1," * n + "000",
                       "5e" * n, f"5e{'9' * n}", f"1e-{'9' * n}"])


def long_words(rng):
    n = size(rng, 100, 300_000)
    return rng.choice(["the " * (n // 4) + "Evelyn", "a" * n, "Evelyn " * (n // 7), r"\text{Evelyn}" * (n // 13), "no solution " * (n // 12),
                       "not " * (n // 4) + "5", "sin" * (n // 3), "pi" * (n // 2),
                       "(C)" * (n // 3), "true" * (n // 4), "sqrt" * (n // 4) + "(5)", " and ".join(["x"] * (n // 6)), r"\text{" + "z" * n,
                       "lnsincostan" * (n // 11)])


def hard_equations(rng):
    n = size(rng, 5, 2000)
    return rng.choice(["=".join(f"x^{{{k}}}" for k in range(n)), " + ".join(f"{k}x_{{{k}}}" for k in range(n)) + " = 0",
                       f"x^{{{n}}} + y^{{{n}}} = z^{{{n}}}", "y = 2x + 3" + " + 0" * n, "y = " + "(2x+3)" * n,
                       rf"\frac{{y - 3}}{{{'(x+y)' * n}}} = \frac{{2x}}{{{'(x+y)' * n}}}", "x" + " < y" * n, "x \\le 5, " * n,
                       r"x \in " * n + "(3,4]", rf"\sqrt{{x+\sqrt{{y}}}} = {'1+' * n}x", "y=" * n + "2x+3"])


def identities(rng):
    """True or nearly true, and slow to prove by a general simplifier."""
    n = rng.randint(3, 60)
    return rng.choice([rf"\sin^{{{n}}}({n}x) + \cos^{{{n}}}({n}x)", r"\cos(\frac{\pi}{7})\cos(\frac{2\pi}{7})\cos(\frac{3\pi}{7}) \cdot 40",
                       rf"(\sin^2 x + \cos^2 x)^{{{10 ** (n % 9)}}} \cdot 5",
                       "".join(rf"\cos({2 ** k}x)" for k in range(n)), r"\sqrt[3]{2+\sqrt{5}} + \sqrt[3]{2-\sqrt{5}} + 4",
                       "+".join(rf"\sin({k}x)^{{{k}}}" for k in range(1, n)),
                       rf"\frac{{x^{{{n}}} - y^{{{n}}}}}{{x - y}}" + r" \cdot \frac{x-y}{x+y}" * n, rf"|{'|x|' * n}|",
                       r"\sqrt{" * n + f"x^{{{2 ** min(n, 40)}}}" + "}" * n,
                       "+".join(f"|x-{k}|" for k in range(n)), rf"\left(\frac{{1+\sqrt5}}{{2}}\right)^{{{n * 1000}}}",
                       rf"(1+i)^{{{10 ** (n % 12)}}}", rf"e^{{i\pi/{n}}}^{{{n}}}", "i^{" * n + "i" + "}" * n,
                       rf"\log_{{1.0000001}}({n})", rf"\log_{{2}}(2^{{{digits(rng, 12)}}})", rf"{n}^{{1/{digits(rng, 9)}}}", r"0^{0^{0}}",
                       r"\frac{1}{0}", r"\frac{0}{0}", r"\frac{1}{x-x}", r"\infty - \infty",
                       r"0 \cdot \infty", r"\tan 90^\circ", r"\ln 0", r"\ln(-1)", r"\sqrt{-1}^{\sqrt{-1}}", r"(-8)^{1/3}", r"\arcsin 2",
                       r"(-1)^{10^{50}+0.5}"])


KINDS = (power_tower, huge_power, huge_factorial, huge_binomial, nested, unbalanced, many_digits, big_expansion, big_product,
         huge_variable_power, not_computed, huge_matrix, sum_of_roots,
         nested_roots, nearly_equal, function_tower, long_list, many_plus_minus, long_sum, broken_bytes, odd_characters, unknown_commands,
         units_mess, bases, repeated_decimals, long_words,
         hard_equations, identities)


def pair(kind, rng):
    answer = kind(rng)
    gold = rng.choice(GOLDS)
    if isinstance(answer, bytes):
        return {"gold": gold, "answer_hex": answer.hex(), "kind": kind.__name__}
    if rng.random() < 0.1 and len(answer) < 20_000:
        gold = rng.choice([answer, kind(rng)])
    return {"gold": gold, "answer": answer, "kind": kind.__name__}


def lines(seed, each):
    """`each` pairs of each kind, no two alike."""
    rng = random.Random(seed)
    taken = set()
    for kind in KINDS:
        left = each
        while left:
            line = json.dumps(pair(kind, rng))
            if line not in taken:
                taken.add(line)
                left -= 1
                yield line


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--each", type=int, default=40, help="pairs of each kind")
    arguments = parser.parse_args()
    count = 0
    with open(arguments.out, "w", encoding="utf-8") as out:
        for count, line in enumerate(lines(arguments.seed, arguments.each), 1):
            out.write(line + "\n")
    print(f"{count} hostile pairs of {len(KINDS)} kinds, {arguments.out.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
