"""The errors that end a run other than a broken promise or a bug of the simulator."""


class Misuse(ValueError):
    """The story asked for something impossible: an unknown node, a restart before the start. The text has value and remedy."""


class MisuseAt(Misuse):
    """A Misuse whose text names the lines, `FILE:LINE`, by itself: no line of the traceback says more."""


class NodeIsDown(Misuse):
    """A client asked a node that is down. One that lives in bad weather must expect it, or look at `world["A"].up` first."""


class Deadlock(MisuseAt):
    """Nothing can ever happen any more and the story still waits. Names every task that waits, and for what."""


class Standstill(MisuseAt):
    """The story, or an application, does more and more within one instant, so that time never goes on."""


class Fenced(MisuseAt):
    """The story or its application used what a world does not have: a real clock, other luck, a thread, a socket."""


class NotAwaited(MisuseAt):
    """A verb that waits was called without `await`, so that it did nothing."""


class NeedlessAwait(MisuseAt):
    """`await` stands before what acts, or is there, at once."""


class NothingStarted(MisuseAt):
    """The story ended without a node: nothing was watched, so that nothing held."""


class GaveUp(AssertionError):
    """What the story waited for did not happen in time."""


class OutOfBudget(Exception):
    """The run used up what it was given of events or of virtual time: no verdict."""


class NoRoom(Exception):
    """The events of a long run do not fit onto the user's disk, where the oldest of them go."""

    def __init__(self, what: str, error: OSError) -> None:
        """`what`: the history, its size, and the file."""
        super().__init__(f"{what} do not fit ({error.strerror or type(error).__name__}): free some space there")
        self.what, self.error = what, error
