"""From `SOURCE[:FUNCTION[(arguments)]]` to the function, the file it comes from and that file's digest."""
import ast
import hashlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import re
import sys

from .reasons import Refused, reason
from .styles import style_of

WELL_KNOWN = ("score", "compute_score")


class Source:
    """A scorer's function. Raises Refused with one line where there is none."""

    def __init__(self, text, style):
        place, name, call = re.fullmatch(r"(.+?)(?::([A-Za-z_][\w.]*)\s*(\(.*\))?)?", text, re.DOTALL).groups()
        module = _load(place)
        path = getattr(module, "__file__", None)
        name = name or _only_candidate(module, place, style)
        self.function = _attribute(module, place, name)
        if call is not None:
            self.function = _made(self.function, name, call, path)
        if not callable(self.function):
            raise Refused(f"{place}: {name} is no function")
        if inspect.isclass(self.function):
            raise Refused(f"{place}: {name} is a class; {name}(...) makes a scorer of it")
        try:
            inspect.signature(self.function)
        except (TypeError, ValueError) as error:
            raise Refused(f"{place}: the parameters of {name} cannot be read: {error}") from error
        self.name = name
        self.path = path if _is_file(place) else _defined_in(self.function) or path
        if self.path is None:
            raise Refused(f"{place}: {name} has no file")
        with open(self.path, "rb") as file:
            self.version = hashlib.sha256(file.read()).hexdigest()[:16]


def _is_file(place):
    return place.endswith(".py") or os.sep in place or os.path.isfile(place)


def _load(place):
    path = os.path.abspath(place) if _is_file(place) else None
    if path and not os.path.isfile(path):
        raise Refused(f"{place}: no such file")
    try:
        return _load_file(path) if path else importlib.import_module(place)
    except BaseException as error:  # sys.exit() at import too
        raise Refused(f"{place} does not import: {reason(error, path)}") from error


class _Uncached(importlib.machinery.SourceFileLoader):
    """Reads the text itself: a .pyc can be older than an edit of the same second."""

    def get_code(self, name):
        return self.source_to_code(self.get_data(self.path), self.path)


def _load_file(path):
    # A name of its own: a file math_verify.py must not stand in for the package that it imports.
    name = "cohort_scorer_" + re.sub(r"\W", "_", os.path.basename(path).removesuffix(".py"))
    spec = importlib.util.spec_from_file_location(name, path, loader=_Uncached(name, path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.append(os.path.dirname(path))  # last: installed packages come before helpers of the same name
    spec.loader.exec_module(module)
    return module


def _attribute(module, place, name):
    found = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except Exception as error:  # a lazy module raises what its import raises
            if not isinstance(error, AttributeError):
                raise Refused(f"{place}: {name} does not import: {reason(error, getattr(module, '__file__', None))}") from error
            raise Refused(f"{place} has no function {name}; its functions: {_names(module)}") from error
    return found


def _public_functions(module):
    return [name for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")]


def _names(module):
    exported = getattr(module, "__all__", ())  # what a package gathers from its modules
    return ", ".join(_public_functions(module) or map(str, exported)) or "none"


def _only_candidate(module, place, style):
    functions = _public_functions(module)
    known = [name for name in functions if name in WELL_KNOWN]
    fit = known or [name for name in functions if style != "auto" or style_of(getattr(module, name))]
    if len(fit) == 1:
        return fit[0]
    if fit:
        raise Refused(f"{place} has several functions that can be meant: {', '.join(fit)}; say {place}:{fit[0]}")
    raise Refused(f"{place} has no function of a known style of its own; say {place}:FUNCTION; its functions: {_names(module)}")


def _made(function, name, call, path):
    """What the factory returns; its arguments are literals, nothing is evaluated."""
    try:
        node = ast.parse("f" + call, mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or any(key.arg is None for key in node.keywords):
            raise ValueError
        arguments = [ast.literal_eval(value) for value in node.args]
        named = {key.arg: ast.literal_eval(key.value) for key in node.keywords}
    except (ValueError, SyntaxError, TypeError) as error:
        raise Refused(f"{name}{call}: the arguments must be literals such as 20, 0.5, True or 'text'") from error
    try:
        return function(*arguments, **named)
    except BaseException as error:
        raise Refused(f"{name}{call}: {reason(error, path)}") from error


def _defined_in(function):
    try:
        function = inspect.unwrap(function)
        return inspect.getsourcefile(function if inspect.isroutine(function) else type(function))
    except TypeError:
        return None
