"""Frames between the worker and this process: 4 bytes little-endian length, then a JSON object in UTF-8."""
import fcntl
import json
import os
import sys

LONGEST_TASK, LONGEST_REPLY = 16 << 20, 1 << 20


class Broken(Exception):
    """The other side broke the protocol or went away in the middle of a frame: there is nothing left to serve."""


class Channel:
    """Takes stdin and stdout for itself: afterwards a scorer reads an empty stdin, and what it prints goes to stderr.

    Nothing is buffered here and programs that a scorer starts do not inherit it, so a scorer may close or replace its stdout.
    """

    def __init__(self):
        sys.stdout.flush()
        self._tasks = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 3)
        self._replies = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 3)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")

    def receive(self):
        """The next object, or None at the end of stdin."""
        head = self._read(4)
        if not head:
            return None
        size = int.from_bytes(head, "little")
        if len(head) < 4 or not 1 <= size <= LONGEST_TASK:
            raise Broken(f"a frame's length is 4 bytes and within 1 to {LONGEST_TASK}: {head.hex()}")
        body = self._read(size)
        if len(body) < size:
            raise Broken(f"stdin ended after {len(body)} of a frame's {size} bytes")
        try:
            task = json.loads(body)
        except ValueError as error:
            raise Broken(f"a frame is no JSON: {error}") from error
        if not isinstance(task, dict):
            raise Broken("a frame is no JSON object")
        return task

    def send(self, reply):
        frame = _frame(reply)
        if len(frame) > LONGEST_REPLY:
            frame = _frame({"type": "error", "id": reply.get("id"), "detail": f"the verdict has {len(frame)} bytes: too long"})
        left = memoryview(len(frame).to_bytes(4, "little") + frame)
        while left:
            left = left[os.write(self._replies, left):]

    def _read(self, size):
        parts = []
        while size > 0 and (part := os.read(self._tasks, min(size, 1 << 16))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _frame(reply):
    return json.dumps(reply, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")  # a lone surrogate becomes "?"
