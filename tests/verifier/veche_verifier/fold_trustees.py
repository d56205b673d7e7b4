"""The part of the fold about the trustees' key generation (docs/spec/journal.md, Key generation)."""

from .rules import Broken, require
from .sealing import Round1, Run, Transcript

SEALING_MAX = 64 * 1_024
ROUND1, ROUND2, CONFIRMATION = 1, 2, 3


class CurrentRun:
    """A run that goes on."""

    def __init__(self, run, deadline):
        self.run, self.round, self.deadline = run, ROUND1, deadline
        self.round1, self.round2, self.confirmed = {}, {}, []
        self._transcript = None

    def transcript(self):
        """The closed first round."""
        if self._transcript is None:
            self._transcript = Transcript(self.run, self.round1.values())
        return self._transcript


class Trustees:
    """The pool of keys and what makes them."""

    def __init__(self):
        self.next_run, self.current, self.pool = 1, None, []
        self.silent, self.guilty = [], []

    def trustee_seats(self):
        """The first acting deputies, as many as the charter says."""
        deputies = [seat.number for seat in self.seats.values() if seat.is_acting_deputy]
        return deputies[: self.charter.trustees]

    def _eligible(self):
        honest = [seat for seat in self.trustee_seats() if seat not in self.guilty]
        speaking = [seat for seat in honest if seat not in self.silent]
        return speaking if len(speaking) >= self.charter.threshold else honest

    def _due_run(self):
        charter = self.charter
        low = len(self.pool) <= charter.sealing_pool // 2
        complete = not self.is_founding or len(self.trustee_seats()) == charter.trustees
        enough = len(self._eligible()) >= charter.threshold
        if self.current is not None or not (low and complete and enough):
            return None
        return Run(self.id, self.next_run, charter.threshold, charter.sealing_pool)

    def _current_in(self, number, seat, *rounds):
        current = self.current
        fits = current is not None and current.run.number == number
        require(fits and seat.number in current.round1 and current.round in rounds, "ASM-35")
        return current

    def check_SealingRound1(self, seat, statement, body):
        """First round; the first one starts the run."""
        require(len(body.package) <= SEALING_MAX, "ASM-36")
        if self.current is not None:
            awaited = self.current.round == ROUND1 and seat.number not in self.current.round1
            run = self.current.run if awaited else None
        else:
            run = self._due_run()
        require(run is not None and run.number == body.run and seat.number in self._eligible(), "ASM-35")
        require(seat.is_voting_device(statement.device), "ASM-35")
        posted = self._well_formed(lambda: Round1(run, seat.number, body.package))
        return lambda position: self._post_round1(seat, run, posted)

    @staticmethod
    def _well_formed(read):
        try:
            return read()
        except Broken as error:
            raise Broken("ASM-36") from error

    def _post_round1(self, seat, run, posted):
        deadline = self.now + self.charter.sealing_round_ms
        if self.current is None:
            self.next_run += 1
            self.current = CurrentRun(run, deadline)
        self.current.round1[seat.number] = posted
        if all(awaited in self.current.round1 for awaited in self._eligible()):
            self.current.round, self.current.deadline = ROUND2, deadline

    def check_SealingRound2(self, seat, statement, body):
        """Second round."""
        current = self._current_in(body.run, seat, ROUND2)
        require(seat.number not in current.round2, "ASM-35")
        require(seat.is_voting_device(statement.device), "ASM-35")
        self._well_formed(lambda: current.transcript().read_round2(seat.number, body.packages))
        return lambda position: self._post_round2(seat, current, body.packages)

    def _post_round2(self, seat, current, packages):
        current.round2[seat.number] = packages
        if len(current.round2) == len(current.round1):
            current.round, current.deadline = CONFIRMATION, self.now + self.charter.sealing_round_ms

    def check_SealingConfirmed(self, seat, statement, body):
        """The transcript is confirmed."""
        current = self._current_in(body.run, seat, CONFIRMATION)
        require(seat.number not in current.confirmed, "ASM-35")
        require(seat.is_voting_device(statement.device), "ASM-35")
        require(current.transcript().hash2(current.round2) == body.transcript, "ASM-36")
        return lambda position: self._confirm(seat, current)

    def _confirm(self, seat, current):
        current.confirmed.append(seat.number)
        if len(current.confirmed) == len(current.round1):
            self.pool += [key for key in current.transcript().keys() if key.is_usable]
            self.current, self.silent = None, []

    def check_SealingComplaint(self, seat, statement, body):
        """A complaint, judged by everybody."""
        current = self._current_in(body.run, seat, ROUND2, CONFIRMATION)
        require(seat.number not in current.confirmed, "ASM-35")
        require(seat.is_voting_device(statement.device), "ASM-35")
        guilty = current.transcript().guilty(current.round2, seat.number, body.complaint)
        require(guilty is not None, "ASM-35")
        return lambda position: self._end_run(guilty)

    def _end_run(self, guilty):
        self.guilty.append(guilty)
        self.current = None

    def advance_sealing(self):
        """Ends a round whose time is over."""
        current = self.current
        if current is None or self.now < current.deadline:
            return
        if current.round == ROUND1:
            if len(current.round1) >= current.run.threshold:
                current.round, current.deadline = ROUND2, self.now + self.charter.sealing_round_ms
            else:
                self.current = None
            return
        heard = current.round2 if current.round == ROUND2 else current.confirmed
        self.silent += [seat for seat in sorted(current.round1) if seat not in heard]
        self.current = None

    def discard_keys_of(self, seat):
        """Discards unused keys of which a seat holds a share, and the run in which it takes part."""
        self.pool = [key for key in self.pool if seat not in key.trustees]
        if self.current is not None and seat in self.current.round1:
            self.current = None
