"""ML-DSA-44 (FIPS 204), verification with the empty context."""

from hashlib import shake_128, shake_256

Q, D, N = 8_380_417, 13, 256
ROWS = COLUMNS = 4
TAU, BETA, OMEGA = 39, 78, 80
GAMMA1, GAMMA2 = 1 << 17, (Q - 1) // 88
KEY_BYTES, SIGNATURE_BYTES = 1_312, 2_420

_ZETAS = [pow(1753, int(f"{index:08b}"[::-1], 2), Q) for index in range(N)]


def is_valid(key, message, signature):
    """Whether this is a signature of the message by this key (algorithms 3 and 8)."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    challenge, rest = signature[:32], signature[32:]
    z = [[GAMMA1 - bits for bits in _unpack(rest[576 * at :][:576], 18)] for at in range(COLUMNS)]
    hints = _hints(rest[576 * COLUMNS :])
    if hints is None or max(abs(value) for poly in z for value in poly) >= GAMMA1 - BETA:
        return False
    seed, t1 = key[:32], [_unpack(key[32 + 320 * at :][:320], 10) for at in range(ROWS)]
    hashed = shake_256(shake_256(key).digest(64) + b"\x00\x00" + message).digest(64)
    c, z = _ntt(_in_ball(challenge)), [_ntt(poly) for poly in z]
    commitment = b""
    for row in range(ROWS):
        high = _ntt([value << D for value in t1[row]])
        sums = [-a * b for a, b in zip(c, high)]
        for column in range(COLUMNS):
            expanded = _expand(seed + bytes([column, row]))
            sums = [total + a * b for total, a, b in zip(sums, expanded, z[column])]
        approximate = _inverse_ntt([total % Q for total in sums])
        commitment += _pack([_use_hint(*pair) for pair in zip(hints[row], approximate)], 6)
    return shake_256(hashed + commitment).digest(32) == challenge


def _unpack(data, bits):
    """Integers of so many bits, the lowest first (algorithm 18)."""
    number = int.from_bytes(data, "little")
    return [number >> bits * at & (1 << bits) - 1 for at in range(N)]


def _pack(values, bits):
    """The reverse (algorithm 16)."""
    return sum(value << bits * at for at, value in enumerate(values)).to_bytes(N * bits // 8, "little")


def _hints(data):
    """The places of the hints, a row of flags each, or None if they are not in their one form (algorithm 21)."""
    hints, begin = [[0] * N for _ in range(ROWS)], 0
    for row, end in enumerate(data[OMEGA:]):
        places = list(data[begin:end])
        if not begin <= end <= OMEGA or any(one >= other for one, other in zip(places, places[1:])):
            return None
        for place in places:
            hints[row][place] = 1
        begin = end
    return None if any(data[begin:OMEGA]) else hints


def _in_ball(seed):
    """A polynomial with TAU coefficients of 1 or -1 (algorithm 29)."""
    stream = iter(shake_256(seed).digest(1_024))
    signs = int.from_bytes(bytes(next(stream) for _ in range(8)), "little")
    poly = [0] * N
    for at in range(N - TAU, N):
        place = next(byte for byte in stream if byte <= at)
        poly[at], poly[place] = poly[place], -1 if signs & 1 else 1
        signs >>= 1
    return poly


def _expand(seed):
    """One element of the matrix, in the domain of the transform (algorithm 30)."""
    stream, poly = shake_128(seed).digest(3 * 2 * N), []
    for at in range(0, len(stream), 3):
        value = int.from_bytes(stream[at : at + 3], "little") & 0x7F_FFFF
        if value < Q:
            poly.append(value)
    # 512 candidates, of which one in a thousand is too large.
    return poly[:N]


def _ntt(poly):
    """The number-theoretic transform (algorithm 41)."""
    poly, index, length = list(poly), 0, N // 2
    while length:
        for start in range(0, N, 2 * length):
            index += 1
            for at in range(start, start + length):
                turned = _ZETAS[index] * poly[at + length]
                poly[at], poly[at + length] = (poly[at] + turned) % Q, (poly[at] - turned) % Q
        length //= 2
    return poly


def _inverse_ntt(poly):
    """The reverse (algorithm 42)."""
    poly, index, length = list(poly), N, 1
    while length < N:
        for start in range(0, N, 2 * length):
            index -= 1
            for at in range(start, start + length):
                one, other = poly[at], poly[at + length]
                poly[at], poly[at + length] = (one + other) % Q, (other - one) * _ZETAS[index] % Q
        length *= 2
    factor = pow(N, -1, Q)
    return [value * factor % Q for value in poly]


def _use_hint(hint, value):
    """The high bits of a value, put right by a hint (algorithms 36 and 40)."""
    low = value % (2 * GAMMA2)
    if low > GAMMA2:
        low -= 2 * GAMMA2
    if value - low == Q - 1:
        high, low = 0, low - 1
    else:
        high = (value - low) // (2 * GAMMA2)
    if not hint:
        return high
    return (high + (1 if low > 0 else -1)) % 44
