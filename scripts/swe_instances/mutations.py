"""One-operator mutants of a Python file, made in the text so that the rest of it stays as it was.

Only code inside functions is mutated, each mutant in one line. Positions come from `ast`; they are offsets in UTF-8.
"""
import ast
import dataclasses
import hashlib
import io
import random
import re
import tokenize

COMPARISONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}
ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "//"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
}
SIBLINGS = {"min": "max", "max": "min", "any": "all", "all": "any", "startswith": "endswith", "endswith": "startswith",
            "lstrip": "rstrip", "rstrip": "lstrip", "ljust": "rjust", "rjust": "ljust", "append": "extend", "appendleft": "append",
            "popleft": "pop", "keys": "values", "values": "keys", "lower": "upper", "upper": "lower"}


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str
    operator: str  # what kind of bug
    line: int  # from 1
    function: tuple  # first and last line of the outermost function or class around it
    start: int  # what is replaced, in bytes of the file
    end: int
    replacement: bytes

    def applied_to(self, text):
        return text[:self.start] + self.replacement + text[self.end:]


def meaning_of(text):
    """Equal for texts that differ in layout only; None for what is no Python."""
    try:
        return hashlib.sha256(ast.dump(ast.parse(text)).encode()).digest()
    except SyntaxError:
        return None


class Finder:
    """Collects (operator, start, end, replacement) of one file, in offsets of its bytes."""

    def __init__(self, text):
        self.text = text
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.comments = {token.start[0] for token in tokenize.tokenize(io.BytesIO(text).readline) if token.type == tokenize.COMMENT}
        self.found = []

    def span(self, node):
        return (self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset)

    def source(self, node):
        start, end = self.span(node)
        return self.text[start:end].decode()

    def line_of(self, offset):
        return self.text.count(b"\n", 0, offset) + 1

    def replace(self, operator, node, replacement):
        self.found.append((operator, *self.span(node), replacement))

    def replace_token(self, operator, left, right, old, new):
        """Replaces the operator that stands between two operands, whatever brackets and blanks are around it."""
        start, end = self.span(left)[1], self.span(right)[0]
        if any(line in self.comments for line in range(left.end_lineno, right.lineno)):
            return  # a comment may hold the same word
        pattern = r"\s+".join(map(re.escape, old.split()))
        if match := re.search(pattern, self.text[start:end].decode()):
            begin = start + len(self.text[start:end].decode()[:match.start()].encode())
            self.found.append((operator, begin, begin + len(match[0].encode()), new))

    def swap(self, operator, first, second, between=None):
        if first.lineno == second.end_lineno and self.source(first) != self.source(second):
            start, end = self.span(first)[0], self.span(second)[1]
            middle = self.text[self.span(first)[1]:self.span(second)[0]].decode() if between is None else between
            self.found.append((operator, start, end, self.source(second) + middle + self.source(first)))

    # One method for each kind of node; what is not named here is not mutated.

    def Compare(self, node):
        operands = [node.left, *node.comparators]
        for left, op, right in zip(operands, node.ops, operands[1:]):
            self.replace_token("comparison", left, right, *COMPARISONS[type(op)])

    def BinOp(self, node):
        formats = isinstance(node.left, ast.Constant) and isinstance(node.left.value, (str, bytes))
        if type(node.op) in ARITHMETIC and not formats:
            self.replace_token("arithmetic", node.left, node.right, *ARITHMETIC[type(node.op)])

    def AugAssign(self, node):
        if type(node.op) in ARITHMETIC:
            old, new = ARITHMETIC[type(node.op)]
            self.replace_token("assignment", node.target, node.value, old + "=", new + "=")

    def BoolOp(self, node):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:]):
            self.replace_token("boolean", left, right, old, new)

    def UnaryOp(self, node):
        if isinstance(node.op, ast.Not):
            self.replace("removed not", node, self.source(node.operand))
        elif isinstance(node.op, ast.USub):
            self.replace("sign", node, self.source(node.operand))

    def condition(self, test):
        if isinstance(test, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
            self.replace("negated condition", test, f"not {self.source(test)}")

    def If(self, node):
        self.condition(node.test)

    def IfExp(self, node):
        self.condition(node.test)
        if node.body.lineno == node.orelse.end_lineno:
            self.swap("swapped branches", node.body, node.orelse)

    def Constant(self, node):
        if isinstance(node.value, bool):
            self.replace("constant", node, str(not node.value))
        elif isinstance(node.value, int):
            self.replace("off by one", node, str(node.value + 1))
            if node.value > 0:
                self.replace("off by one", node, str(node.value - 1))

    def Return(self, node):
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self.replace("return value", node.value, "None")

    def Call(self, node):
        if not any(isinstance(argument, ast.Starred) for argument in node.args):
            for first, second in zip(node.args, node.args[1:]):
                self.swap("swapped arguments", first, second)
            if isinstance(node.func, ast.Name) and node.func.id == "len":
                self.replace("off by one", node, f"({self.source(node)} - 1)")
        if isinstance(node.func, ast.Name) and node.func.id in SIBLINGS:
            self.replace("sibling", node.func, SIBLINGS[node.func.id])
        elif isinstance(node.func, ast.Attribute) and node.func.attr in SIBLINGS:
            start, end = self.span(node.func)
            self.found.append(("sibling", end - len(node.func.attr), end, SIBLINGS[node.func.attr]))
        for keyword in node.keywords:
            if keyword.arg is not None and not isinstance(keyword.value, ast.Constant) and len(node.keywords) + len(node.args) > 1:
                self.replace("dropped argument", keyword.value, "None")

    def Break(self, node):
        self.replace("loop", node, "continue")

    def Continue(self, node):
        self.replace("loop", node, "break")

    def Expr(self, node):
        if not isinstance(node.value, (ast.Constant, ast.Yield, ast.YieldFrom)):
            self.replace("removed statement", node, "pass")

    def Assign(self, node):
        if len(node.targets) == 1 and isinstance(node.targets[0], (ast.Subscript, ast.Attribute)):
            self.replace("removed statement", node, "pass")
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            for first, second in zip(node.value.elts, node.value.elts[1:]):
                self.swap("swapped values", first, second)

    def visit(self, node):
        # Strings with holes carry wrong positions before Python 3.12, and annotations do nothing.
        if isinstance(node, (ast.JoinedStr, ast.AnnAssign)):
            return
        if method := getattr(self, type(node).__name__, None):
            method(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)


def functions_of(tree):
    """The functions and classes at the top, and those inside of `if` and `try` there."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        elif isinstance(node, (ast.If, ast.Try)):
            yield from functions_of(node)


def mutants_of(path, text, spared=()):
    """All mutants of a file, in the order of the text. A few mean the same or are no Python: see meaning_of."""
    finder = Finder(text)
    for function in functions_of(ast.parse(text)):
        if function.name in spared:
            continue
        finder.found = []
        finder.visit(function)
        for operator, start, end, replacement in sorted(set(finder.found)):
            if b"\n" not in text[start:end] and "\n" not in replacement:
                yield Mutant(path, operator, finder.line_of(start), (function.lineno, function.end_lineno), start, end, replacement.encode())


def in_seeded_order(mutants, seed):
    """All of them: operators in turn, so that the frequent ones do not crowd out the others."""
    rng = random.Random(seed)
    by_operator = {}
    for mutant in mutants:
        by_operator.setdefault(mutant.operator, []).append(mutant)
    for group in by_operator.values():
        rng.shuffle(group)
    ordered = []
    while by_operator:
        operators = sorted(by_operator)
        rng.shuffle(operators)
        for operator in operators:
            ordered.append(by_operator[operator].pop())
            if not by_operator[operator]:
                del by_operator[operator]
    return ordered
