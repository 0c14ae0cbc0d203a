"""The effects of faults of wires, clocks and disks on a simulated world.

`effects` is the table from the class of a step to the method that applies it; `universe` adds the steps that start and
stop nodes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from cluster import steps
from cluster.sim.clock import Clock
from cluster.sim.errors import Misuse
from cluster.sim.machine_slot import Slot
from cluster.sim.network import Network, Wire


class Faults:
    """Applies the faults that concern only wires and hardware."""

    def __init__(self, clock: Clock, network: Network, slots: Mapping[str, Slot]) -> None:
        """`slots`: every machine of the world by name. It may grow."""
        self._clock, self._network, self._slots = clock, network, slots
        self.effects: dict[type[steps.Step], Callable[[Any], None]] = {
            steps.Cut: self._cut,
            steps.CutOneWay: self._cut_one_way,
            steps.Split: self._split,
            steps.Heal: self._heal,
            steps.Hold: self._hold,
            steps.Release: self._release,
            steps.Corrupt: self._corrupt,
            steps.Rewire: self._rewire,
            steps.JumpClock: self._jump_clock,
            steps.Drift: self._drift,
            steps.FreezeClock: self._freeze_clock,
            steps.Zone: self._zone,
            steps.SlowDisk: self._slow_disk,
            steps.FullDisk: self._full_disk,
            steps.FailSync: self._fail_sync,
            steps.FailRead: self._fail_read,
            steps.FlipBit: self._flip_bit,
            steps.Misdirect: self._misdirect,
            steps.Short: self._short,
        }

    # -- wires

    def _cut(self, step: steps.Cut) -> None:
        self._network.links[step.one, step.other].cut = True
        self._network.links[step.other, step.one].cut = True

    def _cut_one_way(self, step: steps.CutOneWay) -> None:
        self._network.links[step.src, step.dst].cut = True

    def _split(self, step: steps.Split) -> None:
        for pair in steps.pairs_between(step.groups):
            self._network.links[pair].cut = True

    def _heal(self, step: steps.Heal) -> None:
        for link in self._network.links.values():
            link.cut = False

    def _hold(self, step: steps.Hold) -> None:
        self._network.hold(step.src, step.dst)

    def _release(self, step: steps.Release) -> None:
        self._network.release(step.src, step.dst)

    def _corrupt(self, step: steps.Corrupt) -> None:
        self._network.links[step.src, step.dst].broke_at = self._clock.now

    def _rewire(self, step: steps.Rewire) -> None:
        given = {field.name: getattr(step, field.name) for field in attrs.fields(Wire)}
        changes = {name: new for name, new in given.items() if new is not None}
        if step.between:
            for pair in steps.pairs_between(step.between):
                link = self._network.links[pair]
                link.rewire(attrs.evolve(link.wire, **changes))
            return
        wire = attrs.evolve(self._network.wire, **changes)
        self._network.wire = wire
        for link in self._network.links.values():
            link.rewire(wire)

    # -- clocks

    def _jump_clock(self, step: steps.JumpClock) -> None:
        slot = self._slots[step.node]
        slot.clocks.jump(step.by)
        slot.clocks_changed()

    def _drift(self, step: steps.Drift) -> None:
        slot = self._slots[step.node]
        slot.clocks.set_rate(self._clock.now, step.parts_per_million)
        slot.clocks_changed()

    def _freeze_clock(self, step: steps.FreezeClock) -> None:
        slot = self._slots[step.node]
        (slot.clocks.freeze if step.frozen else slot.clocks.thaw)(self._clock.now)
        slot.clocks_changed()

    def _zone(self, step: steps.Zone) -> None:
        slot = self._slots[step.node]
        slot.clocks.set_zone(step.zone)
        slot.clocks_changed()

    # -- disks and memory

    def _slow_disk(self, step: steps.SlowDisk) -> None:
        self._slots[step.node].disk.slowness = step.factor

    def _full_disk(self, step: steps.FullDisk) -> None:
        self._slots[step.node].disk.full = step.full

    def _fail_sync(self, step: steps.FailSync) -> None:
        self._slots[step.node].disk.fail_next_sync()

    def _fail_read(self, step: steps.FailRead) -> None:
        self._slots[step.node].disk.unreadable = True

    def _misdirect(self, step: steps.Misdirect) -> None:
        self._slots[step.node].disk.goes_astray = True

    def _flip_bit(self, step: steps.FlipBit) -> None:
        try:
            self._slots[step.node].disk.flip(step.file, step.offset, step.bit)
        except ValueError as error:
            raise Misuse(str(error)) from error

    def _short(self, step: steps.Short) -> None:
        self._slots[step.node].set_short(step.of, step.short)
