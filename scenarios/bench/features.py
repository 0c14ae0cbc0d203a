"""What each feature costs a message: the load of `bench messages` with one thing taken away at a time.

Each line is a run of its own, by the same program, in interleaved rounds; what the feature costs is the median of the
differences within a round. Only the law is measured by itself: the steps of a run are taken again, and nothing else.
Lines do not add up: what is taken away takes part of another with it, and what is left over is the driver, the wires,
the codec and trio.
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
    """Nothing is taken away."""


def unwatched(world: World) -> None:
    """From now on nobody is told of any event."""
    world.history.listeners.clear()


def untold(world: World) -> None:
    """From now on notes are made and thrown away."""
    for slot in world.slots.values():
        assert slot.machine is not None
        slot.machine.note = lambda note, cause=None: 0


class Forgetful(Storage):
    """A storage that takes its time, writes nothing and says that it did."""

    def __init__(self, disk: Disk) -> None:  # it has no file, so nothing of a storage's own is made
        self._simulated = disk

    def save(self, save: Save, done: Callable[[], None], commit: int = 0) -> None:
        """Call `done` after as long as a sync takes."""
        self._simulated.later(self._simulated.sync_duration(), done)

    def save_snapshot(self, save: SaveSnapshot, done: Callable[[], None], commit: int = 0) -> None:
        """The same."""
        self._simulated.later(self._simulated.sync_duration(), done)

    def committed(self, index: int) -> None:
        """It would be forgotten."""


def unwritten(world: World) -> None:
    """From now on no log is written."""
    for slot in world.slots.values():
        assert slot.node is not None
        slot.node.storage = Forgetful(slot.disk)


class Answering(ApplyLoop):
    """Applies nothing, and answers whoever waits."""

    def __init__(self, real: ApplyLoop) -> None:  # in the place of that one, from where it is
        self.proposals, self.sessions, self.state = real.proposals, real.sessions, real.state
        self.applied, self.taken = real.applied, None

    def entries(self, index: int, entries: Sequence[Entry], aloud: bool = True) -> None:
        for index, entry in enumerate(entries, index):  # noqa: B020  it is where the entries begin, then each one's own
            if entry.request is not None and self.proposals.pending:
                self.proposals.applied(entry.request, (index, None))
            self.applied = index


def unapplied(world: World) -> None:
    """From now on commands change no state, and no client's session."""
    for slot in world.slots.values():
        assert slot.node is not None
        slot.node.apply_loop = Answering(slot.node.apply_loop)


@value
class Feature:
    """A line: what is taken away, and how."""

    name: str
    arrange: Callable[[World], None] = as_it_is
    options: tuple[tuple[str, Any], ...] = ()
    """Of the world."""


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
"""What is not on by default, measured by adding it."""


def features(rounds: int = load.ROUNDS, proposals: int = load.PROPOSALS) -> dict[str, Any]:
    """µs a message as it is, and what each feature takes of it: the same load with one thing taken away at a time."""
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
    """µs a message for the steps of a whole run, taken once more from the same states with the same events.

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
    """The lines a person reads."""
    whole = result["microseconds"]
    rows = [("the law by itself", result["law"]), *result["features"].items()]
    return [
        f"a message of 5 nodes costs {whole:.1f} µs of processor time; of that, medians of {result['rounds']} interleaved rounds",
        *[f"  {name:<40} {cost:>6.2f} {cost / whole:>5.0%}" for name, cost in rows],
        *[f"  more with {name:<30} {cost:>6.2f} {cost / whole:>5.0%}" for name, cost in result["added"].items()],
    ]
