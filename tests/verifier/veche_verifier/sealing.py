"""Sealed choices, the trustees' key generation and the opening (docs/spec/sealing.md, SEA-01 to SEA-10)."""

from . import cbor, ristretto
from .chacha20poly1305 import decrypt
from .curve import ORDER, add, multiply, multiscalar
from .hashing import hash_to_scalar, hkdf, labelled, sha256
from .rules import Broken, require
from .shapes import HASH, KEY, Bytes, Many, Struct, U32
from .x25519 import has_small_order, public_key, x25519

FROST = b"FROST-RISTRETTO255-SHA512-v1"
TAG = 16

ROUND1 = Struct(run_key=KEY, packages=Many(Bytes()))
COMPLAINT = Struct(accused=U32, run_key=KEY)
SHARE = Struct(y=KEY, seat=U32, share=HASH)


def _point(data, rule):
    point = ristretto.decode(data)
    require(point is not None and not ristretto.is_identity(point), rule)
    return point


# The sealed choice.


def check_sealed(sealed, plaintext_length):
    """SEA-01, SEA-02."""
    require(len(sealed) == 32 + plaintext_length + TAG, "SEA-01")
    _point(sealed[:32], "SEA-02")


def open_sealed(secret, key, opening, roll_root, tag, sealed):
    """The plaintext of a sealed choice; SEA-03 if there is none."""
    shared = ristretto.encode(multiply(secret, _point(sealed[:32], "SEA-02")))
    label = "veche/v1/sealing/choice"
    message_key = hkdf("sha512", shared, sealed[:32] + key, label.encode() + opening)
    plaintext = decrypt(message_key, sealed[32:], cbor.encode([label, opening, roll_root, tag]))
    require(plaintext is not None, "SEA-03")
    return plaintext


# The key generation.


class Run:
    """What the participants of a run agree on beforehand."""

    def __init__(self, assembly, number, threshold, keys):
        self.number, self.threshold, self.keys = number, threshold, keys
        self.raw = [assembly, number, threshold, keys]

    def place(self, seat):
        """A trustee's x coordinate."""
        return hash_to_scalar(FROST + b"id" + cbor.encode(["veche/v1/sealing/trustee", self.raw, seat]))


class Round1:
    """A trustee's round 1, checked: SEA-04 to SEA-06."""

    def __init__(self, run, seat, data):
        package_length = 32 * run.threshold + 64
        try:
            wire = ROUND1.decode(data, 64 + run.keys * (package_length + 8))
        except cbor.Malformed as error:
            raise Broken("SEA-04") from error
        require(len(wire.packages) == run.keys, "SEA-04")
        require(not has_small_order(wire.run_key), "SEA-05")
        self.seat, self.run_key, self.place, self.hash = seat, wire.run_key, run.place(seat), sha256(data)
        self.coefficients = [self._read(package, package_length) for package in wire.packages]

    def _read(self, package, length):
        require(len(package) == length, "SEA-04")
        chunks = [package[at : at + 32] for at in range(0, length, 32)]
        points = [_point(chunk, "SEA-04") for chunk in chunks[:-1]]
        z = ristretto.scalar(chunks[-1])
        require(z is not None, "SEA-04")
        c = hash_to_scalar(FROST + b"dkg" + self.place.to_bytes(32, "little") + chunks[0] + chunks[-2])
        proven = multiscalar([(z, ristretto.BASE), (-c, points[0])])
        require(ristretto.is_equal(proven, points[-1]), "SEA-06")
        return points[:-1]


class PublicKey:
    """One key of a run: Y and everybody's verifying share."""

    def __init__(self, run, index, round1, number):
        sums = None
        for posted in round1:
            own = posted.coefficients[index]
            sums = own if sums is None else [add(a, b) for a, b in zip(sums, own)]
        self.number, self.index, self.threshold = number, index, run.threshold
        self.y = ristretto.encode(sums[0])
        self.is_usable = not ristretto.is_identity(sums[0])
        self.trustees = {}
        for posted in round1:
            powers = [pow(posted.place, k, ORDER) for k in range(len(sums))]
            self.trustees[posted.seat] = posted.place, multiscalar(list(zip(powers, sums)))

    def is_share(self, share):
        """SEA-10."""
        trustee, value = self.trustees.get(share.seat), ristretto.scalar(share.share)
        if trustee is None or value is None or share.y != self.y:
            return False
        return ristretto.is_equal(multiply(value, ristretto.BASE), trustee[1])

    def combine(self, shares):
        """The secret y of good shares by seat, or None if they are too few or give another key."""
        if len(shares) < self.threshold:
            return None
        used = [(self.trustees[seat][0], ristretto.scalar(shares[seat].share)) for seat in sorted(shares)]
        used = used[: self.threshold]
        secret = 0
        for x, value in used:
            for other, _ in used:
                if other != x:
                    value = value * other * pow(other - x, -1, ORDER) % ORDER
            secret += value
        secret %= ORDER
        return secret if ristretto.encode(multiply(secret, ristretto.BASE)) == self.y else None


class Transcript:
    """The closed first round of a run: its participants by seat."""

    def __init__(self, run, round1):
        self.run = run
        self.round1 = {posted.seat: posted for posted in sorted(round1, key=lambda posted: posted.seat)}
        hashes = [[seat, posted.hash] for seat, posted in self.round1.items()]
        self.hash1 = labelled("veche/v1/sealing/transcript", cbor.encode([run.raw, hashes]))

    def read_round2(self, seat, data):
        """A trustee's round 2 by recipient; SEA-07."""
        length = 32 * self.run.keys + TAG
        try:
            require(len(data) <= 8 + len(self.round1) * (length + 8), "SEA-07")
            packages = Many(Bytes(length)).read(cbor.decode(data))
        except cbor.Malformed as error:
            raise Broken("SEA-07") from error
        others = [other for other in self.round1 if other != seat]
        require(len(packages) == len(others), "SEA-07")
        return dict(zip(others, packages))

    def hash2(self, round2):
        """What is confirmed: over the bytes of every round 2 by seat; None while one is missing."""
        if any(seat not in round2 for seat in self.round1):
            return None
        hashes = [[seat, sha256(round2[seat])] for seat in self.round1]
        return labelled("veche/v1/sealing/transcript", cbor.encode([self.run.raw, self.hash1, hashes]))

    def keys(self):
        """The public parts of the run's keys."""
        posted = list(self.round1.values())
        return [PublicKey(self.run, index, posted, self.run.number) for index in range(self.run.keys)]

    def guilty(self, round2, complainer, complaint):
        """Whom a complaint proves guilty (SEA-08, SEA-09); None if it cannot be judged."""
        accused = complaint.accused
        if complainer == accused or complainer not in self.round1 or accused not in self.round1:
            return None
        if accused not in round2:
            return None
        sender, recipient = self.round1[accused], self.round1[complainer]
        if public_key(complaint.run_key) != recipient.run_key:
            return complainer
        info = cbor.encode(["veche/v1/sealing/package", self.hash1, accused, complainer])
        shared = x25519(complaint.run_key, sender.run_key)
        key = hkdf("sha512", shared, sender.run_key + recipient.run_key, info)
        package = self.read_round2(accused, round2[accused])[complainer]
        return complainer if self._is_true(sender, recipient, decrypt(key, package, info)) else accused

    def _is_true(self, sender, recipient, shares):
        if shares is None:
            return False
        for index, coefficients in enumerate(sender.coefficients):
            value = ristretto.scalar(shares[32 * index : 32 * index + 32])
            if value is None:
                return False
            powers = [(pow(recipient.place, k, ORDER), point) for k, point in enumerate(coefficients)]
            if not ristretto.is_equal(multiply(value, ristretto.BASE), multiscalar(powers)):
                return False
        return True
