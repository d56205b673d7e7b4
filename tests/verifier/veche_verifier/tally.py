"""The tally: from a journal and a box to a result (docs/spec/journal.md, Tally; TAL-01 to TAL-06)."""

from . import tlog
from .ballot import Event, check_proof, decode_ballot
from .cbor import encode
from .fold_motions import DECIDED
from .hashing import labelled
from .question import Votes
from .rules import Broken, require
from .sealing import check_sealed, open_sealed
from .statement import is_reached

IN_BOX, IN_JOURNAL = 0, 1


class Result:
    """The outcome of a vote. Findings are (way, index, rule), in order."""

    def __init__(self, assembly, motion, votes, findings):
        opening, rule = motion.opening, motion.text.rule
        self.votes = Votes(motion.text.question, opening.id, assembly.charter.ties, votes)
        self.findings, electorate = findings, len(opening.electorate)
        self.quorum_met = is_reached(rule.quorum, self.votes.total, electorate)
        self.adopted = self.quorum_met and self.votes.has_majority(rule.majority, electorate)
        fields = [opening.id, motion.id, self.votes.raw, electorate, self.quorum_met, self.adopted, findings]
        self.hash = labelled("veche/v1/motion/result", encode(fields))


def count(assembly, motion, entries):
    """Counts a vote; `entries` are the box's pairs (time, bytes). Raises Broken (TAL-03 to TAL-06; "" if it is not decided)."""
    opening = motion.opening
    if opening.secret is None:
        require(motion.phase == DECIDED, "")
        return Result(assembly, motion, opening.votes.values(), [])
    valid, findings = _valid_ballots(assembly, motion, entries)
    require(motion.phase == DECIDED, "")
    secret = opening.secret
    key = secret.sealing.combine(secret.shares)
    require(key is not None, "TAL-06")
    votes = [open_vote(key, secret.sealing.y, opening.id, secret.roll.root, ballot) for ballot in valid]
    return Result(assembly, motion, votes, findings)


def open_vote(key, sealing_key, opening, roll_root, ballot):
    """The bytes sealed in a ballot, or None if it does not open."""
    try:
        return open_sealed(key, sealing_key, opening, roll_root, ballot.tag, ballot.sealed)
    except Broken:
        return None


def judge(event, vote_length, candidates):
    """(the ballots that count, findings) of triples (way, bytes, whether it is timely), numbered along each way."""
    tags, valid, findings, places = set(), [], [], {}
    for way, data, timely in candidates:
        index = places.setdefault(way, 0)
        places[way] += 1
        try:
            require(timely, "TAL-02")
            ballot = decode_ballot(data)
            check_sealed(ballot.sealed, vote_length)
            check_proof(event, ballot)
            require(ballot.tag not in tags, "TAL-01")
        except Broken as broken:
            findings.append([way, index, broken.rule])
        else:
            tags.add(ballot.tag)
            valid.append(ballot)
    return valid, findings


def _valid_ballots(assembly, motion, entries):
    opening, secret = motion.opening, motion.opening.secret
    in_box = _closed_box(opening, entries)
    slots, before, misplaced = secret.record.slots, None, []
    for index, entry in enumerate(in_box):
        if entry[0] <= opening.closes and not tlog.is_in_place(slots, before, entry):
            misplaced.append([IN_BOX, index, "LOG-11"])
        before = entry
    candidates = [(IN_BOX, data, time <= opening.closes) for time, data in in_box]
    candidates += [(IN_JOURNAL, data, True) for _, data in secret.forwarded]
    event = Event("ballot", assembly.id, opening.id, secret.roll, secret.sealing.y)
    valid, findings = judge(event, motion.text.question.counter().length, candidates)
    # By way, then place; what is misplaced stands before what else is found about the same ballot.
    findings = sorted(misplaced + findings, key=lambda finding: finding[:2])
    require(len(valid) >= assembly.charter.ballots_floor, "TAL-05")
    return valid, findings


def _closed_box(opening, entries):
    """The ballots of the box, if it is the one that was cosigned and it is closed."""
    checkpoint = opening.secret.closed
    entries = entries[: checkpoint.size]
    frontier = tlog.Frontier.over(entries)
    require((frontier.size, frontier.root()) == (checkpoint.size, checkpoint.root), "TAL-03")
    require(entries, "TAL-04")
    *ballots, (time, data) = entries
    require(data == tlog.close_entry(opening.id) and time >= opening.closes, "TAL-04")
    return ballots
