"""ChaCha20-Poly1305 (RFC 8439), opening only.

All blocks of a text are computed at once: each of the sixteen words of the state is one Python integer that holds that word of
every block, in lanes of 64 bits of which the lower 32 are used.
"""

from hmac import compare_digest

_CONSTANTS = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)
_ROUND = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def _stream(key, nonce, first, blocks):
    ones = sum(1 << 64 * block for block in range(blocks))
    mask = ones * 0xFFFFFFFF
    counters = sum((first + block & 0xFFFFFFFF) << 64 * block for block in range(blocks))
    words = [word * ones for word in _CONSTANTS]
    words += [int.from_bytes(key[i : i + 4], "little") * ones for i in range(0, 32, 4)]
    words += [counters] + [int.from_bytes(nonce[i : i + 4], "little") * ones for i in range(0, 12, 4)]
    state = words[:]
    for _ in range(10):
        for a, b, c, d in _ROUND:
            for one, two, other, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                total = state[one] + state[two] & mask
                mixed = state[other] ^ total
                state[one] = total
                state[other] = (mixed << by | mixed >> 32 - by) & mask
    final = [(word + begun & mask).to_bytes(8 * blocks, "little") for word, begun in zip(state, words)]
    return b"".join(word[8 * block : 8 * block + 4] for block in range(blocks) for word in final)


def _tag(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at : at + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return (total + int.from_bytes(key[16:], "little") & 2**128 - 1).to_bytes(16, "little")


def decrypt(key, sealed, associated, nonce=bytes(12)):
    """The plaintext, or None if it was not sealed under this key with this associated data."""
    if len(sealed) < 16:
        return None
    text, tag = sealed[:-16], sealed[-16:]
    blocks = (len(text) + 63) // 64 + 1
    stream = _stream(key, nonce, 0, blocks)
    pad = lambda data: data + bytes(-len(data) % 16)
    lengths = len(associated).to_bytes(8, "little") + len(text).to_bytes(8, "little")
    if not compare_digest(_tag(stream[:32], pad(associated) + pad(text) + lengths), tag):
        return None
    whole = int.from_bytes(text, "little") ^ int.from_bytes(stream[64 : 64 + len(text)], "little")
    return whole.to_bytes(len(text), "little")
