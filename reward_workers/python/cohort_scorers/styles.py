"""What each style offers to a function: parameter name -> (field of the task that it needs, how it is made from a task)."""
import inspect
import re

FIELDS = ("completion", "answer", "prompt", "scorer", "route", "row", "sample", "finish", "tokens", "completion_ids", "prompt_ids")
COSTLY = ("completion_ids", "prompt_ids")
STYLES = ("cohort", "trl", "verl")


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
    info = {field: task[field] for field in FIELDS if field in task and field not in ("completion", "answer")}
    return info | {"index": task.get("row")}
