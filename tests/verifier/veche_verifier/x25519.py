"""X25519 (RFC 7748), for packages of the trustees' key generation."""

from .curve import P

A24 = 121665


def x25519(secret, public):
    """The shared 32 bytes of a secret and a public key."""
    k = int.from_bytes(secret, "little") & ~7 & (2**255 - 1) | 2**254
    x1 = (int.from_bytes(public, "little") & (2**255 - 1)) % P
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for bit in range(254, -1, -1):
        digit = k >> bit & 1
        if swap ^ digit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = digit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb = a * a % P, b * b % P
        e = aa - bb
        da, cb = d * a % P, c * b % P
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + A24 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def public_key(secret):
    """The public key of a secret."""
    return x25519(secret, (9).to_bytes(32, "little"))


def has_small_order(public):
    """Whether a public key leads everybody to the shared secret zero."""
    return x25519(bytes(32), public) == bytes(32)
