"""The audit file (docs/spec/audit.md, AUD-01 to AUD-11)."""

from . import entry as entries
from . import tlog
from .cbor import Malformed
from .fold import Assembly, BadFounding
from .fold_motions import VOID
from .rules import Broken
from .shapes import HASH, KEY, TEXT, U64, Bytes, Choice, Many, Maybe, Struct
from .statement import SECRET, NewerVersion
from .tally import count

FORMAT = "veche/v1/audit"
FILE_MAX = 2**32 - 1
ENTRY_MAX = 256 * 1024
CHECKPOINT_MAX = 4 * 1024
COSIGNATURES_MAX = 1024
SHOWN_HASHES_MAX = 12
ENTRIES_MAX = 2**23
BOXES_MAX = 2**18
FINDINGS_MAX = 2**16
MEMBERS = 0
ENTRY = Struct(time=U64, bytes=Bytes(), key=Maybe(KEY), beside=Maybe(KEY), shown=Maybe(entries.SHOWN_DAY))
BOX_ENTRY = Struct(time=U64, bytes=Bytes())
LOG = Struct(record=tlog.CREATE_LOG, entries=Many(ENTRY), checkpoint=TEXT, cosignatures=Many(tlog.COSIGNATURE))
BOX = Struct(opening=HASH, record=tlog.CREATE_LOG, entries=Many(BOX_ENTRY))
FILE = Struct(format=TEXT, level=Choice(2), assembly=HASH, logs=Many(LOG), boxes=Many(BOX))

ROLES = ("deputy", "expert", "observer")
KINDS = ("roll_call", "secret")
NOT_CHECKED = (
    "that the seats are the people they claim to be: compare the assembly's id with what the assembly has published",
    "that a voter voted freely and on an honest device",
    "that every voter's ballot was accepted somewhere",
)


class Unusable(Exception):
    """There is nothing to judge."""


class Stop(Exception):
    """A broken rule keeps what comes after it from being checked."""


def is_within_limits(file):
    """Whether no element is longer than it may be, and there are no more than there may be."""
    parts = [*file.logs, *file.boxes]
    return (
        all(sum(len(part.entries) for part in listed) <= ENTRIES_MAX for listed in (file.logs, file.boxes))
        and len(file.boxes) <= BOXES_MAX
        and all(len(entry.bytes) <= ENTRY_MAX for part in parts for entry in part.entries)
        and all(len(log.checkpoint.encode()) <= CHECKPOINT_MAX for log in file.logs)
        and all(len(log.cosignatures) <= COSIGNATURES_MAX for log in file.logs)
        and all(
            len(entry.shown.path) <= SHOWN_HASHES_MAX for log in file.logs for entry in log.entries if entry.shown
        )
    )


def read(data):
    """The file that these bytes are. Raises Unusable."""
    if len(data) > FILE_MAX:
        raise Unusable("an audit file that is too long")
    try:
        file = FILE.decode(data)
    except Malformed as error:
        raise Unusable(f"not an audit file: {error}") from error
    if file.format != FORMAT:
        raise Unusable("an audit file of another version")
    if not is_within_limits(file):
        raise Unusable("an audit file with too many entries or too long ones")
    return file


def pairs(listed):
    """Entries as pairs (time, bytes)."""
    return [(entry.time, entry.bytes) for entry in listed]


def is_ordered(listed):
    """Whether times never decrease."""
    return all(a.time <= b.time for a, b in zip(listed, listed[1:]))


class Audit:
    """The judgement of one file. `report` is what is told, in the form of docs/spec/audit.md."""

    def __init__(self, data, expected=None):
        self.file, self.expected, self.assembly, self.names = read(data), expected, None, {}
        self.ballot_findings_left = FINDINGS_MAX
        # Keys of shown days of the present log by place; days of entries whose own key nothing shows.
        self.day_keys, self.uncompared = {}, []
        self.report = {
            "verdict": None,
            "assembly": self.file.assembly.hex(),
            "name": "",
            "declaration": "",
            "level": "members" if self.file.level == MEMBERS else "public",
            "relay": None,
            "entries": 0,
            "cosignatures": {"cosigned": 0, "post_quantum": 0, "needed": 0},
            "founders": [],
            "seats": [],
            "motions": [],
            "findings": [],
            "breaches": [],
            "not_checked": list(NOT_CHECKED),
        }
        try:
            self._check_journal()
            self._check_boxes()
            for motion in sorted(self.assembly.motions.values(), key=lambda motion: motion.position):
                self._check_motion(motion)
        except Stop:
            pass
        except NewerVersion as error:
            raise Unusable(f"the assembly has taken up version {error.args[0]} of its rules: a newer verifier is needed") from error
        self._cut(self.report["findings"], FINDINGS_MAX)
        if self.uncompared:
            line = f"that {len(self.uncompared)} entries of the journal's last days say the same to members"
            self.report["not_checked"].insert(0, line)
        self.report["verdict"] = "invalid" if self.report["breaches"] else "valid"

    def _breach(self, rule, text):
        self.report["breaches"].append({"rule": rule, "text": text})

    def _find(self, rule, text, where=None):
        (self.report["findings"] if where is None else where).append({"rule": rule, "text": text})

    def _cut(self, listed, most):
        """Lists no more than so many, and says how many more there were."""
        left_out = len(listed) - most
        if left_out > 0:
            del listed[most:]
            self._find("", f"{left_out} more findings are not listed", listed)

    # The journal.

    def _check_journal(self):
        file = self.file
        self._found()
        if self.assembly.id != file.assembly or self.expected not in (None, self.assembly.id):
            self._breach("AUD-01", f"the founding statement founds assembly {self.assembly.id.hex()}")
        for number, log in enumerate(file.logs):
            self._check_log(number, log)
        if len(self.assembly.logs) != len(file.logs):
            self._breach("AUD-07", "the log in which the journal goes on is missing")
            raise Stop
        if self.uncompared and entries.is_over(min(self.uncompared), self.assembly.now):
            self._breach("AUD-06", "an entry of a day that is over comes without the key of its day")
            raise Stop
        checkpoint = self.assembly.open_checkpoint(file.logs[-1].checkpoint)
        if checkpoint is not None:
            cosigned, twice, needed = self.assembly.quorum(checkpoint, file.logs[-1].cosignatures)
            self.report["cosignatures"] = {"cosigned": cosigned, "post_quantum": twice, "needed": needed}
            if cosigned < needed:
                self._breach("AUD-08", f"{cosigned} of {needed} witnesses cosigned the journal")
        self._learn_members()

    def _found(self):
        logs = self.file.logs
        if not logs or not logs[0].entries:
            self._breach("AUD-02", "there is no first entry")
            raise Stop
        first = logs[0].entries[0]
        try:
            self.assembly = Assembly(logs[0].record, first, first.key)
        except BadFounding as error:
            self._breach("AUD-02", str(error))
            raise Stop from error
        founded = self.assembly.founded
        self.report.update(
            assembly=self.assembly.id.hex(),
            name=founded.name,
            declaration=founded.declaration,
            relay=founded.relay.hex(),
        )
        name = first.beside and entries.open_name(entries.parse(first.bytes), first.beside, founded.founder.name)
        if name:
            self.names[founded.founder.name] = name

    def _check_log(self, number, log):
        assembly = self.assembly
        if len(assembly.logs) != number + 1 or assembly.log.record.raw != log.record.raw:
            self._breach("AUD-07", f"log {number} is not where the journal goes on")
            raise Stop
        self._check_checkpoint(number, log)
        if not is_ordered(log.entries):
            self._breach("AUD-05", f"times decrease in log {number}")
        self.day_keys = {}
        for index, entry in enumerate(log.entries):
            if number == index == 0:
                self._own_key(entries.parse(entry.bytes), entry)
                continue
            if len(assembly.logs) != number + 1:
                break
            self._take(number, index, entry)
        self.report["entries"] = assembly.position

    def _take(self, number, index, entry):
        sealed, key = entries.parse(entry.bytes), entry.key
        if sealed is not None and sealed.key_number == self.assembly.log.journal_key:
            own = self._own_key(sealed, entry)
            key = own or key
            opened = own or key is not None and entries.commits_to(sealed, key)
            if entries.is_near(sealed, entry.time):
                if not opened:
                    self._breach("AUD-06", f"entry {index} of log {number} is not opened")
                    raise Stop
                if own is None:
                    self.uncompared.append(sealed.day)
        taken = self.assembly.take(entry, key, entry.beside)
        self.names.update(taken.names)
        if taken.rule is not None:
            alarm = "ALARM, the relay showed another journal: " if taken.rule == "ASM-06" else ""
            by = "" if taken.seat is None else f" by seat {taken.seat}"
            self._find(taken.rule, f"{alarm}entry {index} of log {number}{by} has no effect")

    def _own_key(self, sealed, entry):
        """The entry's own key, if its day has been shown by now; None otherwise."""
        if entry.shown and entries.is_day(sealed, entry.shown, self._days()):
            self.day_keys[entries.place(sealed)] = entry.shown.key
        day_key = self.day_keys.get(entries.place(sealed))
        return None if day_key is None else entries.own_key(sealed, day_key)

    def _days(self):
        """The root over the days of the present journal key."""
        _, _, days = self.assembly.journal_keys[self.assembly.log.journal_key]
        return days

    def _check_checkpoint(self, number, log):
        checkpoint = self.assembly.open_checkpoint(log.checkpoint)
        if checkpoint is None or checkpoint.log != tlog.log_id(log.record.raw):
            self._breach("AUD-03", f"log {number}: not a checkpoint of this log signed by the relay")
            return
        frontier = tlog.Frontier.over(pairs(log.entries))
        if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
            self._breach("AUD-04", f"log {number}: the entries are not those that the relay signed")

    def _learn_members(self):
        for seat in self.assembly.seats.values():
            name = self.names.get(seat.name)
            if self.file.level == MEMBERS and name is None:
                self._find("", f"the name of seat {seat.number} is not opened")
            self.report["seats"].append({"seat": seat.number, "role": ROLES[seat.role], "name": name})
        self.report["founders"] = list(self.assembly.founding_signed)

    # The votes.

    def _check_boxes(self):
        met = set()
        for box in self.file.boxes:
            motion = self.assembly.openings.get(box.opening)
            secret = motion.opening.secret if motion is not None else None
            if secret is None or secret.record.raw != box.record.raw or box.opening in met:
                self._breach("AUD-09", f"box {box.opening.hex()[:8]} is of no vote of the journal")
            met.add(box.opening)
            if not is_ordered(box.entries):
                self._breach("AUD-05", f"times decrease in box {box.opening.hex()[:8]}")

    def _check_motion(self, motion):
        opening, found = motion.opening, []
        reported = {
            "id": motion.id.hex(),
            "title": motion.text.title,
            "kind": KINDS[motion.text.kind],
            "question": motion.text.question.report(),
            "phase": motion.phase,
            "opening": opening and opening.id.hex(),
            "electorate": opening and len(opening.electorate),
            "roll": None,
            "counts": None,
            "options": None,
            "quorum_met": None,
            "adopted": None,
            "result": None,
            "findings": found,
        }
        self.report["motions"].append(reported)
        if opening is None:
            return
        listed = []
        if motion.text.kind == SECRET:
            reported["roll"] = len(opening.secret.roll)
            for seat in opening.secret.bad_shares:
                self._find("SEA-10", f"the trustee of seat {seat} released a share that is not its own", found)
            if motion.phase == VOID:
                self._find("", "the vote is void", found)
            if opening.secret.closed is None:
                return
            box = next((box for box in self.file.boxes if box.opening == opening.id), None)
            if box is None:
                self._breach("AUD-09", f"the box of vote {opening.id.hex()[:8]} is missing")
                return
            listed = pairs(box.entries)
            checkpoint, frontier = opening.secret.closed, tlog.Frontier.over(listed)
            if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
                self._breach("AUD-10", f"the box of vote {opening.id.hex()[:8]} is not the one that was cosigned")
        self._count(motion, listed, reported)

    def _count(self, motion, listed, reported):
        found = reported["findings"]
        try:
            result = count(self.assembly, motion, listed)
        except Broken as broken:
            if broken.rule == "TAL-04":
                self._breach("AUD-11", f"vote {motion.opening.id.hex()[:8]}: the box is not closed by its close entry")
            elif broken.rule != "TAL-03":
                self._find(broken.rule, "the vote has no result", found)
            return
        ballots = []
        for way, index, rule in result.findings:
            what = "is not where its slot puts it" if rule == "LOG-11" else "is not counted"
            self._find(rule, f"ballot {index} ({('box', 'journal')[way]}) {what}", ballots)
        self._cut(ballots, self.ballot_findings_left)
        self.ballot_findings_left -= min(len(result.findings), self.ballot_findings_left)
        found.extend(ballots)
        reported.update(result.votes.report())
        reported["quorum_met"], reported["adopted"] = result.quorum_met, result.adopted
        reported["result"] = result.hash.hex()
