"""From what a function returned to the body of a verdict: value, detail, components, unparseable."""
import math

from .reasons import Refused, one_line


def verdict(style, result):
    if style == "trl":
        return _value(_only_element(result))
    if isinstance(result, dict):
        return _from_verl(result) if style == "verl" else _from_cohort(result)
    return _value(result)


def number(value, what="it"):
    """A finite float from a bool, a number or a scalar of numpy or torch."""
    if isinstance(value, (str, bytes, bytearray)) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise Refused(f"{what} gave {_shown(value)}: a number, a bool or None is wanted")
    try:
        made = float(value)
    except Exception as error:
        raise Refused(f"{what} gave {_shown(value)}, which is no single number: {error}") from error
    if not math.isfinite(made):
        raise Refused(f"{what} gave {made}: a finite number is wanted")
    return made


def _value(value):
    return {"value": None if value is None else number(value, "the scorer")}


def _only_element(result):
    if isinstance(result, (str, bytes, dict)) or not hasattr(result, "__iter__"):
        raise Refused(f"the scorer gave {_shown(result)}: a list of one number or None is wanted")
    try:
        elements = list(result)
    except TypeError as error:  # a tensor without dimensions
        raise Refused(f"the scorer gave {_shown(result)}: a list of one number or None is wanted") from error
    if len(elements) != 1:
        raise Refused(f"the scorer gave {len(elements)} values for one completion")
    return elements[0]


def _from_verl(result):
    if "score" not in result:
        raise Refused(f"the scorer gave a dict without 'score': {_shown(sorted(map(str, result)))}")
    made, others = _value(result["score"]), {str(key): value for key, value in result.items() if key != "score"}
    texts = [f"{key}: {value}" for key, value in others.items() if isinstance(value, str)]
    numbers = {key: number(value, f"component {key}") for key, value in others.items() if _is_number(value)}
    return made | ({"detail": one_line("; ".join(texts))} if texts else {}) | ({"components": numbers} if numbers else {})


def _from_cohort(result):
    known = {"score", "detail", "components", "unparseable"}
    if set(result) - known or not {"score", "unparseable"} & set(result):
        raise Refused(f"the scorer gave a dict with {_shown(sorted(map(str, result)))}; known are score, detail, components, unparseable")
    made = {"unparseable": True} if result.get("unparseable") else _value(result.get("score"))
    if result.get("detail") is not None:
        made["detail"] = one_line(result["detail"])
    if result.get("components"):
        made["components"] = {str(key): number(value, f"component {key}") for key, value in dict(result["components"]).items()}
    return made


def _is_number(value):
    return isinstance(value, (bool, int, float)) or getattr(value, "ndim", None) == 0  # a scalar of numpy or torch


def _shown(value):
    try:
        text = repr(value)
    except BaseException:
        text = "?"
    return f"{type(value).__name__} {text[:80]}"
