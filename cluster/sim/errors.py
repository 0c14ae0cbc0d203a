"""The errors that end a run other than a broken promise or a bug of the simulator."""


class Misuse(ValueError):
    """The story asked for something impossible: an unknown node, a restart before the start. The text has value and remedy."""


class GaveUp(AssertionError):
    """What the story waited for did not happen in time, or can never happen."""


class OutOfBudget(Exception):
    """The run did more entries of the agenda than its budget allows, so there is no verdict."""
