"""Values as plain data, on their way between a program and what checks it: never pickle, never eval.

Numbers, texts, truth values, None and lists are themselves; everything else is an object with one key that says what it is. What is none of
these stays where it is and is known by a number (a handle), which can only be given back.
"""
import json
import math
import os
import struct

MOST_BYTES = 16 << 20
MOST_DEPTH = 200


class Unplain(TypeError):
    """A value that cannot cross."""


class Handle:
    """A value that stayed on the other side. Equal to nothing but itself."""

    def __init__(self, number):
        self.number = number


def encode(value, keep=None, depth=0):
    """`keep(value)` gives the number of a value that stays; without it such a value is an error."""
    if depth > MOST_DEPTH:
        raise Unplain(f"a value nested more than {MOST_DEPTH} deep")
    kind = type(value)  # exactly these: a subclass may lie
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    inner = lambda items: [encode(item, keep, depth + 1) for item in items]
    if kind is list:
        return inner(value)
    if kind is tuple:
        return {"tuple": inner(value)}
    if kind in (set, frozenset):
        return {kind.__name__: inner(value)}
    if kind is dict:
        return {"dict": [inner(pair) for pair in value.items()]}
    if kind in (bytes, bytearray):
        return {kind.__name__: value.hex()}
    if kind is complex:
        return {"complex": inner((value.real, value.imag))}
    if kind is Handle:
        return {"handle": value.number}
    if keep is None:
        raise Unplain(f"a value of type {kind.__name__} is no plain data")
    return {"handle": keep(value)}


def decode(value, kept=None):
    """`kept(number)` gives the value of a handle that is this side's own."""
    if type(value) is list:
        return [decode(item, kept) for item in value]
    if type(value) is not dict:
        return value
    (kind, inner), = value.items()
    if kind == "float":
        return {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}[inner]
    if kind == "dict":
        return {decode(key, kept): decode(item, kept) for key, item in inner}
    if kind in ("bytes", "bytearray"):
        return {"bytes": bytes, "bytearray": bytearray}[kind].fromhex(inner)
    if kind == "handle":
        return Handle(inner) if kept is None else kept(inner)
    made = {"tuple": tuple, "set": set, "frozenset": frozenset, "complex": lambda parts: complex(*parts)}[kind]
    return made([decode(item, kept) for item in inner])


class Channel:
    """Frames of JSON over two descriptors: four bytes of length, little-endian, and so many bytes."""

    def __init__(self, read, write):
        self._read, self._write = read, write

    def send(self, message):
        body = json.dumps(message).encode()
        if len(body) > MOST_BYTES:
            raise Unplain(f"a value of more than {MOST_BYTES >> 20} MiB")
        self._write.write(struct.pack("<I", len(body)) + body)
        self._write.flush()

    def receive(self):
        """None at the end of the other side."""
        head = self._read.read(4)
        if len(head) < 4:
            return None
        size, = struct.unpack("<I", head)
        if size > MOST_BYTES:
            raise Unplain("a frame that is too long")
        body = self._read.read(size)
        return json.loads(body) if len(body) == size else None


def own_channel():
    """stdin and stdout as a channel of which nobody else knows; stdin is empty from now on."""
    channel = Channel(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel
