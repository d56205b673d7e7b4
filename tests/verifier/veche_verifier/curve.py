"""The twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2 over 2^255 - 19, in extended coordinates (RFC 8032, RFC 9496).

A point is a tuple (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z. Everything is public here, so nothing is constant time.
"""

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
D2 = 2 * D % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)

# Order of the prime-order subgroup.
ORDER = 2**252 + 27742317777372353535851937790883648493


def add(a, b):
    """a + b; complete, so it also doubles."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    m = (y1 - x1) * (y2 - x2) % P
    n = (y1 + x1) * (y2 + x2) % P
    c = t1 * D2 % P * t2 % P
    e = 2 * z1 * z2 % P
    h, f, g, k = n - m, e - c, e + c, n + m
    return h * f % P, g * k % P, f * g % P, h * k % P


def double(a):
    """2a."""
    x, y, z, _ = a
    xx, yy = x * x % P, y * y % P
    h = xx + yy
    e = (x + y) * (x + y) - h
    g = yy - xx
    f = g - 2 * z * z
    return e * f % P, -g * h % P, f * g % P, -e * h % P


def negate(a):
    """-a."""
    return -a[0] % P, a[1], a[2], -a[3] % P


def is_same(a, b):
    """Whether two points of the curve are equal (not only as elements of ristretto255)."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def multiply(k, a):
    """ka."""
    return multiscalar([(k, a)])


def multiscalar(terms):
    """The sum of k a over the pairs (k, a); scalars are taken modulo the group order."""
    terms = [(k % ORDER, a) for k, a in terms if k % ORDER]
    return _straus(terms) if len(terms) < 24 else _pippenger(terms)


def _straus(terms):
    """Interleaved windows of four bits: for few points."""
    tables = []
    for k, a in terms:
        table = [IDENTITY, a]
        for _ in range(14):
            table.append(add(table[-1], a))
        tables.append((k, table))
    total = IDENTITY
    top = max((k.bit_length() for k, _ in terms), default=0)
    for shift in range((top + 3) // 4 * 4 - 4, -4, -4):
        total = double(double(double(double(total))))
        for k, table in tables:
            digit = k >> shift & 15
            if digit:
                total = add(total, table[digit])
    return total


def _pippenger(terms):
    """Buckets: for many points."""
    width = max(4, min(12, len(terms).bit_length() - 1))
    mask = (1 << width) - 1
    top = max(k.bit_length() for k, _ in terms)
    total = IDENTITY
    for shift in range((top + width - 1) // width * width - width, -width, -width):
        for _ in range(width):
            total = double(total)
        buckets = [None] * (mask + 1)
        for k, a in terms:
            digit = k >> shift & mask
            if digit:
                held = buckets[digit]
                buckets[digit] = a if held is None else add(held, a)
        running = window = None
        for bucket in reversed(buckets[1:]):
            if bucket is not None:
                running = bucket if running is None else add(running, bucket)
            if running is not None:
                window = running if window is None else add(window, running)
        if window is not None:
            total = add(total, window)
    return total
