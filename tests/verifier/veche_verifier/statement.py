"""What a statement says: the bodies by kind, the charter, motions (docs/spec/journal.md, Bodies and Charter)."""

from . import cbor, ml_dsa
from .entry import SIGNED
from .sealing import COMPLAINT, SHARE
from .ballot import PUBLISHED_KEY
from .question import QuestionShape
from .shapes import HASH, KEY, TEXT, U32, U64, Bytes, Choice, Many, Maybe, Struct
from .tlog import COSIGNATURE, CREATE_LOG

DEPUTY, EXPERT, OBSERVER = 0, 1, 2
ROLL_CALL, SECRET = 0, 1
DAY_MS = 86_400_000

FRACTION = Struct(numerator=U32, denominator=U32)
CHARTER = Struct(
    endorsements=U32,
    founding_seats=U32,
    endorser_age_ms=U64,
    endorsements_per_month=U32,
    objection_ms=U64,
    objectors=U32,
    cooling_off_ms=U64,
    detain_signers=U32,
    detentions_per_month=U32,
    seconders=U32,
    notice_ms=U64,
    voting_least_ms=U64,
    voting_greatest_ms=U64,
    closing_ms=U64,
    shares_ms=U64,
    slot_ms=U64,
    sealing_round_ms=U64,
    sealing_pool=U32,
    cosign_ms=U64,
    roll_floor=U32,
    ballots_floor=U32,
    coverage=FRACTION,
    secret_open_max=U32,
    trustees=U32,
    threshold=U32,
    ties=Choice(2),
)
RULE = Struct(quorum=FRACTION, majority=Choice(5))
MOTION = Struct(
    title=TEXT, text=TEXT, kind=Choice(2), question=QuestionShape(), rule=RULE, notice_ms=U64, voting_ms=U64
)
CERTIFICATE = Struct(identity=KEY, device=KEY, sealing_key=KEY, issued=U64)
RELAY_KEYS = Struct(identity=KEY, checkpoint_key=KEY, issued=U64)
CANDIDATE = Struct(role=Choice(3), name=HASH, certificate=SIGNED)
ANNOUNCED_KEY = Struct(key=HASH, boxes=HASH, days=HASH)
FOUNDED = Struct(
    name=TEXT,
    declaration=TEXT,
    charter=CHARTER,
    relay=HASH,
    relay_address=TEXT,
    relay_keys=SIGNED,
    journal=HASH,
    journal_key=ANNOUNCED_KEY,
    founder=CANDIDATE,
    version=U32,
)
BOX_KEYS = Struct(append_key=KEY, read_token_hash=HASH, nonce=Bytes(16), path=Many(HASH))

# In the order of their kinds' numbers.
BODIES = (
    ("Founded", Struct(founded=FOUNDED)),
    ("FoundingSigned", Struct()),
    ("FoundingEnded", Struct()),
    ("AdmissionProposed", Struct(candidate=CANDIDATE)),
    ("Endorsed", Struct(admission=HASH)),
    ("Objected", Struct(admission=HASH)),
    ("Detained", Struct(seat=U32)),
    ("Left", Struct()),
    ("BallotKeysPublished", Struct(first=U32, keys=Many(PUBLISHED_KEY))),
    ("BallotKeysVoided", Struct()),
    ("Continues", Struct(journal_key=ANNOUNCED_KEY, record=CREATE_LOG)),
    ("VersionKnown", Struct(version=U32)),
    ("MotionProposed", Struct(motion=MOTION)),
    ("Seconded", Struct(motion=HASH)),
    ("MotionOpened", Struct(motion=HASH, ballot_box=Maybe(BOX_KEYS))),
    ("MotionWithdrawn", Struct(motion=HASH)),
    ("RollCallVote", Struct(motion=HASH, vote=Bytes())),
    ("RollCallClosed", Struct(motion=HASH)),
    ("BallotForwarded", Struct(opening=HASH, ballot=Bytes())),
    ("BoxClosed", Struct(opening=HASH, checkpoint=TEXT, cosignatures=Many(COSIGNATURE))),
    ("ShareReleased", Struct(opening=HASH, share=SHARE)),
    ("SealingRound1", Struct(run=U32, package=Bytes())),
    ("SealingRound2", Struct(run=U32, packages=Bytes())),
    ("SealingConfirmed", Struct(run=U32, transcript=HASH)),
    ("SealingComplaint", Struct(run=U32, complaint=COMPLAINT)),
    ("DeviceAdded", Struct(certificate=SIGNED, claim=Bytes(64))),
    ("DeviceRevoked", Struct(device=KEY)),
    ("Refounded", Struct(nth=U32, salt=Bytes(32))),
    ("CosigningKeyAnnounced", Struct(key=Bytes(ml_dsa.KEY_BYTES))),
)


# The version of the rules that these kinds belong to.
VERSION = 1


class UnknownKind(Exception):
    """A kind of statement that this version of the rules does not have."""


class NewerVersion(Exception):
    """The assembly has taken up a version of the rules that this verifier does not know."""


def read_body(data):
    """(name, fields) of a body. Raises UnknownKind, or cbor.Malformed."""
    kind = _kind(data)
    if kind is None:
        raise cbor.Malformed("not a body")
    if kind >= len(BODIES):
        raise UnknownKind(kind)
    value = cbor.decode(data)
    if type(value) is not list or len(value) != 2 or value[0] != kind:
        raise cbor.Malformed("not a body")
    name, shape = BODIES[kind]
    return name, shape.read(value[1])


def _kind(data):
    """The number behind the head of an array, however both are encoded; None if there is none of at most 32 bits."""
    at = 0
    for major in (4, 0):
        if at >= len(data) or data[at] >> 5 != major:
            return None
        info = data[at] & 31
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
        if info > 27 and not (major == 4 and info == 31) or at + 1 + size > len(data):
            return None
        number = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else info
        at += 1 + size
    return number if number < 1 << 32 else None


def is_proper(fraction):
    """Whether a fraction is a share of a whole."""
    return fraction.denominator > 0 and fraction.numerator <= fraction.denominator


def is_reached(fraction, part, whole):
    """Whether part / whole >= fraction."""
    return part * fraction.denominator >= whole * fraction.numerator


def is_charter(charter):
    """Whether every number of a charter is within its range."""
    c = charter
    spans = (c.endorser_age_ms, c.objection_ms, c.cooling_off_ms, c.notice_ms, c.voting_greatest_ms)
    spans += (c.closing_ms, c.shares_ms, c.slot_ms, c.sealing_round_ms, c.cosign_ms)
    counts = (c.endorsements, c.founding_seats, c.objectors, c.detain_signers, c.roll_floor, c.ballots_floor)
    counts += (c.secret_open_max, c.endorsements_per_month, c.detentions_per_month)
    return (
        all(span <= 366 * DAY_MS for span in spans)
        and all(1 <= count <= 10_000 for count in counts)
        and c.seconders <= 10_000
        and 1_000 <= c.voting_least_ms <= c.voting_greatest_ms
        and min(c.closing_ms, c.shares_ms, c.sealing_round_ms, c.cosign_ms) >= 100
        and 1 <= c.sealing_pool <= 16
        and c.roll_floor >= 2
        and is_proper(c.coverage)
        and 2 <= c.trustees <= 64
        and 2 <= c.threshold <= c.trustees
    )


def slot_ms(charter, voting_ms):
    """The slot of a box whose vote lasts so long."""
    return charter.slot_ms or min(max(voting_ms // 64, 10_000), 900_000)
