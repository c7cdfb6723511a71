"""The words of an instance: an issue that is made of failing tests, and the prompt with the code around the bug."""
import re

MAX_PROMPT = 16 << 10  # bytes
SHOWN_FAILURES = 4
SHOWN_LINES = 14  # of a message
SHOWN_COLUMNS = 160
NAMED_FAILURES = 20

A_SET = re.compile(r"\{[^{}:]*,[^{}:]*\}")

ANSWER_FORMAT = """\
Find the bug and repair it. Answer with one patch as a unified diff in a ```diff block, with paths from the root of the repository:

```diff
--- a/{path}
+++ b/{path}
@@ -12,3 +12,3 @@
 a line before
-the wrong line
+the right line
 a line after
```

The lines of context have to be those of the file. Change the library's code only: the tests are put back before they are run."""


def shown_message(message):
    lines = [line[:SHOWN_COLUMNS] for line in message.splitlines()]
    if len(lines) > SHOWN_LINES:
        lines = lines[:SHOWN_LINES] + ["..."]
    return "\n".join("    " + line if line else "" for line in lines)


def agreed_message(one, other):
    """What two runs said; only the kind of error where the order of a set makes the text, seen or not."""
    if one == other and not A_SET.search(one):
        return one
    kind = re.match(r"[\w.]+(?=:)", one)
    return kind[0] if kind else "AssertionError"


def problem_statement(project, failing, messages):
    """failing: node ids in order; messages: of those that have one, and of modules that cannot be imported."""
    modules = [path for path in sorted({test.partition("::")[0] for test in failing}) if path in messages]
    told = [(path, messages[path]) for path in modules]
    told += [(test, messages[test]) for test in failing if test in messages]
    count = "A test fails" if len(failing) == 1 else f"{len(failing)} tests fail"
    parts = [f"{count} in {project.name} {project.version}."]
    for name, message in told[:SHOWN_FAILURES]:
        parts.append(f"`{name}` {'cannot be collected' if name in modules else 'fails'}:\n\n{shown_message(message)}")
    rest = [test for test in failing if test not in dict(told[:SHOWN_FAILURES])]
    if rest:
        names = "\n".join(f"- `{test}`" for test in rest[:NAMED_FAILURES])
        more = f"\n- and {len(rest) - NAMED_FAILURES} more" if len(rest) > NAMED_FAILURES else ""
        parts.append(f"These fail as well:\n\n{names}{more}" if told else f"These fail:\n\n{names}{more}")
    parts.append("The tests are right about what the library should do.")
    return "\n\n".join(parts) + "\n"


def excerpt(lines, first, last, line, room):
    """The lines of a function, or as many of them around a line as there is room for: (first, last)."""
    size = sum(len(text.encode()) for text in lines[first - 1:last])
    while size > room and first < last:
        if line - first > last - line:
            size -= len(lines[first - 1].encode())
            first += 1
        else:
            size -= len(lines[last - 1].encode())
            last -= 1
    return first, last


def prompt(project, statement, mutant, text):
    form = ANSWER_FORMAT.format(path=mutant.path)
    lines = text.decode().splitlines(keepends=True)
    room = MAX_PROMPT - len(statement.encode()) - len(form.encode()) - 200  # what frames the code
    first, last = excerpt(lines, *mutant.function, mutant.line, room)
    code = "".join(lines[first - 1:last])
    return f"{statement}\nLines {first} to {last} of `{mutant.path}`:\n\n```python\n{code}```\n\n{form}\n"
