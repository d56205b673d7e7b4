"""Ed25519 (RFC 8032), verified strictly: one encoding for R and S, no key or R of small order, no cofactor."""

from functools import lru_cache
from hashlib import sha512

from .curve import D, IDENTITY, ORDER, P, SQRT_M1, double, is_same, multiscalar, negate

_BASE_Y = 4 * pow(5, -1, P) % P


@lru_cache(maxsize=4096)
def decode(data):
    """The point that 32 bytes encode (RFC 8032, section 5.1.3), or None; y is below p."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if len(data) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_M1 % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encode(point):
    """The 32 bytes of a point."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode(_BASE_Y.to_bytes(32, "little"))


def _has_small_order(point):
    return is_same(double(double(double(point))), IDENTITY)


def is_valid(key, message, signature):
    """Whether `signature` (64 bytes) is the key's signature of `message`: R = SB - kA, R compared as bytes."""
    r_bytes, s = signature[:32], int.from_bytes(signature[32:], "little")
    a, r = decode(bytes(key)), decode(bytes(r_bytes))
    if len(signature) != 64 or s >= ORDER or a is None or r is None:
        return False
    if _has_small_order(a) or _has_small_order(r):
        return False
    k = int.from_bytes(sha512(r_bytes + key + message).digest(), "little") % ORDER
    return encode(multiscalar([(s, BASE), (k, negate(a))])) == r_bytes
