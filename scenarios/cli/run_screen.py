"""The screen for as long as a story runs, and the handling of Ctrl-C.

Never here: what a line looks like (scenarios/terminal.py), and how a run ended (run.py).
"""

import signal
from typing import TYPE_CHECKING, Any

from scenarios.cli.base import INTERRUPTED, complain
from scenarios.cli.patience import Patience

if TYPE_CHECKING:
    from cluster.sim.run import Outcome
    from cluster.sim.world import World
    from scenarios.inspect.result import RunRequest
    from scenarios.terminal import Screen


GRACE = 2.0
"""The seconds between a SIGTERM and the end of the process, whatever the story does."""


class RunScreen:
    """A screen for as long as a story runs, with Ctrl-C handled: the first ends the story, the second ends everything."""

    def __init__(self, *, quiet: bool, detail: bool = False) -> None:
        from scenarios.terminal import screen

        self.screen: Screen = screen()
        self._quiet, self._detail = quiet, detail
        self._interrupts = 0
        self._before: Any = None
        self._before_sigterm: Any = signal.SIG_DFL
        self._timeline: Any = None
        self._world: World | None = None
        self._patience = Patience()

    def __enter__(self) -> "RunScreen":
        self._patience.__enter__()
        try:
            self._before = signal.signal(signal.SIGINT, self._interrupt)
            self._before_sigterm = signal.signal(
                signal.SIGTERM, self._terminate if hasattr(signal, "setitimer") else self._interrupt
            )
            if hasattr(signal, "setitimer"):
                signal.signal(signal.SIGALRM, self._at_once)
        except ValueError:
            self._before = None  # not in the main thread: somebody else handles Ctrl-C
        return self

    def __exit__(self, *failure: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            signal.signal(signal.SIGTERM, self._before_sigterm)
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self._patience.__exit__()
        self.screen.close()

    def _interrupt(self, *_: object) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            raise KeyboardInterrupt
        complain("stopping; press Ctrl-C again to stop at once")

    def _terminate(self, *_: object) -> None:
        """End the story after SIGTERM; one that lets no time pass never sees the request and is ended after `GRACE` seconds."""
        self._interrupts += 1
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    def _at_once(self, *_: object) -> None:
        raise KeyboardInterrupt

    def follow(self, world: "World") -> None:
        """The argument `follow` of `play`: draw the timeline as it happens."""
        from cluster.sim.timeline import Timeline

        self._world = world
        if not self._quiet:
            self._timeline = Timeline(
                lambda: world.names, self.screen.line, detail=self._detail, stretches=world.history.stretches
            )
            world.history.followers.append(self._timeline.take)

    def stop_asked(self) -> bool:
        """The argument `stop_asked` of `play`: whether Ctrl-C was pressed or the reader went away."""
        if self._world is not None and not self._quiet:
            self.screen.progress(self._world)
        return self._interrupts > 0 or self.screen.gone

    def catch_up(self, outcome: "Outcome") -> None:
        """Draw the events that the timeline was not told of, and those it held back."""
        if self._timeline is not None:
            self._timeline.catch_up(outcome.history)
            self._timeline.close()


def interrupted(outcome: "Outcome", request: "RunRequest") -> int:
    """Say how far an interrupted run came, and which command plays it again; return the exit code."""
    from cluster.time_units import clock_text

    came = f"{clock_text(outcome.history.clock.now)} after the start, {len(outcome.history):,} events"
    complain(f"stopped: the story had come to {came}\nagain: {request.command()}")
    return INTERRUPTED
