"""What each style offers to a function: parameter name -> (field of the task that it needs, how it is made from a task)."""
import inspect
import re
from typing import NamedTuple

FIELDS = ("completion", "answer", "prompt", "scorer", "route", "row", "sample", "finish", "tokens", "completion_ids", "prompt_ids")
COSTLY = ("completion_ids", "prompt_ids")
STYLES = ("cohort", "trl", "verl")


class Row(NamedTuple):
    """How the columns of a row become arguments."""
    wrap: object  # from a column's value to an argument's
    yields: frozenset  # offers that a column of that name replaces
    only: frozenset | None  # columns that become arguments; None: all


def row_of(style, options):
    if style == "trl":  # which knows none of our fields but these: a data set may have columns of such names
        known = {"answer", "completion_ids", "prompts", "completions"}
        return Row(lambda value: [value], frozenset(FIELDS) - known | {"solution", "ground_truth"}, None)
    if style == "verl":  # which gives columns in extra_info alone
        source = frozenset() if options.data_source else frozenset({"data_source"})
        return Row(lambda value: value, source, source)
    return Row(lambda value: value, frozenset(), None)


def style_of(function):
    """The style that the parameters tell, or None."""
    try:
        names = set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None
    if "solution_str" in names:
        return "verl"
    if names & {"completions", "prompts"}:
        return "trl"
    if "completion" in names:
        return "cohort"
    return "trl" if "completion_ids" in names else None


def offers(style, function, options):
    if style == "cohort":
        made = {field: (field, _plain(field)) for field in FIELDS}
        made |= {name: (field, _plain(field)) for name, field in options.columns.items()}
    elif style == "verl":
        made = {
            "data_source": (None, lambda task: options.data_source or task.get("route") or task.get("scorer") or ""),
            "solution_str": ("completion", _plain("completion")),
            "ground_truth": ("answer", _plain("answer")),
            "extra_info": (None, _extra_info),
        }
        made |= {name: (field, _plain(field)) for name, field in options.columns.items()}
    else:
        messages = is_conversational(function) if options.conversational == "auto" else options.conversational == "yes"
        made = {field: (field, _column(field)) for field in FIELDS if field not in ("completion", "prompt")}
        made |= {name: ("answer", _column("answer")) for name in ("solution", "ground_truth")}
        made["prompts"] = ("prompt", _messages("user", "prompt") if messages else _column("prompt"))
        made["completions"] = ("completion", _messages("assistant", "completion") if messages else _column("completion"))
        made |= {name: (field, _column(field)) for name, field in options.columns.items()}
    return made | {name: (None, lambda task, value=value: value) for name, value in options.settings.items()}


def is_conversational(function):
    """Whether a function of TRL's style reads completions[0]["content"]: by the annotation, else by its text."""
    for name in ("completions", "prompts"):
        parameter = inspect.signature(function).parameters.get(name)
        if parameter is not None and parameter.annotation is not parameter.empty:
            said = str(parameter.annotation)
            if re.search(r"\bdict\b|\bDict\b|[Mm]essage", said):
                return True
            if re.search(r"\bstr\b", said):
                return False
    try:
        function = inspect.unwrap(function)
        text = inspect.getsource(function if inspect.isroutine(function) else type(function))
    except (OSError, TypeError):
        return False
    return re.search(r"""(\[|get\()\s*["']content["']""", text) is not None


def _plain(field):
    return lambda task: task[field]


def _column(field):
    return lambda task: [task[field]]


def _messages(role, field):
    return lambda task: [[{"role": role, "content": task[field]}]]


def _extra_info(task):
    """The task's fields, the row's columns, and what the row's own extra_info says."""
    info = {field: task[field] for field in FIELDS if field in task and field not in ("completion", "answer")}
    columns = dict(task.get("columns", {}))
    own = columns.pop("extra_info", None)
    return {"index": task.get("row")} | columns | info | (own if isinstance(own, dict) else {})
