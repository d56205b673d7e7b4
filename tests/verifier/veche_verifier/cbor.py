"""Deterministic CBOR (RFC 8949, section 4.2) as far as Veche uses it: integers, byte and text strings, arrays, null, booleans.

The decoder accepts the one canonical encoding and nothing else: shortest heads, definite lengths, nothing behind the value.
"""


class Malformed(Exception):
    """Bytes that are not the canonical encoding of what was asked for."""


def encode(value):
    """The canonical bytes of an int, bytes, str, list, tuple, bool or None."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    return _head(4, len(value)) + b"".join(map(encode, value))


def decode(data):
    """The value of these bytes. Raises Malformed."""
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise Malformed("bytes behind the value")
    return value


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise ValueError("a number of more than 64 bits")


def _item(data, at, depth):
    if at >= len(data) or depth > 16:
        raise Malformed("cut short or too deep")
    first = data[at]
    if first == 0xF6:
        return None, at + 1
    major, info = first >> 5, first & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    if info > 27 or major not in (0, 2, 3, 4):
        raise Malformed("a kind of value that is not used here")
    number = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else info
    if at + 1 + size > len(data) or data[at : at + 1 + size] != _head(major, number):
        raise Malformed("a head that is cut short or not the shortest")
    at += 1 + size
    if major == 0:
        return number, at
    if number > len(data) - at:
        raise Malformed("cut short")
    if major == 4:
        items = []
        for _ in range(number):
            item, at = _item(data, at, depth + 1)
            items.append(item)
        return items, at
    end = at + number
    if major == 2:
        return data[at:end], end
    try:
        return data[at:end].decode(), end
    except UnicodeDecodeError as error:
        raise Malformed("a text that is not UTF-8") from error
