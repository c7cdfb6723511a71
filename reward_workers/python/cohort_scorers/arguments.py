"""Which arguments a function gets: from the task's fields, and from its row's own columns."""
import inspect

from .reasons import Refused
from .styles import COSTLY


class Arguments:
    """`of(task)` are the keyword arguments; `wants` the costly fields among them, `needs` the columns that every row must have."""

    def __init__(self, function, name, offered, asked_for, row):
        """`asked_for`: the names that --column and --set gave; the function must be able to take them. `row`: what columns may fill (styles.Row)."""
        parameters = inspect.signature(function).parameters.values()
        takes = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        takes_any = any(p.kind == p.VAR_KEYWORD for p in parameters)
        for given in asked_for:
            if given not in takes and not takes_any:
                raise Refused(f"{name}({', '.join(takes)}) has no parameter {given}")
        for p in parameters:
            if p.kind == p.POSITIONAL_ONLY and p.default is p.empty:
                raise Refused(f"{name}: parameter {p.name} has no name to a caller (it stands before '/')")
        self._name, self._row = name, row
        self._takes, self._takes_any = set(takes), takes_any
        self._fixed = set(offered) - row.yields | set(asked_for)  # what a column does not replace
        self.needs = [p.name for p in parameters if p.name in takes and p.default is p.empty and p.name not in offered]
        for needed in self.needs:
            if row.only is not None and needed not in row.only:
                raise Refused(f"{name}: nothing to give for parameter {needed}; say --column {needed}=FIELD or --set {needed}=VALUE")
        named = {key: offered[key] for key in offered if key in takes or key in asked_for}
        self._always = {key: make for key, (_, make) in named.items()}
        self._extras = {key: offer for key, offer in offered.items() if takes_any and key not in named and offer[0] not in COSTLY}
        self.wants = [field for field in COSTLY if any(field == needed for needed, _ in named.values())]

    def of(self, task):
        made = self._always | {key: make for key, (field, make) in self._extras.items() if field is None or field in task}
        arguments = {key: make(task) for key, make in made.items()}
        for name, value in task.get("columns", {}).items():
            if name in self._fixed or (self._row.only is not None and name not in self._row.only):
                continue
            if name in self._takes or self._takes_any:
                arguments[name] = self._row.wrap(value)
        for name in self.needs:
            if name not in arguments:
                raise Refused(f"nothing to give for parameter {name} of {self._name}: the row has no such column")
        return arguments
