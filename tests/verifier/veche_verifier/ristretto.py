"""ristretto255 (RFC 9496): decoding, encoding, equality and the one-way map."""

from functools import lru_cache

from .curve import D, IDENTITY, ORDER, P, SQRT_M1, add

ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) * (D - 1) % P
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
BASE_BYTES = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")


def _absolute(x):
    x %= P
    return P - x if x & 1 else x


def sqrt_ratio(u, v):
    """(whether u/v is a square, the non-negative root of u/v or of sqrt(-1) u/v); RFC 9496, section 4.2."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    u %= P
    correct, flipped, flipped_i = check == u, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, _absolute(r)


INVSQRT_A_MINUS_D = sqrt_ratio(1, (-1 - D) % P)[1]


@lru_cache(maxsize=1 << 16)
def decode(data):
    """The point whose canonical encoding these 32 bytes are, or None; RFC 9496, section 4.3.1."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or s & 1:
        return None
    ss = s * s % P
    u1, u2 = 1 - ss, 1 + ss
    u2_sq = u2 * u2 % P
    v = (-(D * u1 * u1) - u2_sq) % P
    was_square, inverse = sqrt_ratio(1, v * u2_sq % P)
    den_x = inverse * u2 % P
    x = _absolute(2 * s * den_x)
    y = u1 * (inverse * den_x * v) % P
    t = x * y % P
    if not was_square or t & 1 or y == 0:
        return None
    return x, y, 1, t


def encode(point):
    """The canonical 32 bytes of a point; RFC 9496, section 4.3.2."""
    x0, y0, z0, t0 = point
    u1 = (z0 + y0) * (z0 - y0) % P
    u2 = x0 * y0 % P
    inverse = sqrt_ratio(1, u1 * u2 * u2 % P)[1]
    den1, den2 = inverse * u1 % P, inverse * u2 % P
    z_inverse = den1 * den2 * t0 % P
    if t0 * z_inverse % P & 1:
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if x * z_inverse % P & 1:
        y = -y
    return _absolute(den * (z0 - y)).to_bytes(32, "little")


def is_equal(a, b):
    """Whether two points are the same element; RFC 9496, section 4.3.3."""
    return (a[0] * b[1] - a[1] * b[0]) % P == 0 or (a[1] * b[1] - a[0] * b[0]) % P == 0


def is_identity(point):
    """Whether a point is the identity of the group."""
    return is_equal(point, IDENTITY)


def _map(data):
    r0 = int.from_bytes(data, "little") & (2**255 - 1)
    r = SQRT_M1 * r0 * r0 % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio(u, v)
    if was_square:
        c = -1
    else:
        s, c = -_absolute(s * r0) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v, n * SQRT_AD_MINUS_ONE, 1 - s * s, 1 + s * s
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def from_uniform_bytes(data):
    """The one-way map of 64 bytes; RFC 9496, section 4.3.4."""
    return add(_map(data[:32]), _map(data[32:]))


def scalar(data):
    """The scalar whose canonical encoding these 32 bytes are, or None."""
    value = int.from_bytes(data, "little")
    return value if len(data) == 32 and value < ORDER else None


def wide(data):
    """64 bytes, little-endian, modulo the group order."""
    return int.from_bytes(data, "little") % ORDER


BASE = decode(BASE_BYTES)
