"""Counting of votes among options (docs/spec/counting.md, CNT-01 to CNT-18). All arithmetic is in integers.

An option is its number. A method reads votes with `read`, which gives a choice (None abstains) or raises Broken, and
counts choices with `result`, which gives (outcome, account) in the form of their encoding.
"""

from .cbor import encode
from .hashing import labelled
from .rules import require

FAIL, PUBLIC_ORDER = 0, 1
VOTE = 100_000


def public_order(opening, options):
    """CNT-10: the options, the preferred one first."""
    key = lambda option: labelled("veche/v1/motion/tie-order", encode([opening, option]))
    return sorted(range(options), key=key)


class Outcome:
    """Who is elected, who is tied for seats that stay empty, and whether the public order decided anything."""

    def __init__(self, order, ties):
        self.order, self.ties = order, ties
        self.elected, self.tied, self.drawn = [], [], False

    def settle(self, tied, free):
        """CNT-09, CNT-10: options that are tied for fewer seats than they are."""
        if self.ties == FAIL:
            self.tied = sorted(tied)
        else:
            self.elected += sorted(tied, key=self.order.index)[:free]
            self.drawn = True

    @property
    def raw(self):
        """As it is encoded."""
        return [self.elected, self.tied, self.drawn]


def _most_votes(votes, seats, order, ties):
    outcome = Outcome(order, ties)
    # CNT-08: an option without a vote gets no seat.
    for number in sorted(set(votes) - {0}, reverse=True):
        equal = [option for option, has in enumerate(votes) if has == number]
        free = seats - len(outcome.elected)
        if len(equal) > free:
            if free:
                outcome.settle(equal, free)
            break
        outcome.elected += equal
    return outcome.raw


class OneOfMany:
    """Two bytes: 0 abstains, i + 1 is option i."""

    seats, marks = 1, None

    def __init__(self, options):
        self.options, self.length = options, 2

    def read(self, data):
        """The option, in a set."""
        require(len(data) == self.length, "CNT-01")
        number = int.from_bytes(data, "big")
        require(number <= self.options, "CNT-02")
        return {number - 1} if number else None

    def result(self, choices, order, ties):
        """Votes by option."""
        votes = [sum(option in choice for choice in choices) for option in range(self.options)]
        return _most_votes(votes, self.seats, order, ties), [0, [votes]]


class UpToK(OneOfMany):
    """A bitmap, option i being bit i mod 8 of byte i // 8: the number in little-endian."""

    def __init__(self, options, marks, seats):
        self.options, self.marks, self.seats = options, marks, seats
        self.length = (options + 7) // 8

    def read(self, data):
        """The marked options."""
        require(len(data) == self.length, "CNT-01")
        bits = int.from_bytes(data, "little")
        require(bits < 1 << self.options, "CNT-02")
        marked = {option for option in range(self.options) if bits >> option & 1}
        require(len(marked) <= self.marks, "CNT-03")
        return marked or None


def _ranks(data, options):
    """Ranks without a gap."""
    require(len(data) == options, "CNT-01")
    require(set(data) | {0} == set(range(max(data) + 1)), "CNT-04")


class Schulze:
    """A rank for each option but the last ones; one seat."""

    seats, marks = 1, None

    def __init__(self, options):
        self.options = self.length = options

    def read(self, data):
        """The ranks; an option without one is below all that have one."""
        _ranks(data, self.options)
        require(0 in data, "CNT-05")
        return [rank or 256 for rank in data] if any(data) else None

    def result(self, choices, order, ties):
        """CNT-11."""
        every = range(self.options)
        d = [[sum(ranks[i] < ranks[j] for ranks in choices) for j in every] for i in every]
        # A strength is (winning votes, - losing votes); none is below all of them.
        none = (0, 0)
        p = [[(d[i][j], -d[j][i]) if d[i][j] > d[j][i] else none for j in every] for i in every]
        for v in every:
            for i in every:
                for j in every:
                    p[i][j] = max(p[i][j], min(p[i][v], p[v][j]))
        classes, left = [], list(every)
        while left:
            unbeaten = [i for i in left if not any(p[j][i] > p[i][j] for j in left)]
            classes.append(unbeaten)
            left = [i for i in left if i not in unbeaten]
        outcome = Outcome(order, ties)
        if choices and len(classes[0]) == 1:
            outcome.elected = classes[0]
        elif choices:
            outcome.settle(classes[0], 1)
        return outcome.raw, [1, [d, classes]]


class Transferable:
    """A rank for each option that is ranked, no two the same; several seats."""

    marks = None

    def __init__(self, options, seats):
        self.options = self.length = options
        self.seats = seats

    def read(self, data):
        """The ranked options, best first."""
        _ranks(data, self.options)
        ranked = sorted((rank, option) for option, rank in enumerate(data) if rank)
        require(len(ranked) == max(data), "CNT-06")
        return [option for _, option in ranked] or None

    def result(self, choices, order, ties):
        """CNT-12 to CNT-18."""
        count = _Transfers(self, choices, order, ties)
        if choices:
            count.run()
        return count.outcome.raw, [2, [count.quota // VOTE, count.stages]]


class _Transfers:
    """One count. A paper is [options that follow, value]; `papers` are those that an option holds."""

    def __init__(self, method, choices, order, ties):
        self.every, self.seats, self.order = range(method.options), method.seats, order
        self.total = VOTE * len(choices)
        self.quota = VOTE * (len(choices) // (method.seats + 1) + 1)
        self.continuing, self.surpluses = set(self.every), set()
        self.votes, self.papers = [0] * method.options, [[] for _ in self.every]
        self.choices, self.stages, self.outcome = choices, [], Outcome(order, ties)

    def run(self):
        """CNT-12, CNT-14."""
        self._move([[list(choice), VOTE] for choice in self.choices])
        self._close([0, []])
        while len(self.outcome.elected) < self.seats:
            free = self.seats - len(self.outcome.elected)
            if len(self.continuing) <= free:
                self._elect_rest(self.continuing)
                break
            if self.surpluses:
                self._transfer_surplus()
                continue
            lowest = self._equal(self.continuing, min)
            # CNT-18.
            if len(lowest) > 1 and len(self.continuing) == free + 1 and self.outcome.ties == FAIL:
                self._elect_rest(self.continuing - set(lowest))
                self.outcome.tied = sorted(lowest)
                break
            self._exclude(lowest)

    def _move(self, papers):
        """Every paper to the next continuing option that it ranks; a paper that ranks none leaves the count."""
        for following, value in papers:
            while following and following[0] not in self.continuing:
                following.pop(0)
            if following:
                option = following.pop(0)
                self.papers[option].append([following, value])
                self.votes[option] += value

    def _transfer_surplus(self):
        """CNT-15."""
        equal = self._equal(self.surpluses, max)
        self.outcome.drawn |= len(equal) > 1
        option = min(equal, key=self.order.index)
        self.surpluses.remove(option)
        votes, papers = self.votes[option], self.papers[option]
        self.votes[option], self.papers[option] = self.quota, []
        self._move([[following, (votes - self.quota) * value // votes] for following, value in papers])
        self._close([1, [option]])

    def _exclude(self, lowest):
        """CNT-16."""
        self.outcome.drawn |= len(lowest) > 1
        option = max(lowest, key=self.order.index)
        self.continuing.remove(option)
        papers, self.papers[option], self.votes[option] = self.papers[option], [], 0
        self._move(papers)
        self._close([2, [option]])

    def _close(self, act):
        """Ends a stage: whoever has the quota is elected."""
        reached = {option for option in self.continuing if self.votes[option] >= self.quota}
        lost = self.total - sum(self.votes)
        self.stages.append([act, list(self.votes), lost, []])
        self._elect(reached)
        self.surpluses |= {option for option in reached if self.votes[option] > self.quota}

    def _elect_rest(self, options):
        self._elect(set(options))

    def _elect(self, options):
        """In the order of their votes, then of their votes after earlier stages, then in the public order."""
        past = lambda option: [-stage[1][option] for stage in reversed(self.stages)]
        ordered = sorted(options, key=lambda option: (past(option), self.order.index(option)))
        self.continuing -= options
        self.outcome.elected += ordered
        self.stages[-1][3] += ordered

    def _equal(self, options, extreme):
        """CNT-17: of these options those with the most or the fewest votes, as the stages tell from the last to the first."""
        equal = sorted(options)
        for stage in reversed(self.stages):
            at = extreme(stage[1][option] for option in equal)
            equal = [option for option in equal if stage[1][option] == at]
        return equal
