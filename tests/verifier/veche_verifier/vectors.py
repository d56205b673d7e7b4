"""The test vectors: every case is read, judged and compared with what it says (tests/vectors/README.md)."""

import json
import pathlib

from . import audit, cbor, ristretto
from .ballot import (
    PUBLISHED_KEY,
    Event,
    Roll,
    check_possession,
    check_proof,
    decode_ballot,
    decode_key,
    event_point,
    generators,
)
from .counting import FAIL, PUBLIC_ORDER
from .curve import add, multiply, multiscalar
from .hashing import hash_to_scalar
from .rules import Broken
from .question import METHODS, Question, Votes
from .tally import IN_BOX, judge, open_vote


class Mismatch(Exception):
    """A value that is not the one in the vector."""


def expect(found, stated, what):
    """Raises Mismatch unless a value is the one stated."""
    if found != stated:
        raise Mismatch(f"{what}: {found!r} where {stated!r} is stated")


def run(directory):
    """Checks all vectors below a directory; 0 if all hold, 1 if one does not, 2 if there is none."""
    files = sorted(path for path in pathlib.Path(directory).rglob("*.json") if "counting" not in path.parts)
    passed = failed = 0
    for path in files:
        document = json.loads(path.read_text())
        if "report" in document:
            cases = [(path.stem, lambda: _audit(path.with_suffix(".veche-audit"), document))]
        else:
            cases = [(case["name"], lambda case=case: _case(case)) for case in document["cases"]]
        for name, check in cases:
            try:
                check()
                passed += 1
            except (Mismatch, KeyError, ValueError, OSError) as error:
                failed += 1
                print(f"{path}: {name}: {type(error).__name__} {error}")
    print(f"{len(files)} files, {passed} passed, {failed} failed")
    return 1 if failed else 0 if passed else 2


def _case(case):
    try:
        KINDS[case["kind"]](case)
        result = "valid"
    except Broken as broken:
        result = broken.rule
    expect(result, case["result"], "result")


def _bytes(case, name):
    return bytes.fromhex(case[name])


def _generators(case):
    made = generators()
    points = {"G": made.g, "H": made.h, "C*": made.c_star}
    for name, point in points.items():
        expect(ristretto.encode(point).hex(), case[name], name)
    expect([ristretto.encode(point).hex() for point in made.c], case["C"], "C")
    expect(made.digest.hex(), case["digest"], "digest")


def _event(case):
    point = event_point(case["event_kind"], _bytes(case, "subject"))
    expect(ristretto.encode(point).hex(), case["E"], "E")


def _secret(case):
    x, y = ristretto.scalar(_bytes(case, "x")), ristretto.scalar(_bytes(case, "y"))
    made = generators()
    expect(ristretto.encode(multiscalar([(x, made.g), (y, made.h)])).hex(), case["key"], "key")
    for at in case["tags"]:
        tag = multiply(x, event_point("ballot", _bytes(at, "subject")))
        expect(ristretto.encode(tag).hex(), at["tag"], "tag")


def _key(case):
    decode_key(_bytes(case, "key"))


def _possession(case):
    published = PUBLISHED_KEY.decode(_bytes(case, "published"))
    check_possession(_bytes(case, "assembly"), case["seat"], case["number"], published.key, published.possession)


_PROGRESSIONS = {}


def _derived(name, count):
    """A roll whose secrets are in arithmetic progression: one addition for each key."""
    if name not in _PROGRESSIONS:
        part = lambda part: hash_to_scalar(cbor.encode(["veche-vectors", name, part]))
        made = generators()
        point = multiscalar([(part("x"), made.g), (part("y"), made.h)])
        step = multiscalar([(part("dx"), made.g), (part("dy"), made.h)])
        _PROGRESSIONS[name] = [], point, step
    keys, point, step = _PROGRESSIONS[name]
    while len(keys) < count:
        keys.append(ristretto.encode(point))
        point = add(point, step)
    _PROGRESSIONS[name] = keys, point, step
    return sorted(keys[:count])


_ROLLS = {}


def _read_roll(stated):
    if "keys" in stated:
        roll = Roll([bytes.fromhex(key) for key in stated["keys"]])
    else:
        name = stated["derived"], stated["count"]
        roll = _ROLLS.get(name) or _ROLLS.setdefault(name, Roll(_derived(*name)))
    expect(roll.root.hex(), stated["root"], "roll root")
    return roll


def _roll(case):
    roll = _read_roll(case["roll"])
    expect((roll.n, roll.m), (case["n"], case["m"]), "n and m")


def _read_event(stated):
    kind, roll = stated["kind"], _read_roll(stated["roll"])
    return Event(kind, _bytes(stated, "assembly"), _bytes(stated, "subject"), roll, _bytes(stated, "sealing_key"))


def _ballot(case):
    event = _read_event(case["event"])
    ballot = decode_ballot(_bytes(case, "ballot"))
    if "tag" in case:
        expect(ballot.tag.hex(), case["tag"], "tag")
    check_proof(event, ballot)


def _election(case):
    event, key = _read_event(case["event"]), ristretto.scalar(_bytes(case, "opening_secret"))
    expect(ristretto.encode(multiply(key, ristretto.BASE)), event.sealing_key, "the trustees' key")
    question = _question(case.get("question"))
    candidates = [(IN_BOX, bytes.fromhex(ballot), True) for ballot in case["ballots"]]
    valid, findings = judge(event, question.counter().length, candidates)
    expect([finding[1:] for finding in findings], case["findings"], "findings")
    opened = [open_vote(key, event.sealing_key, event.subject, event.roll.root, ballot) for ballot in valid]
    report = Votes(question, event.subject, FAIL, opened).report()
    for part in ("counts", "options"):
        for name, stated in case.get(part, {}).items():
            expect(report[part][name], stated, name)


def _count(case):
    ties = {"fail": FAIL, "public_order": PUBLIC_ORDER}[case["ties"]]
    votes = [bytes.fromhex(vote) for vote in case["votes"]]
    for listed in (votes, votes[::-1]):
        counted = Votes(_question(case["question"]), _bytes(case, "opening"), ties, listed)
        expect(cbor.encode(counted.raw).hex(), case["encoded"], "votes")


def _question(stated):
    """The question of an election; its options have no names here."""
    if stated is None or stated["method"] == "for_against_abstain":
        return Question()
    fields = [stated[name] for name in ("marks_max", "seats") if name in stated]
    return Question(METHODS.index(stated["method"]), fields, [str(number) for number in range(stated["options"])])


def _audit(path, document):
    asked = document["asked"]
    try:
        report = audit.Audit(path.read_bytes(), asked and bytes.fromhex(asked)).report
    except audit.Unusable:
        report = {"verdict": "unusable"}
    report = outline(report)
    for field, stated in document["report"].items():
        expect(report.get(field), stated, field)


def outline(report):
    """A report without what may be worded otherwise: findings and breaches by their rules only."""
    report = {key: value for key, value in report.items() if key != "not_checked"}
    for listed in [report, *report.get("motions", [])]:
        for key in ("findings", "breaches"):
            if key in listed:
                listed[key] = [item["rule"] for item in listed[key]]
    return report


KINDS = {
    "generators": _generators,
    "event": _event,
    "secret": _secret,
    "key": _key,
    "possession": _possession,
    "roll": _roll,
    "ballot": _ballot,
    "election": _election,
    "count": _count,
}
