"""Hashes of labelled values, and HKDF (RFC 5869)."""

import hashlib
import hmac

from . import cbor, ristretto


def sha256(data):
    """Plain SHA-256."""
    return hashlib.sha256(data).digest()


def sha512(data):
    """Plain SHA-512."""
    return hashlib.sha512(data).digest()


def labelled(label, data):
    """H(label, data) = SHA-256(CBOR(label) || data)."""
    return sha256(cbor.encode(label) + data)


def hash_to_scalar(data):
    """SHA-512, reduced modulo the group order."""
    return ristretto.wide(sha512(data))


def hkdf(name, secret, salt, info, length=32):
    """HKDF with the hash of this name: extract, then expand to at most one block."""
    key = hmac.digest(salt or bytes(hashlib.new(name).digest_size), secret, name)
    return hmac.digest(key, info + b"\x01", name)[:length]
