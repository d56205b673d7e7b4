"""Rules, by their ids."""


class Broken(Exception):
    """A rule of the specification is broken."""

    def __init__(self, rule):
        super().__init__(rule)
        self.rule = rule


def require(holds, rule):
    """Raises Broken unless the rule holds."""
    if not holds:
        raise Broken(rule)
