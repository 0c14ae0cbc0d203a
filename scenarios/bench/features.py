"""The cost of each feature per message: the load of `bench messages` with one feature left out at a time.

Each line is a run of its own, by the same program, in interleaved rounds; a feature's cost is the median of the
differences within a round. Only the core is measured by itself: the steps of a run are taken again, and nothing else.
Lines do not add up: leaving one feature out makes others cheaper too, and what remains is the driver, the wires, the
codec and trio.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from cluster.apply_loop import ApplyLoop
from cluster.raft import step as law
from cluster.raft.messages import Entry
from cluster.raft.state import Save, SaveSnapshot
from cluster.raft.timing import Compaction, Timing
from cluster.sim.disk import Disk, DiskModel
from cluster.sim.network import Wire
from cluster.sim.world import World
from cluster.storage import Storage
from cluster.value import value
from scenarios.bench import load
from scenarios.tla.record import Took, recorded

NEVER = Compaction(entries=1 << 40, size=1 << 60)
OFTEN = Compaction(entries=64, growth=0, margin=16)


def as_it_is(world: World) -> None:
    """Leave nothing out."""


def unwatched(world: World) -> None:
    """From now on, call no listener of events."""
    world.history.listeners.clear()


def untold(world: World) -> None:
    """From now on, make notes and discard them."""
    for slot in world.slots.values():
        assert slot.machine is not None
        slot.machine.note = lambda note, cause=None: 0


class Forgetful(Storage):
    """A storage that takes the usual time, writes nothing, and reports that it did."""

    def __init__(self, disk: Disk) -> None:  # it has no file, so the constructor of `Storage` is not called
        self._simulated = disk

    def save(self, save: Save, done: Callable[[], None], commit: int = 0) -> None:
        """Call `done` after the duration of a sync."""
        self._simulated.later(self._simulated.sync_duration(), done)

    def save_snapshot(self, save: SaveSnapshot, done: Callable[[], None], commit: int = 0) -> None:
        """Call `done` after the duration of a sync."""
        self._simulated.later(self._simulated.sync_duration(), done)

    def committed(self, index: int) -> None:
        """Store nothing."""


def unwritten(world: World) -> None:
    """From now on, write no log."""
    for slot in world.slots.values():
        assert slot.node is not None
        slot.node.storage = Forgetful(slot.disk)


class Answering(ApplyLoop):
    """An apply loop that applies nothing and answers every waiting proposal."""

    def __init__(self, real: ApplyLoop) -> None:  # it takes the place of the real one and continues from its index
        self.proposals, self.sessions, self.state = real.proposals, real.sessions, real.state
        self.applied, self.taken = real.applied, None

    def entries(self, index: int, entries: Sequence[Entry], aloud: bool = True) -> None:
        for index, entry in enumerate(entries, index):  # noqa: B020  the first index of the entries, then the index of each
            if entry.request is not None and self.proposals.pending:
                self.proposals.applied(entry.request, (index, None))
            self.applied = index


def unapplied(world: World) -> None:
    """From now on, commands change neither the state nor a client's session."""
    for slot in world.slots.values():
        assert slot.node is not None
        slot.node.apply_loop = Answering(slot.node.apply_loop)


@value
class Feature:
    """A feature, and how it is left out."""

    name: str
    arrange: Callable[[World], None] = as_it_is
    options: tuple[tuple[str, Any], ...] = ()
    """Options of the world for its run."""


FEATURES = (
    Feature("the trace: kept, hashed, watched", untold),
    Feature("of it, all promises watched", unwatched),
    Feature("logs: framed, checksummed, on a disk", unwritten),
    Feature("applying: sessions, state, answers", unapplied),
    Feature("snapshots, one in 1,024 entries", options=(("timing", Timing(compaction=NEVER)),)),
    Feature("luck of wires and disks", options=(("wire", Wire(jitter=0)), ("disk", DiskModel(jitter=0)))),
    Feature("pre-vote and check-quorum", options=(("timing", Timing(trial=False, check_quorum=False)),)),
)
ADDED = (Feature("a snapshot in 64 entries", options=(("timing", Timing(compaction=OFTEN)),)),)
"""The features that are off by default, measured by adding them."""


def features(rounds: int = load.ROUNDS, proposals: int = load.PROPOSALS) -> dict[str, Any]:
    """µs for each message with everything on, and each feature's share: the same load with one feature left out at a time."""
    whole = Feature("all of it")
    taken: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for feature in (whole, *FEATURES, *ADDED):
            measured = load.replication(5, proposals, arrange=feature.arrange, **dict(feature.options))
            if number:  # the first round warms up
                taken.setdefault(feature.name, []).append(1e6 / measured.messages_per_second)
    everything = taken[whole.name]

    def apart(feature: Feature, sign: int) -> float:
        pairs = zip(everything, taken[feature.name], strict=True)
        return round(median([sign * (with_it - without) for with_it, without in pairs]), 2)

    return {
        "microseconds": round(median(everything), 1),
        "law": round(median([law_alone(proposals) for _ in range(rounds)]), 2),
        "features": {feature.name: apart(feature, 1) for feature in FEATURES},
        "added": {feature.name: apart(feature, -1) for feature in ADDED},
        "rounds": rounds,
    }


def law_alone(proposals: int) -> float:
    """µs for each message of the core alone: the steps of a whole run, taken again from the same states with the same events.

    Their logs hold by then what they are told to append, so that part is read and not written.
    """
    with recorded() as record:
        measured = load.replication(5, proposals)
    steps = [(each.before, each.event, each.at) for each in record if isinstance(each, Took)]
    began = time.process_time()
    for given in steps:
        law.step(*given)
    return (time.process_time() - began) / measured.messages * 1e6


def as_lines(result: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    whole = result["microseconds"]
    rows = [("the law by itself", result["law"]), *result["features"].items()]
    return [
        f"a message of 5 nodes costs {whole:.1f} µs of processor time; of that, medians of {result['rounds']} interleaved rounds",
        *[f"  {name:<40} {cost:>6.2f} {cost / whole:>5.0%}" for name, cost in rows],
        *[f"  more with {name:<30} {cost:>6.2f} {cost / whole:>5.0%}" for name, cost in result["added"].items()],
    ]
