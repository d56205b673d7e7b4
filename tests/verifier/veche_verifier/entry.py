"""Sealed journal entries and signed statements' envelopes (docs/spec/journal.md, Entry and Statement)."""

from hmac import compare_digest

from . import cbor, ed25519
from .chacha20poly1305 import decrypt
from .hashing import hkdf, labelled
from .shapes import HASH, KEY, TEXT, U32, U64, Bytes, Many, Maybe, Struct
from .tlog import ENTRY_MAX, is_in_full_tree

SEALED_ENTRY = Struct(key_number=U32, day=U32, nonce=Bytes(24), commitment=HASH, main=Bytes(), beside=Bytes())
SIGNED = Struct(bytes=Bytes(), signature=Bytes(64))
STATEMENT = Struct(assembly=HASH, seat=U32, device=KEY, seen=Maybe(TEXT), expires=U64, body=Bytes())
NAME_OPENING = Struct(salt=Bytes(32), name=TEXT)
SHOWN_DAY = Struct(key=KEY, path=Many(HASH))
NAME_MAX = 256
DAY_MS, DAY_LEVELS = 86_400_000, 12
DAYS = 1 << DAY_LEVELS


def parse(data):
    """The sealed entry that these bytes are, or None."""
    try:
        return SEALED_ENTRY.decode(data, ENTRY_MAX)
    except cbor.Malformed:
        return None


def commits_to(sealed, key):
    """Whether an entry commits to this entry key."""
    return compare_digest(labelled("veche/v1/journal/entry-commitment", key), sealed.commitment)


def is_near(sealed, time):
    """Whether an entry is of the day on which the relay took it, or one beside it."""
    return abs(sealed.day - min(time // DAY_MS, 2**32 - 1)) <= 1


def place(sealed):
    """The place of an entry's day among those of a journal key."""
    return sealed.day % DAYS


def is_day(sealed, shown, days):
    """Whether this is the key of the entry's day, under the root announced."""
    leaf = labelled("veche/v1/journal/day", cbor.encode([place(sealed), shown.key]))
    return is_in_full_tree(leaf, place(sealed), DAY_LEVELS, days, shown.path)


def own_key(sealed, day_key):
    """The entry key that follows from the key of the entry's day."""
    return hkdf("sha256", day_key, sealed.nonce, b"veche/v1/journal/entry-key")


def is_over(day, time):
    """Whether no entry of this day can count that the relay takes at `time` or later."""
    return min(time // DAY_MS, 2**32 - 1) > day + 1


def _open(sealed, key, label, part, size):
    text = decrypt(key, part, cbor.encode([label, sealed.key_number, sealed.day, sealed.nonce]))
    if text is None or len(text) < size:
        return None
    length, rest = int.from_bytes(text[:size], "big"), text[size:]
    if length > len(rest) or any(rest[length:]):
        return None
    return rest[:length]


def open_main(sealed, key):
    """The signed statement in an entry, as bytes; None if the entry does not open under a key that it commits to."""
    if not commits_to(sealed, key):
        return None
    return _open(sealed, key, "veche/v1/journal/entry-key", sealed.main, 4)


def open_name(sealed, key, commitment):
    """The name that lies beside a statement and opens this commitment, or None."""
    beside = _open(sealed, key, "veche/v1/journal/beside-key", sealed.beside, 2)
    if beside is None:
        return None
    try:
        opening = NAME_OPENING.decode(beside)
    except cbor.Malformed:
        return None
    fits = 1 <= len(opening.name.encode()) <= NAME_MAX
    return opening.name if fits and labelled("veche/v1/journal/name", beside) == commitment else None


def read_statement(main):
    """(signed, statement) of the bytes in an entry, signature unchecked; None if they are malformed."""
    try:
        signed = SIGNED.decode(main)
        return signed, STATEMENT.decode(signed.bytes)
    except cbor.Malformed:
        return None


def is_signed(signed, label, key):
    """Whether a signed structure bears this key's signature under this label."""
    return ed25519.is_valid(key, cbor.encode([label, 1]) + signed.bytes, signed.signature)


def statement_id(data):
    """The id of a statement, from the bytes that were signed."""
    return labelled("veche/v1/journal/statement-id", data)
