"""The part of the fold about motions: from the proposal to the shares (docs/spec/journal.md, Motions)."""

from . import tlog
from .ballot import Roll, parameters, proof_length
from .cbor import encode
from .hashing import labelled
from .rules import Broken, require
from .statement import ROLL_CALL, SECRET, is_proper, is_reached, slot_ms

TITLE_MAX, TEXT_MAX = 800, 200_000
MOTION_MS = 365 * 86_400_000
FORWARDED_MAX, FORWARDED_PER_SEAT = 8 * 1_024, 64
COSIGNATURES_MAX = 64
SIMPLE = 0
BOX_LABEL, BOX_LEVELS = "veche/v1/journal/box", 10

PROPOSED, NOTICED, OPEN, CLOSED = "proposed", "noticed", "open", "closed"
DECIDED, VOID, WITHDRAWN = "decided", "void", "withdrawn"


class Motion:
    """A motion with what has happened to it."""

    def __init__(self, identifier, text, proposer, now, position):
        self.id, self.text, self.proposer = identifier, text, proposer
        self.proposed, self.position = now, position
        self.seconded_by, self.may_open = [], None
        self.phase, self.opening = PROPOSED, None


class Opening:
    """One opening of a motion. `secret` is absent for a roll-call."""

    def __init__(self, identifier, closes, electorate, secret):
        self.id, self.closes, self.electorate, self.secret = identifier, closes, electorate, secret
        self.votes = {}


class SecretVote:
    """An anonymous vote. `roll_keys` are the roll's keys as bytes in roll order."""

    def __init__(self, key_number, roll_keys, roll, sealing):
        self.key_number, self.roll_keys, self.roll, self.sealing = key_number, roll_keys, roll, sealing
        self.record = None
        self.forwarded, self.closed = [], None
        self.shares, self.bad_shares = {}, []


def ballot_length(n, m, vote_length):
    """Length of every ballot of a vote: envelope and seal, the vote, the proof."""
    return 89 + vote_length + proof_length(n, m)


class Motions:
    """Motions and what changes them."""

    def __init__(self):
        self.motions, self.openings = {}, {}

    def _motion_in(self, identifier, *phases):
        motion = self.motions.get(identifier)
        require(motion is not None and motion.phase in phases, "ASM-22")
        return motion

    # Up to the opening.

    def check_MotionProposed(self, seat, statement, body):
        """A motion is proposed."""
        self.require_deputy(seat)
        text, charter = body.motion, self.charter
        fits = (
            text.notice_ms >= charter.notice_ms
            and charter.voting_least_ms <= text.voting_ms <= charter.voting_greatest_ms
            and 1 <= len(text.title.encode()) <= TITLE_MAX
            and len(text.text.encode()) <= TEXT_MAX
            and text.question.is_fit()
            and (text.question.method is None or text.rule.majority == SIMPLE)
            and is_proper(text.rule.quorum)
            and text.notice_ms <= MOTION_MS // 2
        )
        require(fits, "ASM-21")
        return lambda position: self._propose(seat, statement, text, position)

    def _propose(self, seat, statement, text, position):
        motion = Motion(statement.id, text, seat.number, self.now, position)
        self.motions[motion.id] = motion
        self._notice_if_seconded(motion)

    def check_Seconded(self, seat, statement, body):
        """A motion is seconded."""
        self.require_deputy(seat)
        motion = self._motion_in(body.motion, PROPOSED)
        require(seat.number != motion.proposer and seat.number not in motion.seconded_by, "ASM-23")
        return lambda position: self._second(seat, motion)

    def _second(self, seat, motion):
        motion.seconded_by.append(seat.number)
        self._notice_if_seconded(motion)

    def _notice_if_seconded(self, motion):
        if len(motion.seconded_by) >= self.charter.seconders:
            motion.phase, motion.may_open = NOTICED, self.now + motion.text.notice_ms

    def check_MotionWithdrawn(self, seat, statement, body):
        """The proposer withdraws a motion that is not open yet."""
        motion = self._motion_in(body.motion, PROPOSED, NOTICED)
        require(motion.proposer == seat.number, "ASM-37")
        return lambda position: self._set_phase(motion, WITHDRAWN)

    @staticmethod
    def _set_phase(motion, phase):
        motion.phase = phase

    # The opening.

    def check_MotionOpened(self, seat, statement, body):
        """A motion is opened."""
        self.require_deputy(seat)
        motion = self._motion_in(body.motion, NOTICED)
        require(self.now >= motion.may_open, "ASM-24")
        require((motion.text.kind == SECRET) == (body.ballot_box is not None), "ASM-27")
        electorate = [s.number for s in self.seats.values() if s.is_elector(motion.proposed, self.now)]
        closes = self.now + motion.text.voting_ms
        if motion.text.kind == ROLL_CALL:
            opening = Opening(_opening_id([motion.id, None]), closes, electorate, None)
        else:
            opening = self._secret_opening(motion, electorate, body.ballot_box, closes)
        return lambda position: self._open(motion, opening)

    def _secret_opening(self, motion, electorate, box, closes):
        charter = self.charter
        require(self._is_next_box(box), "ASM-27")
        being_open = [m for m in self.motions.values() if m.phase == OPEN and m.text.kind == SECRET]
        require(self.pool and len(being_open) < charter.secret_open_max, "ASM-26")
        number = self.next_key_number
        keys = sorted({key for key in (self.seats[seat].ballot_key(number) for seat in electorate) if key})
        try:
            parameters(len(keys))
        except Broken as error:
            raise Broken("ASM-25") from error
        covered = len(keys) >= charter.roll_floor and is_reached(charter.coverage, len(keys), len(electorate))
        require(covered, "ASM-25")
        roll, sealing = Roll(keys), self.pool[0]
        identifier = _opening_id([motion.id, [number, roll.root, sealing.y, box.append_key]])
        secret = SecretVote(number, keys, roll, sealing)
        record = [
            box.append_key,
            box.read_token_hash,
            tlog.RECORD_KIND,
            ballot_length(roll.n, roll.m, motion.text.question.counter().length),
            [self.id, identifier, roll.root, len(keys), sealing.y],
            [self.now, closes, slot_ms(charter, motion.text.voting_ms)],
            None,
            box.nonce,
        ]
        secret.record = tlog.CREATE_LOG.read(record)
        return Opening(identifier, closes, electorate, secret)

    def _is_next_box(self, box):
        """Whether the path leads from this box, as the next one of the journal key, to the root announced."""
        keys = [self.boxes_used, box.append_key, box.read_token_hash, box.nonce]
        leaf = labelled(BOX_LABEL, encode(keys))
        _, root, _ = self.journal_keys[self.log.journal_key]
        return tlog.is_in_full_tree(leaf, self.boxes_used, BOX_LEVELS, root, box.path)

    def _open(self, motion, opening):
        if opening.secret is not None:
            self.pool.remove(opening.secret.sealing)
            self.use_key_number()
            self.boxes_used += 1
        self.openings[opening.id] = motion
        motion.phase, motion.opening = OPEN, opening

    # Named votes.

    def check_RollCallVote(self, seat, statement, body):
        """A named vote."""
        motion = self.motions.get(body.motion)
        require(motion is not None, "ASM-22")
        require(motion.phase == OPEN, "ASM-30")
        require(motion.opening.secret is None, "ASM-22")
        require(seat.number in motion.opening.electorate, "ASM-28")
        require(seat.number not in motion.opening.votes, "ASM-29")
        require(motion.text.question.is_vote(body.vote), "ASM-41")
        return lambda position: motion.opening.votes.update({seat.number: body.vote})

    def check_RollCallClosed(self, seat, statement, body):
        """The set of named votes is complete."""
        motion = self.motions.get(body.motion)
        require(motion is not None and motion.text.kind == ROLL_CALL, "ASM-22")
        require(motion.phase != OPEN, "ASM-31")
        require(motion.phase == CLOSED, "ASM-22")
        return lambda position: self._set_phase(motion, DECIDED)

    # Secret votes, after the opening.

    def _secret(self, identifier):
        motion = self.openings.get(identifier)
        require(motion is not None and motion.opening.secret is not None, "ASM-22")
        return motion, motion.opening.secret

    def check_BallotForwarded(self, seat, statement, body):
        """A ballot comes through the journal."""
        motion, secret = self._secret(body.opening)
        require(motion.phase == OPEN, "ASM-30")
        posted = sum(by == seat.number for by, _ in secret.forwarded)
        require(len(body.ballot) <= FORWARDED_MAX and posted < FORWARDED_PER_SEAT, "ASM-38")
        return lambda position: secret.forwarded.append((seat.number, body.ballot))

    def check_BoxClosed(self, seat, statement, body):
        """The closed box as the witnesses cosigned it."""
        motion, secret = self._secret(body.opening)
        require(motion.phase not in (OPEN, VOID), "ASM-31")
        require(motion.phase == CLOSED and secret.closed is None, "ASM-22")
        checkpoint = self.open_checkpoint(body.checkpoint)
        require(checkpoint is not None and checkpoint.log == tlog.log_id(secret.record.raw), "ASM-32")
        require(len(body.cosignatures) <= COSIGNATURES_MAX, "ASM-09")
        cosigned, _, needed = self.quorum(checkpoint, body.cosignatures, needs_second=True)
        require(cosigned >= needed, "ASM-33")
        return lambda position: setattr(secret, "closed", checkpoint)

    def check_ShareReleased(self, seat, statement, body):
        """A trustee's share."""
        motion, secret = self._secret(body.opening)
        number, share = seat.number, body.share
        due = motion.phase in (CLOSED, DECIDED) and secret.closed is not None
        holder = number in secret.sealing.trustees and share.seat == number
        good = secret.sealing.is_share(share)
        repeated = number in secret.shares or number in secret.bad_shares and not good
        require(due and holder and not repeated and seat.is_voting_device(statement.device), "ASM-34")
        return lambda position: self._release(motion, secret, share, good)

    def _release(self, motion, secret, share, good):
        if good:
            secret.shares[share.seat] = share
        else:
            secret.bad_shares.append(share.seat)
        if len(secret.shares) >= secret.sealing.threshold:
            motion.phase = DECIDED

    # Time.

    def advance_motions(self):
        """Closes votes whose time is over, and voids what missed the charter's times."""
        for motion in self.motions.values():
            if motion.phase in (PROPOSED, NOTICED) and self.now - motion.proposed > MOTION_MS:
                motion.phase = VOID
            opening = motion.opening
            if opening is None:
                continue
            if motion.phase == OPEN and self.now >= opening.closes:
                motion.phase = CLOSED
            if motion.phase == CLOSED and opening.secret is not None:
                closing = opening.closes + self.charter.closing_ms
                unclosed = opening.secret.closed is None and self.now >= closing
                if unclosed or self.now >= closing + self.charter.shares_ms:
                    motion.phase = VOID


def _opening_id(value):
    return labelled("veche/v1/motion/opening-id", encode(value))
