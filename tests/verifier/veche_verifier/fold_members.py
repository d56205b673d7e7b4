"""The part of the fold about seats: founding, admission, detention, leaving, ballot keys (docs/spec/journal.md, Seats)."""

from . import entry as entries
from .ballot import check_possession
from .cbor import Malformed
from .rules import Broken, require
from .statement import CERTIFICATE, DEPUTY

MONTH_MS = 30 * 86_400_000
SIGNING_WINDOW_MS = 7 * 86_400_000
KEYS_PER_STATEMENT = 64
KEYS_AHEAD = 256
NUMBER_MAX = 2**32 - 1

ACTIVE, DETAINED, LEFT = "active", "detained", "left"
PROPOSED, WAITING, ADMITTED, REFUSED = "proposed", "waiting", "admitted", "refused"


class Seat:
    """What votes."""

    def __init__(self, number, role, name, device, now, votes_from):
        self.number, self.role, self.name = number, role, name
        # Its devices, the first one first; when further ones were added; those that were revoked.
        self.identity, self.devices, self.added, self.revoked = device.identity, [device.device], [], []
        self.cosigning_keys = {}
        self.admitted, self.votes_from = now, votes_from
        self.state, self.state_since = ACTIVE, now
        self.key_batches, self.next_key = [], 1
        self.endorsements, self.detentions, self.refoundings = [], [], []

    @property
    def is_active(self):
        """Whether it acts."""
        return self.state == ACTIVE

    @property
    def is_acting_deputy(self):
        """Whether it is a deputy that acts."""
        return self.is_active and self.role == DEPUTY

    def is_voting_device(self, device):
        """Whether this is its first device."""
        return self.devices[0] == device

    def ballot_key(self, number):
        """Its ballot key with this number, or None."""
        for first, keys in self.key_batches:
            if first <= number < first + len(keys):
                return keys[number - first]
        return None

    def is_elector(self, proposed, now):
        """Whether it belongs to the electorate of a motion proposed then and opened now."""
        counts = self.state == ACTIVE or self.state == DETAINED and self.state_since >= proposed
        return counts and self.role == DEPUTY and self.votes_from <= now


class Admission:
    """Somebody proposed for a seat."""

    def __init__(self, candidate, device, now, position):
        self.role, self.name, self.device = candidate.role, candidate.name, device
        self.proposed, self.position = now, position
        self.endorsed_by, self.objected_by = [], []
        self.state, self.until = PROPOSED, None

    @property
    def is_open(self):
        """Whether endorsements or objections still matter."""
        return self.state in (PROPOSED, WAITING)


def read_certificate(signed):
    """The device that a certificate vouches for, or None."""
    try:
        certificate = CERTIFICATE.decode(signed.bytes)
    except Malformed:
        return None
    good = entries.is_signed(signed, "veche/v1/journal/device-certificate", certificate.identity)
    return certificate if good else None


class Members:
    """Seats and what changes them."""

    def __init__(self):
        self.seats, self.admissions, self.detentions = {}, {}, {}
        self.founding_ended, self.founding_signed = None, [1]
        self.next_key_number = 1

    @property
    def is_founding(self):
        """Whether one endorsement still admits."""
        return self.founding_ended is None

    def seat_by_device(self, device):
        """The seat that has this device, or None."""
        return next((seat for seat in self.seats.values() if device in seat.devices), None)

    # Founding.

    def check_FoundingSigned(self, seat, statement, body):
        """A founder signs the declaration."""
        require(self.is_founding and seat.number not in self.founding_signed, "ASM-12")
        return lambda position: self.founding_signed.append(seat.number)

    def check_FoundingEnded(self, seat, statement, body):
        """The founder ends the founding."""
        require(seat.number == 1, "ASM-11")
        require(self.is_founding, "ASM-12")
        return lambda position: self._end_founding()

    def _end_founding(self):
        self.founding_ended = self.now

    # Admission.

    def _require_endorser(self, seat):
        self.require_deputy(seat)
        if self.is_founding:
            return
        founder = seat.admitted <= self.founding_ended
        old_enough = founder or self.now - seat.admitted >= self.charter.endorser_age_ms
        used = self._within_month(seat.endorsements)
        require(old_enough and used < self.charter.endorsements_per_month, "ASM-15")

    def _within_month(self, times):
        return sum(self.now - at < MONTH_MS for at in times)

    def _open_admission(self, admission):
        found = self.admissions.get(admission)
        require(found is not None and found.is_open, "ASM-14")
        return found

    def check_AdmissionProposed(self, seat, statement, body):
        """Somebody is proposed for a seat."""
        self._require_endorser(seat)
        device = read_certificate(body.candidate.certificate)
        require(device is not None, "ASM-13")
        known = [other.identity for other in self.seats.values()]
        known += [admission.device.identity for admission in self.admissions.values() if admission.is_open]
        require(device.identity not in known and not self.is_taken(device.device), "ASM-13")
        return lambda position: self._propose_admission(seat, statement, body.candidate, device, position)

    def _propose_admission(self, seat, statement, candidate, device, position):
        self.admissions[statement.id] = Admission(candidate, device, self.now, position)
        self._endorse(seat, statement.id)

    def check_Endorsed(self, seat, statement, body):
        """An admission is endorsed."""
        admission = self._open_admission(body.admission)
        require(admission.state == PROPOSED, "ASM-14")
        require(seat.number not in admission.endorsed_by, "ASM-16")
        self._require_endorser(seat)
        return lambda position: self._endorse(seat, body.admission)

    def _endorse(self, seat, identifier):
        admission, founding = self.admissions[identifier], self.is_founding
        if not founding:
            seat.endorsements = [at for at in seat.endorsements if self.now - at < MONTH_MS] + [self.now]
        admission.endorsed_by.append(seat.number)
        if len(admission.endorsed_by) >= (1 if founding else self.charter.endorsements):
            admission.state = WAITING
            admission.until = self.now + (0 if founding else self.charter.objection_ms)
            self.advance_admissions()

    def check_Objected(self, seat, statement, body):
        """An admission is objected to."""
        self.require_deputy(seat)
        admission = self._open_admission(body.admission)
        require(seat.number not in admission.objected_by, "ASM-16")
        return lambda position: self._object(seat, admission)

    def _object(self, seat, admission):
        admission.objected_by.append(seat.number)
        if len(admission.objected_by) >= self.charter.objectors:
            admission.state = REFUSED

    def advance_admissions(self):
        """Seats those whose objection window is over; refuses those that were not endorsed in time."""
        waiting = [(a.until, a.position, key) for key, a in self.admissions.items() if a.state == WAITING]
        for _, _, key in sorted(item for item in waiting if item[0] <= self.now):
            admission = self.admissions[key]
            self.give_seat(admission.role, admission.name, admission.device)
            admission.state = ADMITTED
        for admission in self.admissions.values():
            if admission.state == PROPOSED and self.now - admission.proposed > MONTH_MS:
                admission.state = REFUSED

    def give_seat(self, role, name, device):
        """Gives the next seat number to somebody, as of now."""
        number = len(self.seats) + 1
        cooling_off = 0 if self.is_founding else self.charter.cooling_off_ms
        self.seats[number] = Seat(number, role, name, device, self.now, self.now + cooling_off)
        if self.is_founding and len(self.seats) >= self.charter.founding_seats:
            self.founding_ended = self.now

    # Detention and leaving.

    def check_Detained(self, seat, statement, body):
        """A member is said to be in others' hands."""
        self.require_deputy(seat)
        target = self.seats.get(body.seat)
        acts = target is not None and target.is_active and target is not seat
        budget = self._within_month(seat.detentions) < self.charter.detentions_per_month
        require(acts and budget, "ASM-17")
        require(not self.is_signed(self.detentions.get(body.seat, []), seat), "ASM-16")
        return lambda position: self._detain(seat, target)

    def is_signed(self, signers, seat):
        """Whether a seat's signature among these still counts."""
        return any(by == seat.number and self.now - at <= SIGNING_WINDOW_MS for by, at in signers)

    def sign(self, signers, seat):
        """The signatures that count, with this seat's."""
        counting = [
            (by, at)
            for by, at in signers
            if self.now - at <= SIGNING_WINDOW_MS and self.seats[by].is_active and by != seat.number
        ]
        return counting + [(seat.number, self.now)]

    def _detain(self, seat, target):
        seat.detentions = [at for at in seat.detentions if self.now - at < MONTH_MS] + [self.now]
        self.detentions[target.number] = self.sign(self.detentions.get(target.number, []), seat)
        if len(self.detentions[target.number]) >= self.charter.detain_signers:
            del self.detentions[target.number]
            self._remove(target, DETAINED)

    def check_Left(self, seat, statement, body):
        """The author leaves."""
        require(seat.is_voting_device(statement.device), "ASM-45")
        return lambda position: self._remove(seat, LEFT)

    def _remove(self, seat, state):
        seat.key_batches = []
        seat.state, seat.state_since = state, self.now
        self.leave_behind()
        self.discard_keys_of(seat.number)

    # Ballot keys.

    def check_BallotKeysPublished(self, seat, statement, body):
        """New ballot keys of a seat."""
        self.require_deputy(seat)
        require(1 <= len(body.keys) <= KEYS_PER_STATEMENT, "ASM-09")
        end = min(body.first + len(body.keys), NUMBER_MAX)
        in_turn = body.first >= seat.next_key and end <= self.next_key_number + KEYS_AHEAD
        require(seat.is_voting_device(statement.device) and in_turn, "ASM-18")
        known = {key for _, keys in seat.key_batches for key in keys}
        for number, published in enumerate(body.keys, body.first):
            try:
                check_possession(self.id, seat.number, number, published.key, published.possession)
            except Broken as error:
                raise Broken("ASM-19") from error
            require(published.key not in known, "ASM-19")
            known.add(published.key)
        return lambda position: self._publish(seat, body, end)

    @staticmethod
    def _publish(seat, body, end):
        seat.key_batches.append((body.first, [published.key for published in body.keys]))
        seat.next_key = end

    def check_BallotKeysVoided(self, seat, statement, body):
        """All unused ballot keys of the seat are void."""
        return lambda position: seat.key_batches.clear()

    def use_key_number(self):
        """A vote has taken the next number: keys that are used up are forgotten."""
        self.next_key_number += 1
        for seat in self.seats.values():
            seat.key_batches = [(first, keys) for first, keys in seat.key_batches if first + len(keys) > self.next_key_number]
