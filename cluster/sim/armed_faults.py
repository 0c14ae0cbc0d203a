"""Faults that wait for an event, as in `world.when(BecameLeader, Crash(""))`: each strikes once, unless all is mended before.

Never here: what a fault does, and whether it can be.
"""

from collections.abc import Callable
from typing import Any

import attrs

from cluster import steps
from cluster.sim.history import History


@attrs.define(eq=False)
class Armed:
    """A fault that waits for its event."""

    when: steps.When
    came: int = 0
    """How many of the events have come."""
    was_mended: bool = False
    """Whether everything was mended before it struck, which disarms it."""

    def text(self) -> str:
        """What never struck, and why; a sentence without a full stop."""
        came = f"only {self.came} came" if self.came else "no such event came"
        return f"{self.when.says()}; {came}{' before all was mended' if self.was_mended else ''}"


class ArmedFaults:
    """The faults of a world that have not struck yet."""

    def __init__(
        self,
        history: History,
        soon: Callable[[Callable[[Any], None], Any], None],
        do: Callable[[steps.Step], None],
    ) -> None:
        """`soon(act, arg)` calls `act(arg)` in the present instant, as a step of the story; `do` applies a step."""
        self._history, self._soon, self._do = history, soon, do
        self._waiting: list[Armed] = []

    def arm(self, when: steps.When) -> None:
        """Let a fault wait for its event from now on."""
        armed, step = Armed(when), self._history.cause
        self._waiting.append(armed)

        def see(node: str, kind: str, cause: int) -> None:
            if (
                kind == when.kind
                and node
                and when.node in ("", node)
                and armed.came < when.count
                and not armed.was_mended
            ):
                armed.came += 1
                if armed.came == when.count:
                    self._soon(self._strike, (armed, node, cause))

        if when.kind in steps.EFFECTS:  # which is no event: the cause of the strike is that somebody armed it
            self._history.heeding.append(lambda node, effect: see(node, effect, step))
        else:
            self._history.followers.append(lambda event: see(event.node, type(event.note).__name__, event.seq))

    def _strike(self, what: tuple[Armed, str, int]) -> None:
        armed, node, cause = what
        if armed.was_mended:
            return
        self._waiting.remove(armed)
        fault: Any = armed.when.fault
        if getattr(fault, "node", None) == "":
            fault = type(fault)(node, *[getattr(fault, name) for name in fault.__match_args__[1:]])
        self._history.cause = cause
        self._do(fault)

    def mend(self) -> None:
        """Disarm them all."""
        for armed in self._waiting:
            armed.was_mended = True

    def never_struck(self) -> tuple[str, ...]:
        """Those that waited for an event in vain: sentences without a full stop, with the reason."""
        return tuple(armed.text() for armed in self._waiting)
