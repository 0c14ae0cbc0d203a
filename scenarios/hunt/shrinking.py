"""A broken run is made small: fewer steps, fewer nodes, less time, simpler values, and still the same promise is broken.

Delta debugging on the recorded steps, never on the seed: a smaller script is played and taken if it breaks the promise that the run
broke. Never here: how a script is played and written down.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import attrs

from cluster import steps
from cluster.time_units import MILLISECOND, SECOND
from cluster.value import value
from scenarios.hunt.recorded_steps import RecordedSteps, TimedStep

GRAINS = (SECOND, 100 * MILLISECOND, 10 * MILLISECOND, MILLISECOND)
"""To what instants are rounded, the roundest first, in µs."""
CHANCES = ("loss", "duplicate", "delay_chance")
"""The fields of `Rewire` that are chances."""
Breaks = Callable[[RecordedSteps], int | None]
"""Plays a script; the true time in µs at which it broke the promise, or None."""


@value
class Smaller:
    """A script that breaks the promise, and what it took to find it."""

    steps: RecordedSteps
    is_done: bool
    """Whether nothing more could be left out; False if the budget was used up."""


class _UsedUp(Exception):
    """Nothing is left of the budget."""


class Shrinking:
    """One search for a smaller script."""

    def __init__(self, script: RecordedSteps, breaks: Breaks, is_used_up: Callable[[], bool]) -> None:
        """`is_used_up` is asked before each play. The script itself is taken to break the promise."""
        self.best = script
        self._breaks, self._is_used_up = breaks, is_used_up
        self._tried = {repr(script)}
        """The texts of what was played: a request of a script may hold what has no hash."""

    def run(self) -> Smaller:
        """Make it smaller until nothing more can be left out, or the budget is used up."""
        try:
            before = None
            while before != self.best:
                before = self.best
                self._fewer_of_a_kind()
                self._fewer_steps()
                self._fewer_nodes()
                self._simpler_values()
                self._rounder_times()
            self._rounder_end()
        except _UsedUp:
            return Smaller(self.best, False)
        return Smaller(self.best, True)

    def _take(self, script: RecordedSteps) -> bool:
        """Play a script that was not played yet; whether it is the best now."""
        if repr(script) in self._tried:
            return False
        self._tried.add(repr(script))
        broke = self._plays(script)
        if broke is None:
            return False
        self.best = attrs.evolve(script, until=min(script.until, broke + 1))
        self._tried.add(repr(self.best))
        return True

    def _plays(self, script: RecordedSteps) -> int | None:
        """Play a script; when it broke the promise, if it did."""
        if self._is_used_up():
            raise _UsedUp
        return self._breaks(script)

    def _fewer_of_a_kind(self) -> None:
        """Leave out all steps of one kind, or all that name one node."""
        for kind in dict.fromkeys(type(each.step) for each in self.best.moments):
            self._take(self.best.without(i for i, each in enumerate(self.best.moments) if type(each.step) is kind))
        for node in self.best.nodes:
            named = [i for i, each in enumerate(self.best.moments) if node in steps.nodes_of(each.step)]
            self._take(self.best.without(named))

    def _fewer_steps(self) -> None:
        """Leave out ever smaller pieces, from the end to the beginning: what comes late matters least to what comes before."""
        size = max(1, len(self.best.moments) // 2)
        while size:
            end = len(self.best.moments)
            while end > 0:
                self._take(self.best.without(range(max(0, end - size), end)))
                end = min(end - size, len(self.best.moments))
            size //= 2

    def _fewer_nodes(self) -> None:
        """Leave out a node, with every step that cannot be taken without it."""
        for node in reversed(self.best.nodes):
            rest = tuple(each for each in self.best.nodes if each != node)
            if rest:
                kept = tuple(each for each in (_without_node(one, node) for one in self.best.moments) if each)
                self._take(attrs.evolve(self.best, nodes=rest, moments=kept))

    def _simpler_values(self) -> None:
        """Try for each step the simpler ones that could stand in its place."""
        for place in range(len(self.best.moments)):
            for simpler in _simpler(self.best.moments[place].step):
                moments = list(self.best.moments)
                moments[place] = attrs.evolve(moments[place], step=simpler)
                if self._take(attrs.evolve(self.best, moments=tuple(moments))):
                    break

    def _rounder_times(self) -> None:
        """Let everything happen earlier and at rounder times: all gaps at once, then one by one."""
        for grain in GRAINS:
            if self._take(_in_gaps(self.best, [round(gap / grain) * grain for gap in _gaps(self.best)])):
                break
        for place in range(len(self.best.moments)):
            gaps = _gaps(self.best)
            for shorter in (0, *(gaps[place] // grain * grain for grain in GRAINS)):
                if shorter < gaps[place] and self._take(
                    _in_gaps(self.best, [*gaps[:place], shorter, *gaps[place + 1 :]])
                ):
                    break

    def _rounder_end(self) -> None:
        """Let the end be at a rounder time after the last step, a little later than it has to be."""
        last = self.best.moments[-1].at if self.best.moments else 0
        for grain in GRAINS:
            later = attrs.evolve(self.best, until=last + -(-(self.best.until - last) // grain) * grain)
            if self._plays(later) is not None:
                self.best = later
                break


def _gaps(script: RecordedSteps) -> list[int]:
    """The time from each moment to the one before it, in µs."""
    times = [0, *(each.at for each in script.moments)]
    return [later - earlier for earlier, later in pairwise(times)]


def _in_gaps(script: RecordedSteps, gaps: list[int]) -> RecordedSteps:
    """The same steps with these gaps between them; what comes after the last one takes as long as before."""
    moments, now = [], 0
    for gap, each in zip(gaps, script.moments, strict=True):
        now += gap
        moments.append(TimedStep(now, each.step))
    after = script.until - (script.moments[-1].at if script.moments else 0)
    return attrs.evolve(script, moments=tuple(moments), until=now + after)


def _without_node(moment: TimedStep, node: str) -> TimedStep | None:
    """The moment in a world without that node; None if nothing is left of it."""
    step = moment.step
    if isinstance(step, steps.Split):
        groups = tuple(rest for group in step.groups if (rest := tuple(name for name in group if name != node)))
        return attrs.evolve(moment, step=steps.Split(groups)) if len(groups) > 1 else None
    if isinstance(step, steps.Reconfigure):
        voters = tuple(name for name in step.voters if name != node)
        watchers = tuple(name for name in step.watchers if name != node)
        return attrs.evolve(moment, step=steps.Reconfigure(voters, watchers)) if voters else None
    return None if node in steps.nodes_of(step) else moment


def _simpler(step: Any) -> Iterator[Any]:
    """Simpler steps that may do as well, the simplest first."""
    if isinstance(step, steps.When):
        if step.count > 1:
            yield attrs.evolve(step, count=1)
        if step.node:
            yield attrs.evolve(step, node="")
    if isinstance(step, steps.Rewire):
        for field in attrs.fields(steps.Rewire):
            if field.name != "between" and getattr(step, field.name) is not None:
                less: dict[str, Any] = {field.name: None}
                yield attrs.evolve(step, **less)
        chances = {name: round(each, 2) for name in CHANCES if (each := getattr(step, name)) is not None}
        if (rounder := attrs.evolve(step, **chances)) != step:
            yield rounder
    if isinstance(step, steps.Split):
        for group in step.groups:
            if len(group) == 1:
                rest = tuple(sorted(name for other in step.groups if other != group for name in other))
                if (plain := steps.Split((group, rest))) != step:
                    yield plain
