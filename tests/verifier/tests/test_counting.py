"""The counting methods against what independent implementations make of the same elections (tests/vectors/counting)."""

import json
import pathlib
import string
import unittest

from veche_verifier import counting
from veche_verifier.cbor import Malformed, encode
from veche_verifier.question import Question, QuestionShape, Votes
from veche_verifier.rules import Broken

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "counting"
LETTERS = string.ascii_uppercase + string.ascii_lowercase


def read(name):
    """A file of the folder."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def papers(lines):
    """Every paper as classes of options; `3:(AB)D` is three papers with A and B equal."""
    for paper in " ".join(lines).split():
        times, order = paper.split(":")
        classes, group = [], None
        for letter in order:
            if letter == "(":
                group = []
            elif letter == ")":
                classes, group = classes + [group], None
            elif group is None:
                classes.append([LETTERS.index(letter)])
            else:
                group.append(LETTERS.index(letter))
        yield from [classes] * int(times)


class Plaintexts(unittest.TestCase):
    """Forms of votes."""

    def test_every_plaintext_is_read_or_spoilt_as_stated(self):
        for case in read("plaintexts")["cases"]:
            with self.subTest(case):
                self.assertEqual(self._says(case, bytes.fromhex(case["hex"])), case["says"])

    @staticmethod
    def _says(case, data):
        options = case["options"]
        form = {
            "one of many": lambda: counting.OneOfMany(options),
            "up to k": lambda: counting.UpToK(options, case["k"], 1),
            "weak order": lambda: counting.Schulze(options),
            "strict order": lambda: counting.Transferable(options, 1),
        }[case["form"]]()
        try:
            choice = form.read(data)
        except Broken as broken:
            return broken.rule
        if choice is None:
            return []
        if case["form"] == "weak order":
            ranked = sorted(set(choice) - {256})
            return [[option for option in range(options) if choice[option] == rank] for rank in ranked]
        return [[option] for option in choice] if case["form"] == "strict order" else sorted(choice)


class Methods(unittest.TestCase):
    """Counts of random elections."""

    def test_marks_elect_as_votelib_says(self):
        for election in read("random-marks")["elections"]:
            options, seats = election["options"], election["seats"]
            form = counting.UpToK(options, election["k"], seats)
            choices = [set(ballot) for ballot in election["ballots"] if ballot]
            (elected, tied, _), _ = form.result(choices, list(range(options)), counting.FAIL)
            self.assertEqual((sorted(elected), tied), (election["elected"], election["tied"]), election)

    def test_schulze_elects_as_belenios_and_pref_voting_say(self):
        for election in read("random-schulze")["elections"]:
            options, choices = election["options"], []
            for classes in papers(election["papers"]):
                rank = {option: place for place, group in enumerate(classes, 1) for option in group}
                choices.append([rank.get(option, 256) for option in range(options)])
            _, (_, (_, classes)) = counting.Schulze(options).result(choices, list(range(options)), counting.FAIL)
            self.assertEqual(classes, election["belenios"])
            self.assertEqual(classes[0], election["pref_voting"])

    def test_transferable_votes_elect_as_pref_voting_says(self):
        drawn = 0
        for election in read("random-stv")["elections"]:
            options = election["options"]
            choices = [[option for group in paper for option in group] for paper in papers(election["papers"])]
            order = counting.public_order(bytes.fromhex(election["opening"]), options)
            form = counting.Transferable(options, election["seats"])
            (elected, _, by_order), _ = form.result(choices, order, counting.PUBLIC_ORDER)
            self.assertEqual(sorted(elected), election["pref_voting"]["winners"], election)
            drawn += by_order
        self.assertGreater(drawn, 50)

    def test_the_example_of_the_specification(self):
        times = ((40, [0, 1]), (11, [0, 2]), (10, [0]), (18, [2]), (21, [3, 1]))
        choices = [choice for count, choice in times for _ in range(count)]
        outcome, (_, (quota, stages)) = counting.Transferable(4, 2).result(choices, [0, 1, 2, 3], counting.FAIL)
        self.assertEqual((outcome, quota), ([[0, 2], [], False], 34))
        self.assertEqual(
            [stage[1:3] for stage in stages],
            [
                [[6100000, 0, 1800000, 2100000], 0],
                [[3400000, 1770480, 2286882, 2100000], 442638],
                [[3400000, 0, 2286882, 2100000], 2213118],
                [[3400000, 0, 2286882, 0], 4313118],
            ],
        )

    def test_the_public_order_of_the_specification(self):
        self.assertEqual(counting.public_order(bytes(32), 8), [6, 3, 0, 1, 2, 7, 4, 5])


class Questions(unittest.TestCase):
    """Questions and their votes."""

    def test_what_is_canonical_is_read_and_everything_else_is_refused(self):
        for raw in (0, [[0, []], ["A", "B"]], [[1, [2, 1]], ["A", "B"]], [[2, []], ["A"]], [[3, [1]], []]):
            QuestionShape().read(raw)
        for raw in (1, False, None, [], [0, ["A"]], [[4, []], ["A"]], [[0, [1]], ["A"]], [[3, [65536]], []], [[0, []], [1]]):
            with self.subTest(raw), self.assertRaises(Malformed):
                QuestionShape().read(raw)

    def test_limits(self):
        names = lambda number: [str(option) for option in range(number)]
        fit = ((0, (), 256), (1, (4, 3), 4), (2, (), 64), (3, (63,), 64))
        unfit = ((0, (), 1), (0, (), 257), (1, (0, 1), 4), (1, (5, 1), 4), (1, (1, 0), 4), (1, (1, 4), 4), (2, (), 65))
        for method, fields, number in fit:
            self.assertTrue(Question(method, fields, names(number)).is_fit())
        for method, fields, number in (*unfit, (3, (64,), 64), (3, (0,), 4)):
            self.assertFalse(Question(method, fields, names(number)).is_fit(), (method, fields, number))
        for options in (["A", "A"], ["A", ""], ["A", "x" * 401]):
            self.assertFalse(Question(0, (), options).is_fit())

    def test_what_does_not_open_is_spoilt_and_what_abstains_elects_nobody(self):
        votes = Votes(Question(2, (), ["A", "B"]), bytes(32), counting.FAIL, [None, b"\0\0", b"\1\2"])
        self.assertEqual(encode(votes.raw), encode([1, [[[0, 1, 2], [[], [], False], [1, [[[0, 0]] * 2, [[0, 1]]]]]]]))


if __name__ == "__main__":
    unittest.main()
