"""The ways in which a run goes wrong that are neither a broken promise nor an error of ours."""


class Misuse(ValueError):
    """The story asked for something that cannot be: an unknown node, a restart before the start. Names value and remedy."""


class GaveUp(AssertionError):
    """What a past participle waited for did not happen in time, or can never happen."""


class OutOfBudget(Exception):
    """The run used up what it was given of events: no verdict."""
