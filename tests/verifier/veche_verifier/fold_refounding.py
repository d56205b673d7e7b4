"""The part of the fold about founding the plenary anew (docs/spec/journal.md, Seats)."""

from .fold_members import MONTH_MS
from .rules import require


class Refounding:
    """In which conversation the plenary goes on: counted, and signed as a detention is."""

    def __init__(self):
        self.plenary_nth, self.proposals = 0, {}

    def check_Refounded(self, seat, statement, body):
        """The plenary is to go on in a new conversation."""
        self.require_deputy(seat)
        used = self._within_month(seat.refoundings)
        require(body.nth == self.plenary_nth + 1 and used < self.charter.detentions_per_month, "ASM-44")
        require(not self.is_signed(self.proposals.get(body.salt, []), seat), "ASM-16")
        return lambda position: self._refound(seat, body.salt)

    def _refound(self, seat, salt):
        seat.refoundings = [at for at in seat.refoundings if self.now - at < MONTH_MS] + [self.now]
        self.proposals[salt] = self.sign(self.proposals.get(salt, []), seat)
        if len(self.proposals[salt]) >= self.charter.detain_signers:
            self.plenary_nth, self.proposals = self.plenary_nth + 1, {}
