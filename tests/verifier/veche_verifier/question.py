"""What a motion asks, the votes on it, and their count (docs/spec/journal.md, Questions; docs/spec/counting.md)."""

from .cbor import Malformed
from .counting import OneOfMany, Schulze, Transferable, UpToK, public_order
from .rules import Broken
from .shapes import TEXT, U16, Many

OPTION_MAX = 400
METHODS = ("one_of_many", "up_to_k", "schulze", "transferable")
FIELDS = (0, 2, 0, 1)


class Question:
    """For, against or abstain if `method` is None; else a number of METHODS, with its fields and the options."""

    def __init__(self, method=None, fields=(), options=()):
        self.method, self.fields, self.options = method, fields, options

    def is_fit(self):
        """Whether it can be counted."""
        if self.method is None:
            return True
        number = len(self.options)
        fits = 2 <= number <= (256 if self.method <= 1 else 64)
        if self.method == 1:
            marks, seats = self.fields
            fits = fits and 1 <= marks <= number and 1 <= seats < number
        if self.method == 3:
            fits = fits and 1 <= self.fields[0] < number
        texts = all(1 <= len(option.encode()) <= OPTION_MAX for option in self.options)
        return fits and texts and len(set(self.options)) == number

    def counter(self):
        """The method that counts the votes."""
        if self.method is None:
            return Choices()
        return (OneOfMany, UpToK, Schulze, Transferable)[self.method](len(self.options), *self.fields)

    def is_vote(self, data):
        """Whether these bytes are a vote."""
        try:
            self.counter().read(data)
        except Broken:
            return False
        return True

    def report(self):
        """As the report of an audit has it."""
        if self.method is None:
            return {"method": "for_against_abstain", "options": [], "marks_max": None, "seats": None}
        counter = self.counter()
        return {
            "method": METHODS[self.method],
            "options": list(self.options),
            "marks_max": counter.marks,
            "seats": counter.seats,
        }


class QuestionShape:
    """The encoding of a question: 0, or [[method, fields], options]."""

    def read(self, value):
        if type(value) is int and value == 0:
            return Question()
        if type(value) is not list or len(value) != 2:
            raise Malformed("not a question")
        method, options = value
        if type(method) is not list or len(method) != 2 or type(method[0]) is not int or method[0] >= len(METHODS):
            raise Malformed("not a method")
        fields = Many(U16).read(method[1])
        if len(fields) != FIELDS[method[0]]:
            raise Malformed("not the fields of this method")
        return Question(method[0], fields, Many(TEXT).read(options))


class Choices:
    """For, against or abstain: one byte, 1 to 3."""

    length = 1

    def read(self, data):
        """0 for, 1 against, 2 abstain."""
        if data not in (b"\x01", b"\x02", b"\x03"):
            raise Broken("not a choice")
        return data[0] - 1


class Votes:
    """All votes of an opening, counted. `votes` are their bytes, None for what did not open."""

    def __init__(self, question, opening, ties, votes):
        counter, choices, self.spoilt = question.counter(), [], 0
        for vote in votes:
            try:
                if vote is None:
                    raise Broken("SEA-03")
                choices.append(counter.read(vote))
            except Broken:
                self.spoilt += 1
        self.total = len(choices) + self.spoilt
        self.counts = self.outcome = None
        if question.method is None:
            self.counts = [choices.count(choice) for choice in (0, 1, 2)] + [self.spoilt]
            self.raw = [0, [self.counts]]
            return
        valid = [choice for choice in choices if choice is not None]
        self.turnout = [len(valid), len(choices) - len(valid), self.spoilt]
        order = public_order(opening, len(question.options))
        self.outcome, self.account = counter.result(valid, order, ties)
        self.raw = [1, [[self.turnout, self.outcome, self.account]]]

    def has_majority(self, majority, electorate):
        """Whether the motion has its majority; with options, whether one is elected."""
        if self.counts is None:
            return bool(self.outcome[0])
        yes, no = self.counts[0], self.counts[1]
        return (
            yes > no,
            2 * yes > electorate,
            yes > 0 and 3 * yes >= 2 * (yes + no),
            yes > 0 and 4 * yes >= 3 * (yes + no),
            yes > 0 and no == 0,
        )[majority]

    def report(self):
        """The fields `counts` and `options` of an audit's report."""
        if self.counts is not None:
            return {"counts": dict(zip(("for", "against", "abstain", "spoilt"), self.counts)), "options": None}
        return {
            "counts": None,
            "options": {
                **dict(zip(("valid", "abstain", "spoilt"), self.turnout)),
                **dict(zip(("elected", "tied", "drawn"), self.outcome)),
                "account": _account(*self.account),
            },
        }


def _account(kind, fields):
    names = (("votes",), ("preferred", "classes"), ("quota", "stages"))[kind]
    account = dict(zip(names, fields))
    if kind == 2:
        account["stages"] = [
            {
                "act": ("first", "surplus", "excluded")[act],
                "option": option[0] if option else None,
                "votes": votes,
                "lost": lost,
                "elected": elected,
            }
            for (act, option), votes, lost, elected in account["stages"]
        ]
    return account
