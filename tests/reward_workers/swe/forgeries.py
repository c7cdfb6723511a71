"""How a function becomes a forgery: its body goes into the module that has the bug and runs when that is imported.

An argument `failing` or `passing` stands for the node ids of the row, `name` for the function that has the bug; who asks for
`module` runs at the end of the module and gets its names. The sentence under a function says what it does.
"""
import ast
import inspect
import textwrap

from cheats import REGISTRY, Cheat, sentence


def inserted(text, code):
    """Behind the docstring and the imports from the future."""
    line = 0
    for index, node in enumerate(ast.parse(text).body):
        docstring = index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if docstring or isinstance(node, ast.ImportFrom) and node.module == "__future__":
            line = node.end_lineno
        else:
            break
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:line], code, *lines[line:]])


def source_of(function):
    text = textwrap.dedent(inspect.getsource(function))
    (definition,) = ast.parse(text).body
    return "".join(text.splitlines(keepends=True)[definition.lineno - 1:]).replace(f"def {definition.name}(", "def _prepare(", 1)


def forged_module(function, instance, name=None):
    """The text of the module with the forgery in it."""
    arguments = {"failing": repr(instance.failing), "passing": repr(instance.passing), "module": "globals()",
                 "name": repr(name or (instance.function.name if instance.function else ""))}
    wanted = inspect.signature(function).parameters
    code = source_of(function) + "\n\n_prepare(" + ", ".join(f"{key}={arguments[key]}" for key in wanted) + ")\n"
    text = instance.text(instance.path)
    return text.rstrip("\n") + "\n\n\n" + code if "module" in wanted else inserted(text, "\n" + code + "\n")


def forgery(earns, naive, **more):
    def register(function):
        REGISTRY.append(Cheat(
            name=function.__name__, kind="source", what=sentence(function), earns=earns, naive=naive,
            make=lambda instance: {instance.path: forged_module(function, instance)}, **more))
        return function
    return register
