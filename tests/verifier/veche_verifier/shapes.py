"""Typed views of decoded CBOR: what a structure of the specification is made of, checked element by element.

A structure is an array of its fields in order. An absent optional field is null, but left out at the end of the array.
"""

from types import SimpleNamespace

from . import cbor
from .cbor import Malformed


class Uint:
    """An unsigned integer of so many bits."""

    def __init__(self, bits):
        self.limit = 1 << bits

    def read(self, value):
        if type(value) is not int or value >= self.limit:
            raise Malformed("an integer out of range")
        return value


class Choice(Uint):
    """One of the numbers 0 to count - 1."""

    def __init__(self, count):
        self.limit = count


class Bytes:
    """A byte string, of one length if one is given."""

    def __init__(self, length=None):
        self.length = length

    def read(self, value):
        if type(value) is not bytes or self.length not in (None, len(value)):
            raise Malformed("not a byte string of this length")
        return value


class Text:
    """A text string."""

    def read(self, value):
        if type(value) is not str:
            raise Malformed("not a text")
        return value


class Many:
    """An array of any length."""

    def __init__(self, shape):
        self.shape = shape

    def read(self, value):
        if type(value) is not list:
            raise Malformed("not an array")
        return [self.shape.read(item) for item in value]


class Maybe:
    """Something that may be absent."""

    def __init__(self, shape):
        self.shape = shape

    def read(self, value):
        return None if value is None else self.shape.read(value)


class Struct:
    """A structure. What is read has the fields as attributes, and the array that it was read from as `raw`."""

    def __init__(self, **fields):
        self.fields = list(fields.items())

    def read(self, value):
        if type(value) is not list or len(value) > len(self.fields):
            raise Malformed("not an array of this many fields")
        if value and value[-1] is None:
            raise Malformed("an absent field at the end that was not left out")
        padded = value + [None] * (len(self.fields) - len(value))
        read = SimpleNamespace(raw=value)
        for (name, shape), item in zip(self.fields, padded):
            setattr(read, name, shape.read(item))
        return read

    def decode(self, data, limit=None):
        """Decodes bytes. Raises Malformed."""
        if limit is not None and len(data) > limit:
            raise Malformed("too long")
        return self.read(cbor.decode(data))


U8, U16, U32, U64 = Uint(8), Uint(16), Uint(32), Uint(64)
HASH, KEY, TEXT = Bytes(32), Bytes(32), Text()
