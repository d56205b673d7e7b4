#!/usr/bin/env python3
"""Writes the vectors of this folder: elections with what independent implementations make of them.

    python3 -m venv env && env/bin/pip install pref_voting==1.18.2
    env/bin/python tests/vectors/counting/make.py

Needs `belenios-tool` (Debian package of that name) and `pip` with a package index, from which it takes the real
elections: they are in the source packages of `svvamp` and `votekit`. What is written contains rankings and how often
they occur, nothing else of those packages.

Notation of papers: `12:BCA` is twelve papers with option B (number 1) first, then C, then A; `3:(AB)D` has A and B equal.
Options beyond Z are a, b, ..
"""

import collections
import csv
import hashlib
import inspect
import json
import linecache
import random
import re
import string
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from pref_voting.margin_based_methods import beat_path
from pref_voting.profiles_with_ties import ProfileWithTies
from pref_voting.proportional_methods import stv_scottish

FOLDER = Path(__file__).resolve().parent
LETTERS = string.ascii_uppercase + string.ascii_lowercase
PACKAGES = {"svvamp": "0.15.2", "votekit": "3.5.0"}
SPOKEN = {"skipped", "undervote", ""}


# Papers: {tuple of classes, each a sorted tuple of options: how many}

def show(papers):
    def one(order):
        names = ("".join(LETTERS[option] for option in group) for group in order)
        return "".join(name if len(name) == 1 else f"({name})" for name in names)
    return [f"{count}:{one(order)}" for order, count in sorted(papers.items())]


def lines(words, width=110):
    out = [""]
    for word in words:
        if len(out[-1]) + len(word) + 1 > width:
            out.append("")
        out[-1] = f"{out[-1]} {word}".strip()
    return out


def ranks(order, options):
    """A ranking as Belenios takes it: rank of each option from 1, 0 for none."""
    out = [0] * options
    for rank, group in enumerate(order, 1):
        for option in group:
            out[option] = rank
    return out


# The public order, as docs/spec/counting.md has it.

def order_keys(opening, options):
    def head(major, n):
        return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 24, n])
    label = b"veche/v1/motion/tie-order"
    prefix = head(3, len(label)) + label + head(4, 2) + head(2, 32) + opening
    return [hashlib.sha256(prefix + head(0, option)).digest() for option in range(options)]


class Lot:
    """What stands in for the lot in pref_voting: the public order.

    The lot is asked in two cases, and it is not told which; the line that asks says it.
    """

    def __init__(self, keys):
        self.keys, self.drawn = keys, False

    def choice(self, tied):
        self.drawn = True
        frame = inspect.currentframe().f_back
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        excludes = "elim" in line
        assert excludes != ("chosen" in line), line
        pick = max if excludes else min
        return pick(tied, key=lambda option: self.keys[option])


# Independent implementations.

def belenios(method, papers, options, *arguments):
    ballots = [ranks(order, options) for order, count in papers.items() for _ in range(count)]
    command = ["belenios-tool", "method", method, *arguments]
    answer = subprocess.run(command, input=json.dumps(ballots), capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def belenios_schulze(papers, options):
    answer = belenios("schulze", papers, options, f"--nchoices={options}", "--blank-allowed=true")
    return answer["winners"]


def belenios_stv(papers, options, seats):
    try:
        answer = belenios("stv", papers, options, f"--nseats={seats}")
    except subprocess.CalledProcessError:
        # Version 2.0 stops with a failed assertion when fewer options are named than there are seats to fill.
        return None
    ties = any(event[0].startswith("Tie") for event in answer["events"])
    return {"winners": sorted(answer["winners"]), "ties": ties}


def profile(papers, options):
    orders = [{option: rank for rank, group in enumerate(order, 1) for option in group} for order in papers]
    made = ProfileWithTies(orders, rcounts=list(papers.values()), candidates=list(range(options)))
    made.use_extended_strict_preference()
    return made


def pref_voting_schulze(papers, options):
    made = profile(papers, options)
    voters = sum(papers.values())

    def strength(one, other):
        # By winning votes, then by votes against.
        return made.support(one, other) * (voters + 1) - made.support(other, one)

    return sorted(beat_path(made, strength_function=strength))


def pref_voting_stv(papers, options, seats, opening):
    lot = Lot(order_keys(opening, options))
    winners = stv_scottish(profile(papers, options), num_seats=seats, rng=lot)
    return {"winners": sorted(int(option) for option in winners), "drawn": lot.drawn}


# Elections.

def random_weak(source, options):
    papers = collections.Counter()
    for _ in range(source.randint(1, 24)):
        left = source.sample(range(options), source.randint(1, options))
        order = []
        while left:
            size = min(len(left), source.choice([1, 1, 1, 2, 3]))
            order.append(tuple(sorted(left[:size])))
            left = left[size:]
        papers[tuple(order)] += source.choice([1, 1, 1, 2, 5])
    # A paper on which all options are equal is an abstention.
    return {order: count for order, count in papers.items() if order != (tuple(range(options)),)}


def random_strict(source, options):
    papers = collections.Counter()
    weights = [source.choice([1, 2, 5, 9]) for _ in range(options)]
    for _ in range(source.randint(1, 24)):
        left, order = list(range(options)), []
        for _ in range(source.randint(1, options)):
            option = source.choices(left, [weights[o] for o in left])[0]
            left.remove(option)
            order.append((option,))
        papers[tuple(order)] += source.choice([1, 1, 2, 3, 10, 37])
    return dict(papers)


def schulze_election(papers, options):
    return {
        "options": options,
        "papers": lines(show(papers)),
        "belenios": belenios_schulze(papers, options),
        "pref_voting": pref_voting_schulze(papers, options),
    }


def stv_election(papers, options, seats, opening):
    return {
        "options": options,
        "seats": seats,
        "opening": opening.hex(),
        "papers": lines(show(papers)),
        "belenios": belenios_stv(papers, options, seats),
        "pref_voting": pref_voting_stv(papers, options, seats, opening),
    }


def unpack(package, folder):
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", folder]
    subprocess.run([*command, f"{package}=={PACKAGES[package]}"], check=True)
    [archive] = Path(folder).glob(f"{package}-*.tar.gz")
    return tarfile.open(archive)


def text(archive, name):
    member = next(member for member in archive if member.name.endswith(name))
    return archive.extractfile(member).read().decode()


def preflib(body):
    """PrefLib's soi and toi: `568: 2,{1,3}`."""
    papers, names = collections.Counter(), {}
    for line in body.splitlines():
        if found := re.match(r"# ALTERNATIVE NAME (\d+): (.*)", line):
            names[int(found[1])] = found[2].strip()
        elif line and not line.startswith("#"):
            count, order = line.split(":")
            groups = re.findall(r"{[\d,]*}|\d+", order)
            groups = [tuple(sorted(int(n) - 1 for n in group.strip("{}").split(",") if n)) for group in groups]
            papers[tuple(group for group in groups if group)] += int(count)
    return dict(papers), [names[number] for number in sorted(names)]


def columns(rows):
    """One row per ballot, a name in each column: an empty one is passed over, an overvote ends the ranking, and a name
    counts where it first stands."""
    ballots = []
    for row in rows:
        order = []
        for name in row:
            if name == "overvote":
                break
            if name not in SPOKEN and name not in order:
                order.append(name)
        ballots.append(order)
    names = sorted({name for order in ballots for name in order})
    place = {name: number for number, name in enumerate(names)}
    papers = collections.Counter(tuple((place[name],) for name in order) for order in ballots)
    papers.pop((), None)
    return dict(papers), names


def real(name, title, source, papers, names, seats, declared):
    papers = {order: count for order, count in papers.items() if order}
    strict = {order: count for order, count in papers.items() if all(len(group) == 1 for group in order)}
    opening = hashlib.sha256(name.encode()).digest()
    options = len(names)
    print(name, options, sum(papers.values()), len(papers), len(strict))
    declared = sorted(names.index(who) for who in declared)
    vector = {
        "title": title,
        "source": source,
        "versions": versions(),
        "names": names,
        "declared": declared,
        "stv": stv_election(strict, options, seats, opening),
    }
    # The same papers for one winner. Those with equal options belong here only; the others are not written twice.
    schulze = schulze_election(papers, options)
    if strict == papers:
        schulze["papers"] = []
    vector["schulze"] = schulze
    write(f"real-{name}", vector)


def versions():
    belenios = subprocess.run(["belenios-tool", "--version"], capture_output=True, text=True, check=True)
    return {"belenios-tool": belenios.stdout.strip(), "pref_voting": version("pref_voting"), **PACKAGES}


def write(name, vector):
    (FOLDER / f"{name}.json").write_text(json.dumps(vector, indent=1, ensure_ascii=False) + "\n")


def main():
    source = random.Random(20_260_101)
    elections = []
    while len(elections) < 200:
        options = source.randint(2, 8)
        if papers := random_weak(source, options):
            elections.append(schulze_election(papers, options))
    write("random-schulze", {"versions": versions(), "elections": elections})

    elections = []
    for number in range(300):
        options = source.randint(3, 9)
        seats = source.randint(1, options - 1)
        opening = hashlib.sha256(number.to_bytes(4, "big")).digest()
        elections.append(stv_election(random_strict(source, options), options, seats, opening))
    write("random-stv", {"versions": versions(), "elections": elections})

    with tempfile.TemporaryDirectory() as folder:
        with unpack("svvamp", folder) as archive:
            papers, names = preflib(text(archive, "tests/00001-00000001.soi"))
            origin = "PrefLib 00001-00000001, as in the source package of svvamp (tests/00001-00000001.soi)"
            elected = ["Trevor Sargent G.P.", "Sean Ryan Lab", "Jim Glennon F.F.", "G.V. Wright F.F."]
            real("dublin-north-2002", "Dail Eireann 2002, Dublin North, 4 seats", origin, papers, names, 4, elected)
        with unpack("svvamp", folder) as archive:
            papers, names = preflib(text(archive, "tests/00017-00000001.toi"))
            origin = "PrefLib 00017-00000001, as in the source package of svvamp (tests/00017-00000001.toi)"
            elected = ["Kriss Worthington"]
            real("berkeley-7-2010", "Berkeley City Council 2010, District 7", origin, papers, names, 1, elected)
        with unpack("votekit", folder) as archive:
            rows = list(csv.reader(text(archive, "tests/data/csv/mn_2013_cast_vote_record.csv").splitlines()))[1:]
            papers, names = columns(rows)
            origin = "cast vote record, as in the source package of votekit (tests/data/csv/mn_2013_cast_vote_record.csv)"
            real("minneapolis-2013", "Mayor of Minneapolis 2013", origin, papers, names, 1, ["BETSY HODGES"])
        with unpack("votekit", folder) as archive:
            rows = list(csv.reader(text(archive, "tests/data/csv/Portland_D1_Condensed.csv").splitlines()))[1:]
            papers, names = columns(row[1:] for row in rows)
            origin = "cast vote record, as in the source package of votekit (tests/data/csv/Portland_D1_Condensed.csv)"
            elected = ["Candace Avalos", "Loretta Smith", "Jamie Dunphy"]
            real("portland-1-2024", "Portland City Council 2024, District 1, 3 seats", origin, papers, names, 3, elected)


if __name__ == "__main__":
    main()
