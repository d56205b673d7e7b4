"""Logs: creation records, trees, checkpoints, cosignatures (docs/spec/log.md)."""

import base64
import binascii
import re

from . import cbor, ed25519, ml_dsa
from .hashing import labelled, sha256
from .shapes import HASH, KEY, U32, U64, Bytes, Choice, Maybe, Struct

ENTRY_MAX = 256 * 1_024
NOTE_MAX = 1_024
LINES_MAX = 16
RECORD_KIND = 1

GATE = Struct(assembly=HASH, opening=HASH, roll_root=HASH, roll_len=U32, sealing_key=KEY)
SLOTS = Struct(opens=U64, closes=U64, every_ms=U64)
PREVIOUS = Struct(relay=HASH, log=HASH, size=U64, root=HASH)
CREATE_LOG = Struct(
    append_key=KEY,
    read_token_hash=HASH,
    kind=Choice(3),
    entry_len=Maybe(U32),
    gate=Maybe(GATE),
    slots=Maybe(SLOTS),
    previous=Maybe(PREVIOUS),
    nonce=Bytes(16),
)
COSIGNATURE = Struct(time=U64, key=KEY, signature=Bytes(64), second=Maybe(Bytes(ml_dsa.SIGNATURE_BYTES)))

_TEXT = re.compile(r"(veche-relay/([0-9a-f]{64})/([0-9a-f]{64}))\n(0|[1-9][0-9]{0,19})\n([A-Za-z0-9+/]{43}=)\n")
_MARK = "\u2014 "


def log_id(record):
    """The id of the log that this record (as an array) creates."""
    return labelled("veche/v1/log/id", cbor.encode(record))


class Frontier:
    """The roots of the complete subtrees of a growing tree, the largest first."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, time, entry):
        """Appends an entry."""
        node = sha256(b"\x00" + time.to_bytes(8, "big") + entry)
        index = self.size
        while index & 1:
            node = sha256(b"\x01" + self.peaks.pop() + node)
            index >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self):
        """The root of the tree."""
        if not self.peaks:
            return sha256(b"")
        root = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            root = sha256(b"\x01" + left + root)
        return root

    @classmethod
    def over(cls, entries):
        """The frontier over pairs (time, bytes)."""
        frontier = cls()
        for time, entry in entries:
            frontier.push(time, entry)
        return frontier


def is_in_full_tree(leaf, index, levels, root, path):
    """Whether this path leads from the leaf at this index of a tree of 2^levels leaves to the root."""
    if index >> levels or len(path) != levels:
        return False
    node = leaf
    for level, beside in enumerate(path):
        left, right = (beside, node) if index >> level & 1 else (node, beside)
        node = sha256(b"\x01" + left + right)
    return node == root


class Checkpoint:
    """Size and root of a log of a relay, and the text that is signed."""

    def __init__(self, text, relay, log, size, root):
        self.text, self.relay, self.log, self.size, self.root = text, relay, log, size, root

    def is_cosigned_by(self, cosignature):
        """LOG-10."""
        seconds, rest = divmod(cosignature.time, 1_000)
        message = f"cosignature/v1\ntime {seconds}\n{self.text}".encode()
        return rest == 0 and ed25519.is_valid(cosignature.key, message, cosignature.signature)

    def is_cosigned_twice_by(self, cosignature, announced):
        """LOG-13: whether the second signature is by this cosigning key."""
        name = f"veche-witness/{cosignature.key.hex()}".encode()
        origin = self.text.split("\n")[0].encode()
        parts = [b"subtree/v1\n\0", bytes([len(name)]), name, _u64(cosignature.time // 1_000)]
        parts += [bytes([len(origin)]), origin, _u64(0), _u64(self.size), self.root]
        second = cosignature.second
        return second is not None and ml_dsa.is_valid(announced, b"".join(parts), second)


def open_checkpoint(note, relay, key):
    """The checkpoint in a signed note, if it is of this relay and signed by this key; None otherwise (LOG-01)."""
    if len(note.encode()) > NOTE_MAX:
        return None
    at = note.rfind("\n\n")
    text, lines = note[: at + 1], note[at + 2 :]
    match = _TEXT.fullmatch(text)
    if at < 0 or not match or not lines.endswith("\n"):
        return None
    lines = lines[:-1].split("\n")
    if len(lines) > LINES_MAX or not all(line.startswith(_MARK) for line in lines):
        return None
    name, root = match[1], _base64(match[5])
    if int(match[4]) >= 1 << 64 or root is None or bytes.fromhex(match[2]) != relay:
        return None
    key_id = sha256(name.encode() + b"\n\x01" + key)[:4]
    for line in lines:
        head = _MARK + name + " "
        signature = _base64(line[len(head) :]) if line.startswith(head) else None
        if signature is None or len(signature) != 68 or signature[:4] != key_id:
            continue
        # The first line by this key decides.
        if not ed25519.is_valid(key, text.encode(), signature[4:]):
            return None
        return Checkpoint(text, relay, bytes.fromhex(match[3]), int(match[4]), root)
    return None


def _u64(number):
    return number.to_bytes(8, "big")


def _base64(text):
    """RFC 4648, section 4, with padding, in its one form."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def close_entry(opening):
    """The entry that closes the box of an opening."""
    return cbor.encode(["veche/v1/box/close", opening])


def is_slot_end(slots, time):
    """Whether a time is the end of some slot."""
    on_grid = slots.every_ms > 0 and (time - slots.opens) % slots.every_ms == 0
    return slots.opens < time <= slots.closes and (on_grid or time == slots.closes)


def is_in_place(slots, before, entry):
    """LOG-11: `entry` is stamped with the end of a slot and stands behind the one before it by their hashes."""
    time, data = entry
    in_order = before is None or before[0] != time or sha256(before[1]) <= sha256(data)
    return is_slot_end(slots, time) and in_order
