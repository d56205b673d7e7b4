#!/usr/bin/env python3
"""Writes `plaintexts.json` and `random-marks.json`.

    python3 -m venv env && env/bin/pip install votelib==0.4.0
    env/bin/python tests/vectors/counting/make_plain.py

The readers of plaintexts below are written from docs/spec/counting.md and use the standard library only.
"""

import itertools
import json
import random
from importlib.metadata import version
from pathlib import Path

from votelib.convert import ApprovalToSimpleVotes
from votelib.evaluate.core import Plurality, Tie

FOLDER = Path(__file__).resolve().parent


def one_of_many(data, options):
    if len(data) != 2:
        return "CNT-01"
    number = int.from_bytes(data, "big")
    if number > options:
        return "CNT-02"
    return [number - 1] if number else []


def up_to_k(data, options, k):
    if len(data) != (options + 7) // 8:
        return "CNT-01"
    bits = int.from_bytes(data, "little")
    marks = [option for option in range(8 * len(data)) if bits >> option & 1]
    if any(option >= options for option in marks):
        return "CNT-02"
    return "CNT-03" if len(marks) > k else marks


def ranked(data, options, equal):
    if len(data) != options:
        return "CNT-01"
    greatest = max(data)
    if any(rank not in data for rank in range(1, greatest)):
        return "CNT-04"
    if equal:
        if 0 not in data:
            return "CNT-05"
    elif any(data.count(rank) > 1 for rank in range(1, greatest + 1)):
        return "CNT-06"
    return [[option for option in range(options) if data[option] == rank] for rank in range(1, greatest + 1)]


def case(form, data, options, **more):
    if form == "one of many":
        says = one_of_many(data, options)
    elif form == "up to k":
        says = up_to_k(data, options, more["k"])
    else:
        says = ranked(data, options, form == "weak order")
    return {"form": form, "options": options, **more, "hex": data.hex(), "says": says}


def plaintexts(source):
    cases = []
    for number in [0, 1, 2, 5, 6, 255, 256, 257, 65_535]:
        for options in [2, 5, 256]:
            cases.append(case("one of many", number.to_bytes(2, "big"), options))
    for data in [b"", b"\0", b"\0\0\0", b"\1\0\0"]:
        cases.append(case("one of many", data, 5))
    for options, k in [(2, 1), (8, 3), (9, 9), (10, 2), (256, 256), (256, 5)]:
        size = (options + 7) // 8
        for data in [bytes(size), b"\xff" * size, bytes(size + 1), bytes(size - 1), b"\1" * size, b"\x80" + bytes(size - 1)]:
            cases.append(case("up to k", data, options, k=k))
        for _ in range(12):
            bits = sum(1 << bit for bit in source.sample(range(8 * size), source.randint(0, min(8 * size, k + 1))))
            cases.append(case("up to k", bits.to_bytes(size, "little"), options, k=k))
    for form in ["weak order", "strict order"]:
        for data in itertools.product(range(5), repeat=3):
            cases.append(case(form, bytes(data), 3))
        for data in [b"", b"\0\0", b"\0\0\0\0", b"\xff\0\1", b"\xff\xff\xff"]:
            cases.append(case(form, data, 3))
        for options in [2, 7, 64]:
            for _ in range(30):
                length = source.randint(0, options)
                ranks = list(range(1, length + 1)) + [0] * (options - length)
                source.shuffle(ranks)
                if source.random() < 0.5:
                    ranks[source.randrange(options)] = source.randint(0, options)
                cases.append(case(form, bytes(ranks), options))
    return cases


def marks(source):
    elections = []
    for _ in range(200):
        options = source.randint(2, 12)
        k = source.choice([1, source.randint(1, options)])
        seats = source.randint(1, options - 1)
        ballots = [source.sample(range(options), source.randint(0, k)) for _ in range(source.randint(0, 30))]
        votes = ApprovalToSimpleVotes().convert({})
        for ballot in ballots:
            for option, more in ApprovalToSimpleVotes().convert({frozenset(ballot): 1}).items():
                votes[option] = votes.get(option, 0) + more
        winners = Plurality().evaluate(votes, seats) if votes else []
        ties = {option for winner in winners if isinstance(winner, Tie) for option in winner}
        elections.append({
            "options": options,
            "k": k,
            "seats": seats,
            "ballots": [sorted(ballot) for ballot in ballots],
            "elected": sorted(winner for winner in winners if not isinstance(winner, Tie)),
            "tied": sorted(ties),
        })
    return elections


def write(name, vector):
    # One case a line.
    key = next(key for key, value in vector.items() if isinstance(value, list))
    cases = ",\n  ".join(json.dumps(case) for case in vector[key])
    head = "".join(f' "{name}": {json.dumps(value)},\n' for name, value in vector.items() if name != key)
    (FOLDER / f"{name}.json").write_text("{\n" + head + f' "{key}": [\n  {cases}\n ]\n}}\n')


def main():
    source = random.Random(20_260_103)
    write("plaintexts", {"cases": plaintexts(source)})
    write("random-marks", {"versions": {"votelib": version("votelib")}, "elections": marks(source)})


if __name__ == "__main__":
    main()
