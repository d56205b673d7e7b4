"""The fold: from the journal's entries, in order, to the state of the assembly (docs/spec/journal.md)."""

from . import entry as entries
from . import tlog
from .cbor import Malformed, encode
from .fold_devices import Devices
from .fold_members import Members, read_certificate
from .fold_motions import Motions
from .fold_refounding import Refounding
from .fold_trustees import Trustees
from .hashing import labelled
from .rules import Broken, require
from .statement import DEPUTY, RELAY_KEYS, VERSION, NewerVersion, UnknownKind, is_charter, read_body

EXPIRY_MS = 31 * 86_400_000
SEEN_WINDOW = 4_096
QUARTER_MS = 91 * 86_400_000
WITNESSES_MAX = 21
NAME_MAX, TEXT_MAX, ADDRESS_MAX = 256, 200_000, 1_024


class BadFounding(Exception):
    """The first entry founds no assembly."""


class Log:
    """A log of the journal."""

    def __init__(self, record, journal_key):
        self.record, self.id, self.journal_key = record, tlog.log_id(record.raw), journal_key
        self.frontier = tlog.Frontier()


class Hop:
    """The journal as the last removal left it, and what witnesses said last of where it goes on."""

    def __init__(self, size, root):
        self.size, self.root, self.said = size, root, {}


class Taken:
    """What became of an entry: the rule that it broke, the seat that spoke, the names that it opens by commitment."""

    def __init__(self, rule=None, seat=None):
        self.rule, self.seat, self.names = rule, seat, {}


class Assembly(Members, Devices, Refounding, Motions, Trustees):
    """The state of an assembly. `record` and `entry` are the first log's record and first entry, `key` the entry's key."""

    def __init__(self, record, entry, key):
        statement, founded, device = self._read_founding(record, entry, key)
        self.id, self.founded, self.charter = statement.id, founded, founded.charter
        self.logs, self.position, self.now = [Log(record, 1)], 1, entry.time
        self.seen = []
        self.taken = {statement.id: statement.expires}
        # By number: the key's hash, the root over its boxes, the root over its days.
        self.journal_keys, self.hop = {1: _announced(founded.journal_key)}, None
        self.boxes_used = 0
        self.version, self.versions_known = founded.version, {}
        self.draw = (entry.time // QUARTER_MS, self.id)
        Members.__init__(self)
        Refounding.__init__(self)
        Motions.__init__(self)
        Trustees.__init__(self)
        self._remember()
        self.log.frontier.push(entry.time, entry.bytes)
        self._remember()
        self.give_seat(founded.founder.role, founded.founder.name, device)

    @property
    def log(self):
        """The log in which the journal goes on."""
        return self.logs[-1]

    # The founding.

    def _read_founding(self, record, entry, key):
        sealed = entries.parse(entry.bytes)
        if sealed is None or sealed.key_number != 1 or key is None:
            raise BadFounding("not an entry under journal key 1, or not opened")
        main = entries.open_main(sealed, key)
        read = main is not None and entries.read_statement(main)
        if not read:
            raise BadFounding("not a signed statement")
        signed, statement = read
        try:
            name, body = read_body(statement.body)
        except (Malformed, UnknownKind) as error:
            raise BadFounding("not a founding statement") from error
        if name != "Founded":
            raise BadFounding("not a founding statement")
        founded = body.founded
        if founded.version > VERSION:
            raise NewerVersion(founded.version)
        device = read_certificate(founded.founder.certificate)
        if device is None or not entries.is_signed(signed, "veche/v1/journal/statement", device.device):
            raise BadFounding("not signed by the founder's certified device")
        self.checkpoint_key = _checkpoint_key(founded)
        fits = (
            statement.assembly == bytes(32)
            and statement.seat == 1
            and statement.device == device.device
            and statement.seen is None
            and founded.version >= 1
            and founded.founder.role == DEPUTY
            and founded.journal == tlog.log_id(record.raw)
            and 1 <= len(founded.name.encode()) <= NAME_MAX
            and len(founded.declaration.encode()) <= TEXT_MAX
            and len(founded.relay_address.encode()) <= ADDRESS_MAX
            and is_charter(founded.charter)
            and self.checkpoint_key is not None
        )
        if not fits:
            raise BadFounding("the founding statement does not fit its log, its relay or its limits")
        statement.id = entries.statement_id(signed.bytes)
        return statement, founded, device

    # Taking entries.

    def take(self, entry, key, beside):
        """Folds the next entry, opened with its keys. Raises NewerVersion, which halts."""
        if self.version > VERSION:
            raise NewerVersion(self.version)
        change = None
        try:
            taken, change, statement = self._judge(entry, key, beside)
        except Broken as broken:
            taken = Taken(broken.rule)
            self.advance(entry.time)
        position, self.position = self.position, self.position + 1
        self.log.frontier.push(entry.time, entry.bytes)
        self._remember()
        if change is not None:
            self.taken[statement.id] = statement.expires
            change(position)
        return taken

    def _judge(self, entry, key, beside):
        """(what became of the entry, what it changes or None, its statement). Raises Broken before its author is known."""
        sealed = entries.parse(entry.bytes)
        require(sealed is not None and sealed.key_number == self.log.journal_key, "ASM-01")
        require(entries.is_near(sealed, entry.time), "ASM-01")
        main = entries.open_main(sealed, key)
        require(main is not None, "ASM-02")
        read = entries.read_statement(main)
        require(read is not None and read[1].assembly == self.id, "ASM-03")
        signed, statement = read
        self.advance(entry.time)
        seat = self.seats.get(statement.seat)
        require(seat is not None and seat.is_active and statement.device in seat.devices, "ASM-04")
        require(entries.is_signed(signed, "veche/v1/journal/statement", statement.device), "ASM-04")
        statement.id = entries.statement_id(signed.bytes)
        taken, change = Taken(seat=seat.number), None
        try:
            self._check_envelope(statement)
            name, body = self._read_body(statement)
            if name == "AdmissionProposed" and beside is not None:
                opened = entries.open_name(sealed, beside, body.candidate.name)
                if opened is not None:
                    taken.names[body.candidate.name] = opened
            change = getattr(self, "check_" + name)(seat, statement, body)
        except Broken as broken:
            taken.rule = broken.rule
        return taken, change, statement

    def _check_envelope(self, statement):
        require(self.now <= statement.expires <= self.now + EXPIRY_MS, "ASM-07")
        require(statement.id not in self.taken, "ASM-08")
        seen = self.open_checkpoint(statement.seen) if statement.seen is not None else None
        require(seen is not None, "ASM-05")
        known = [root for log, size, root in self.seen if (log, size) == (seen.log, seen.size)]
        require(known, "ASM-05")
        require(known[-1] == seen.root, "ASM-06")

    @staticmethod
    def _read_body(statement):
        try:
            return read_body(statement.body)
        except UnknownKind as error:
            raise Broken("ASM-39") from error
        except Malformed as error:
            raise Broken("ASM-09") from error

    def check_Founded(self, seat, statement, body):
        """An assembly is founded once."""
        raise Broken("ASM-10")

    def open_checkpoint(self, note):
        """A checkpoint signed by the assembly's relay, or None."""
        return tlog.open_checkpoint(note, self.founded.relay, self.checkpoint_key)

    def advance(self, time):
        """Lets everything happen that was due by `time`."""
        if time < self.now:
            return
        quarter = time // QUARTER_MS
        if quarter != self.draw[0]:
            self.draw = quarter, self.log.frontier.root()
        self.now = time
        self.taken = {key: expires for key, expires in self.taken.items() if expires >= time}
        self.advance_admissions()
        self.advance_motions()
        self.advance_sealing()

    def _remember(self):
        frontier = self.log.frontier
        self.seen = self.seen[-SEEN_WINDOW + 1 :] + [(self.log.id, frontier.size, frontier.root())]

    def require_deputy(self, seat):
        """ASM-11."""
        require(seat.role == DEPUTY, "ASM-11")

    # The journal's hops.

    def leave_behind(self):
        """A member or a device is removed: from here the journal is to go on, and what witnesses said of it before is void."""
        self.hop = Hop(self.log.frontier.size, self.log.frontier.root())

    def check_Continues(self, seat, statement, body):
        """A witness says where the journal goes on."""
        self.require_deputy(seat)
        record, previous, said = body.record, body.record.previous, (_announced(body.journal_key), body.record.raw)
        require(self.hop is not None, "ASM-20")
        plain = record.kind == tlog.RECORD_KIND and record.entry_len is record.gate is record.slots is None
        follows = (
            previous is not None
            and previous.relay == self.founded.relay
            and previous.log == self.log.id
            and (previous.size, previous.root) == (self.hop.size, self.hop.root)
        )
        once = self.hop.said.get(seat.number) != said
        new = body.journal_key.key not in [key for key, _, _ in self.journal_keys.values()]
        require(plain and follows and once and new and seat.number in self.witnesses(), "ASM-20")
        return lambda position: self._say_continuation(seat.number, said, record)

    def _say_continuation(self, seat, said, record):
        self.hop.said[seat] = said
        witnesses = self.witnesses()
        agree = [other for other, theirs in self.hop.said.items() if other in witnesses and theirs == said]
        if len(agree) > len(witnesses) // 2:
            number = max(self.journal_keys) + 1
            self.journal_keys[number], self.boxes_used = said[0], 0
            self.logs.append(Log(record, number))
            self.hop = None
            self._remember()

    # Versions of the rules.

    def check_VersionKnown(self, seat, statement, body):
        """A deputy's device knows a newer version of the rules."""
        self.require_deputy(seat)
        require(body.version > max(self.version, self.versions_known.get(seat.number, 0)), "ASM-40")
        return lambda position: self._know_version(seat.number, body.version)

    def _know_version(self, seat, version):
        self.versions_known[seat] = version
        deputies = [each.number for each in self.seats.values() if each.is_acting_deputy]
        known = sorted((self.versions_known.get(each, 0) for each in deputies), reverse=True)
        if known:
            self.version = max(self.version, known[len(known) // 2])

    # Witnesses.

    def witnesses(self):
        """The seats that are witnesses now."""
        drawn = [seat.number for seat in self.seats.values() if seat.is_acting_deputy]
        if len(drawn) > WITNESSES_MAX:
            quarter, seed = self.draw
            label = "veche/v1/journal/witness-draw"
            drawn.sort(key=lambda seat: labelled(label, encode([self.id, quarter, seed, seat])))
            drawn = drawn[:WITNESSES_MAX]
        return set(drawn)

    def quorum(self, checkpoint, cosignatures, needs_second=False):
        """(how many different witnesses cosigned, how many of them with both keys, how many are needed)."""
        witnesses, cosigned, twice = self.witnesses(), set(), set()
        for cosignature in cosignatures:
            seat = self.seat_by_device(cosignature.key)
            if seat is None or seat.number not in witnesses - twice:
                continue
            announced = seat.cosigning_keys.get(cosignature.key)
            both = announced is not None and checkpoint.is_cosigned_twice_by(cosignature, announced)
            enough = both or announced is None or not needs_second
            if enough and (both or seat.number not in cosigned) and checkpoint.is_cosigned_by(cosignature):
                cosigned.add(seat.number)
                if both:
                    twice.add(seat.number)
        return len(cosigned), len(twice), len(witnesses) // 2 + 1




def _announced(key):
    return key.key, key.boxes, key.days


def _checkpoint_key(founded):
    """The key that signs the relay's checkpoints, as the relay's identity key certifies it, or None."""
    try:
        keys = RELAY_KEYS.decode(founded.relay_keys.bytes)
    except Malformed:
        return None
    own = labelled("veche/v1/relay/id", keys.identity) == founded.relay
    good = entries.is_signed(founded.relay_keys, "veche/v1/relay/keys", keys.identity)
    return keys.checkpoint_key if own and good else None
