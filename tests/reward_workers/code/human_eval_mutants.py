"""One-operator mutants of HumanEval's solutions, and how a plain process judges a program.

    for mutant in mutants(row, count): ...        (texts, the same ones every time)
    judge(program, test, entry_point)             (True, False, or None: it took too long, or does not always end the same)
"""
import ast
import copy
import random
import resource
import subprocess
import sys

SECONDS = 1  # of processor time: nearly all take a few hundredths
MEMORY = 1 << 30
SWAPS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
         ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
         ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitXor: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And}


def changes(node):
    """What may become of a node, as functions that change one like it."""
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            if type(operator) in SWAPS:
                yield lambda other, index=index, swap=SWAPS[type(operator)]: other.ops.__setitem__(index, swap())
    elif isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)):
        if type(node.op) in SWAPS:
            yield lambda other, swap=SWAPS[type(node.op)]: setattr(other, "op", swap())
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for step in (1, -1):
            yield lambda other, step=step: setattr(other, "value", other.value + step)


def mutants(row, count):
    """At most `count` of a row, each with one change somewhere in its functions."""
    tree = ast.parse(row["prompt"] + row["canonical_solution"])
    places = [(index, change) for index, node in enumerate(ast.walk(tree)) for change in changes(node)]
    random.Random(row["task_id"]).shuffle(places)
    made = {ast.unparse(tree)}
    for index, change in places:
        if count == 0:
            return
        mutant = copy.deepcopy(tree)
        change(list(ast.walk(mutant))[index])
        text = ast.unparse(mutant)
        if text in made:
            continue
        made.add(text)
        count -= 1
        yield text


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def judge(program, test, entry_point):
    """By HumanEval's own `check`, in one process with the program and its tests: these programs are trusted."""
    whole = f"{program}\n{test}\ncheck({entry_point})\n"
    results = set()
    for seed in ("1", "2", "3") if "set(" in program or "{" in program else ("1",):  # the order of a set is another each time
        try:
            done = subprocess.run([sys.executable, "-S", "-c", whole], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, preexec_fn=limit, timeout=30 * SECONDS, env={"PYTHONHASHSEED": seed})
        except subprocess.TimeoutExpired:
            return None
        if done.returncode < 0:
            return None
        results.add(done.returncode == 0)
    return results.pop() if len(results) == 1 else None
