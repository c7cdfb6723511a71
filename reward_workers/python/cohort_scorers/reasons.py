"""One line that says what went wrong, for the verdict's detail."""
import os

LONGEST = 400


class Refused(Exception):
    """Its text is the whole reason."""


def one_line(text):
    start = str(text)[:4 * LONGEST]
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in start).split())
    return line if len(line) <= LONGEST else line[:LONGEST - 3] + "..."


def reason(error, path):
    """`scorer.py:12: ValueError: text`, at the deepest frame in the file `path`, else at the deepest of all."""
    if isinstance(error, Refused):
        return one_line(error)
    try:
        text = str(error)
    except BaseException:  # its __str__ is the scorer's too
        text = "(no text)"
    what = type(error).__name__ + (f": {text}" if text else "")
    if isinstance(error, SyntaxError) and error.filename and os.path.isfile(error.filename):
        return one_line(f"{os.path.basename(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}")
    frames, at = [], error.__traceback__
    while at is not None:
        frames.append((at.tb_frame.f_code.co_filename, at.tb_lineno))
        at = at.tb_next
    inside = [frame for frame in frames if frame[0] == path]
    outside = [frame for frame in frames if not _is_ours(frame[0])]
    for file, line in (inside or outside)[-1:]:
        what = f"{os.path.basename(file)}:{line}: {what}"
    return one_line(what)


def _is_ours(file):
    return os.path.dirname(file) == os.path.dirname(__file__) or file.startswith("<frozen importlib")
