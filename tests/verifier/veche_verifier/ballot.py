"""The ballot: keys, rolls, proofs (docs/spec/ballot.md, BAL-01 to BAL-13)."""

from functools import lru_cache

from . import cbor, ristretto
from .curve import ORDER, multiscalar
from .hashing import hash_to_scalar, labelled, sha256, sha512
from .rules import Broken, require
from .shapes import Bytes, Struct, U8

VERSION = 1
ROLL_MIN, ROLL_MAX = 2, 32_768
SEALED_MAX = 4_096
PROOF_MAX = 1_600
BALLOT_MAX = SEALED_MAX + PROOF_MAX + 64
PARAMETERS = (
    (16, 4, 2),
    (36, 6, 2),
    (64, 8, 2),
    (100, 10, 2),
    (216, 6, 3),
    (512, 8, 3),
    (1_296, 6, 4),
    (4_096, 8, 4),
    (10_000, 10, 4),
    (32_768, 8, 5),
)
C_COUNT = 80

BALLOT = Struct(version=U8, tag=Bytes(32), sealed=Bytes(), proof=Bytes())
PUBLISHED_KEY = Struct(key=Bytes(32), possession=Bytes(96))


def hash_to_group(label, name, index):
    """from_uniform_bytes(SHA-512(CBOR[label, name, index]))."""
    return ristretto.from_uniform_bytes(sha512(cbor.encode([label, name, index])))


class Generators:
    """G, H, C_0 .. C_79, C* and their digest."""

    def __init__(self):
        make = lambda name, index: hash_to_group("veche/v1/ballot/generator", name, index)
        self.g, self.h, self.c_star = make("G", 0), make("H", 0), make("C*", 0)
        self.c = [make("C", index) for index in range(C_COUNT)]
        points = [self.g, self.h, *self.c, self.c_star]
        self.digest = labelled("veche/v1/ballot/generator-digest", b"".join(map(ristretto.encode, points)))


@lru_cache(maxsize=1)
def generators():
    """The generators, made once."""
    return Generators()


@lru_cache(maxsize=256)
def event_point(kind, subject):
    """E of an event."""
    return hash_to_group("veche/v1/ballot/event", kind, subject)


def decode_point(data, rule):
    """A point, or the rule broken."""
    point = ristretto.decode(data)
    require(point is not None, rule)
    return point


def decode_scalar(data, rule):
    """A scalar, or the rule broken."""
    value = ristretto.scalar(data)
    require(value is not None, rule)
    return value


def decode_key(data):
    """BAL-10: a ballot key is a point other than the identity."""
    point = decode_point(data, "BAL-10")
    require(not ristretto.is_identity(point), "BAL-10")
    return point


def check_possession(assembly, seat, number, key, possession):
    """BAL-10 and BAL-11: the publisher can open the key. `possession` is K || s || t."""
    point = decode_key(key)
    commitment = decode_point(possession[:32], "BAL-11")
    s, t = decode_scalar(possession[32:64], "BAL-11"), decode_scalar(possession[64:], "BAL-11")
    label = "veche/v1/ballot/key-possession"
    c = hash_to_scalar(cbor.encode([label, assembly, seat, number, key, possession[:32]]))
    made = generators()
    opened = multiscalar([(s, made.g), (t, made.h), (-c, point)])
    require(ristretto.is_equal(opened, commitment), "BAL-11")


def parameters(size):
    """(n, m) of a roll of so many keys; BAL-12."""
    require(ROLL_MIN <= size <= ROLL_MAX, "BAL-12")
    return next((n, m) for up_to, n, m in PARAMETERS if size <= up_to)


def proof_length(n, m):
    """Bytes of a proof."""
    return 32 * (2 * m + 2 + m * (n - 1) + 3)


class Roll:
    """The keys of a vote, as bytes in roll order."""

    def __init__(self, keys):
        self.points = [decode_key(key) for key in keys]
        self.n, self.m = parameters(len(keys))
        require(all(a < b for a, b in zip(keys, keys[1:])), "BAL-13")
        self.root = sha256(cbor.encode(["veche/v1/ballot/roll", *keys]))

    def __len__(self):
        return len(self.points)


class Event:
    """What ballots are proven for: kind, assembly, subject, roll and the trustees' key Y (32 zero bytes if nothing is sealed)."""

    def __init__(self, kind, assembly, subject, roll, sealing_key):
        self.kind, self.assembly, self.subject = kind, assembly, subject
        self.roll, self.sealing_key = roll, sealing_key
        self.point = event_point(kind, subject)

    def challenge(self, tag, sealed, commitments):
        """xi."""
        roll = self.roll
        return hash_to_scalar(
            cbor.encode(
                ["veche/v1/ballot/challenge", self.kind, VERSION, self.assembly, self.subject, roll.root]
                + [len(roll), roll.n, roll.m, generators().digest]
                + [self.sealing_key, ristretto.encode(self.point), tag, sha256(sealed), *commitments]
            )
        )


def decode_ballot(data):
    """BAL-01: the envelope."""
    try:
        ballot = BALLOT.decode(data, BALLOT_MAX)
    except cbor.Malformed as error:
        raise Broken("BAL-01") from error
    require(ballot.version == VERSION and len(ballot.sealed) <= SEALED_MAX, "BAL-01")
    return ballot


def check_proof(event, ballot):
    """BAL-02 to BAL-09, in order."""
    roll, made = event.roll, generators()
    n, m = roll.n, roll.m
    proof = ballot.proof
    require(len(proof) == proof_length(n, m), "BAL-02")
    chunks = [proof[at : at + 32] for at in range(0, len(proof), 32)]
    commitments, scalars = chunks[: 2 * m + 2], chunks[2 * m + 2 :]
    a, b, *rest = [decode_point(chunk, "BAL-03") for chunk in commitments]
    q, s = rest[:m], rest[m:]
    *short, z_a, z_x, z_y = [decode_scalar(chunk, "BAL-04") for chunk in scalars]
    tag = decode_point(ballot.tag, "BAL-05")
    require(not ristretto.is_identity(tag), "BAL-05")
    xi = event.challenge(ballot.tag, ballot.sealed, commitments)
    require(xi != 0, "BAL-06")
    f = []
    for row in (short[j * (n - 1) : (j + 1) * (n - 1)] for j in range(m)):
        f += [(xi - sum(row)) % ORDER, *row]
    powers = [pow(xi, k, ORDER) for k in range(m + 1)]

    products = [entry * (xi - entry) for entry in f]
    opened = list(zip(f + products, made.c)) + [(z_a, made.c_star), (-xi, b)]
    require(ristretto.is_equal(multiscalar(opened), a), "BAL-07")

    terms = list(zip(_coefficients(f, n, m, len(roll)), roll.points))
    terms += [(-power, point) for power, point in zip(powers, q)] + [(-z_x, made.g), (-z_y, made.h)]
    require(ristretto.is_identity(multiscalar(terms)), "BAL-08")

    terms = [(-power, point) for power, point in zip(powers, s)] + [(powers[m], tag), (-z_x, event.point)]
    require(ristretto.is_identity(multiscalar(terms)), "BAL-09")


def _coefficients(f, n, m, size):
    """prod_j f_{j,i_j} for every place i, the places beyond the last key added to the last key's."""
    places = [1]
    for row in reversed([f[j * n : (j + 1) * n] for j in range(m)]):
        places = [place * entry % ORDER for place in places for entry in row]
    return places[: size - 1] + [sum(places[size - 1 :]) % ORDER]
