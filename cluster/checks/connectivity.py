"""Which nodes are up and can talk to each other, as far as the steps of a story and the starts and crashes tell."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import permutations
from typing import Any

from attrs import asdict

from cluster.steps import (
    Cut,
    CutOneWay,
    Damage,
    Drift,
    FullDisk,
    Heal,
    Hold,
    Mend,
    Pause,
    Release,
    Resume,
    Rewire,
    SlowDisk,
    Split,
    Step,
    pairs_between,
)
from cluster.time_units import MILLISECOND, SECOND

PATIENT = 40 * MILLISECOND
"""A link that takes longer than this is no whole link, in µs."""
HALF = 0.5
"""The chance of a loss above which nobody can say when something arrives."""
SAME_CLOCK = 50_000
"""A clock that is off by more than so many parts per million is a fault of its node."""

SOUND: Mapping[str, Any] = asdict(Rewire(0, 0, 0.0, 0.0, True, 0.0, 0))
"""Links of which no step has said anything: without faults."""


def _troubled(wire: Mapping[str, Any]) -> bool:
    """Whether a link that behaves like this is no whole link."""
    late = wire["latency"] + wire["jitter"] > PATIENT
    return bool(late or wire["loss"] or wire["duplicate"] or wire["delay_chance"] or not wire["ordered"])


class Connectivity:
    """The model. It is told every step, every start and every crash."""

    def __init__(self, calm: bool) -> None:
        """`calm`: whether links and disks are fast and lose nothing as the world begins."""
        self._calm = self._is_calm = calm
        self._wire: Mapping[str, Any] = SOUND
        """How the links behave, as far as steps have changed it."""
        self._wires: dict[tuple[str, str], Mapping[str, Any]] = {}
        """How those links behave of which a step has said something of their own."""
        self.up: set[str] = set()
        self._paused: set[str] = set()
        self._ailing: set[tuple[str, str]] = set()
        """Nodes whose own clock or disk has a fault, and which."""
        self._damaged = False
        """Whether a disk was wiped or changed: what a node has promised may be gone."""
        self._cut: set[tuple[str, str]] = set()
        self._held: set[tuple[str, str]] = set()

    def step(self, step: Step) -> None:
        """A step of the story was applied."""
        match step:
            case Mend():
                self._is_calm, self._wire = self._calm, SOUND
                self._wires.clear()
                for each in (self._paused, self._ailing, self._cut, self._held):
                    each.clear()
            case Heal():
                self._cut.clear()
            case Cut(one, other):
                self._cut |= {(one, other), (other, one)}
            case CutOneWay(src, dst):
                self._cut.add((src, dst))
            case Split(groups):
                self._cut |= set(pairs_between(groups))
            case Hold(src, dst):
                self._held.add((src, dst))
            case Release(src, dst):
                self._held.discard((src, dst))
            case Pause(node):
                self._paused.add(node)
            case Resume(node):
                self._paused.discard(node)
            case Drift(node, off):
                self._ails(node, "clock", abs(off) > SAME_CLOCK)
            case SlowDisk(node, factor):
                self._ails(node, "slow disk", factor > 1)
            case FullDisk(node, full):
                self._ails(node, "full disk", full)
            case Rewire():
                self._rewire(step)
            case _ if isinstance(step, Damage):
                self._damaged = True
            case _:
                pass

    def _rewire(self, step: Rewire) -> None:
        """A link is whole again as soon as what disturbed it is set back; a message under way may still come late."""
        changes = asdict(step, filter=lambda _, given: given is not None)
        if step.between:
            for pair in pairs_between(step.between):
                self._wires[pair] = {**self._wires.get(pair, self._wire), **changes}
        else:
            self._wire = {**self._wire, **changes}
            self._wires.clear()
        self._is_calm = self._calm and not any(map(_troubled, (self._wire, *self._wires.values())))

    def _ails(self, node: str, what: str, ails: bool) -> None:
        (self._ailing.add if ails else self._ailing.discard)((node, what))

    def started(self, node: str) -> None:
        """A node runs."""
        self.up.add(node)

    def stopped(self, node: str) -> None:
        """A node does not run any more; a machine that starts again is no longer paused."""
        self.up.discard(node)
        self._paused.discard(node)

    def hear(self, one: str, other: str) -> bool:
        """Whether what either says to the other arrives: within a second, at least every second time."""
        if one == other:
            return True
        for link in ((one, other), (other, one)):
            wire = self._wires.get(link, self._wire)
            is_slow = wire["latency"] + wire["jitter"] > SECOND or wire["loss"] > HALF
            if link in self._cut or link in self._held or is_slow:
                return False
        return True

    def groups(self) -> list[frozenset[str]]:
        """The nodes that are up, in groups within which every link is whole and between which every link is cut.

        Empty if there are no such groups, or if links or nodes are in a trouble that this model cannot judge.
        """
        running = self.up - self._paused
        if not self._is_calm or self._damaged or self._held or any(node in running for node, _ in self._ailing):
            return []
        heard = defaultdict(set, {name: {name} for name in running})
        for one, other in permutations(running, 2):
            if (one, other) not in self._cut:
                heard[other].add(one)
        groups = {frozenset(each) for each in heard.values()}
        return sorted(groups, key=sorted) if sum(map(len, groups)) == len(running) else []
