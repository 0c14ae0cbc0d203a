"""What the seed has in store: cluster, settings, and each fault with its time. Nothing of it is known to the cluster."""

from collections.abc import Mapping

from cluster.raft.timing import Compaction, Timing
from cluster.sim.dice import Dice
from cluster.sim.disk import DiskModel
from cluster.time_units import MILLISECOND, SECOND
from cluster.value import value
from scenarios.weather.kinds import KINDS, FaultKind, chosen

SIZES = ("ABC", "ABC", "ABC", "ABCDE", "ABCDE", "AB", "ABCD", "A")
SPARE = ("", "", "D", "EF")
"""Nodes that may join, where members change."""


@value
class Comes:
    """A kind of fault that comes, and when."""

    kind: str
    at: tuple[float, ...]
    """Seconds after the first leader, in order."""


@value
class Forecast:
    """All that is drawn for a seed."""

    seed: int
    nodes: str
    spare: str
    """Nodes that may join later; empty: members stay."""
    timing: Timing
    disk: DiskModel
    seconds: float
    """How long faults come."""
    comes: tuple[Comes, ...]
    """By name of the kind."""
    clients: int
    pause: int
    """Milliseconds between the requests of a client, at most."""
    patience: float
    """The mean seconds after which a node that is down is started again."""
    fragile: str
    """Nodes whose disks may be damaged: a minority."""
    leaves_some_down: bool
    """Whether a minority stays down in the end, and the others have to go on."""

    def text(self) -> str:
        """What was drawn, in a sentence for people."""
        usual, drawn = Timing(), []
        for name in (
            "election",
            "ticking",
            "trial",
            "check_quorum",
            "writing_counts",
            "batch",
            "inflight",
            "lease_drift",
        ):
            if getattr(self.timing, name) != getattr(usual, name):
                said = getattr(self.timing, name)
                drawn.append(f"{name} {said // MILLISECOND} ms" if name == "election" else f"{name} {said}")
        if self.timing.compaction != usual.compaction:
            drawn.append(f"a snapshot every {self.timing.compaction.entries} entries")
        faults = ", ".join(f"{each.kind} {len(each.at)}" for each in self.comes) or "no faults"
        fragile = f"; the disk of {' and '.join(self.fragile)} may be damaged" if self.fragile else ""
        end = "a minority stays down" if self.leaves_some_down else "all mended"
        settings = f"; {', '.join(drawn)}" if drawn else ""
        spare = f" (+{self.spare})" if self.spare else ""
        return f"weather {self.seed}: {self.nodes}{spare}{settings}; in {self.seconds:g} s: {faults}{fragile}; in the end {end}"


def forecast(
    seed: int, kinds: Mapping[str, FaultKind] = KINDS, seconds: tuple[int, int] = (4, 8), at_least: int = 1
) -> Forecast:
    """The forecast of a seed. `seconds`: the shortest time of faults, and how much longer it may be; `at_least`: nodes."""
    of = Dice(seed, ("weather", "cluster"))
    nodes = chosen(of, *(size for size in SIZES if len(size) >= at_least))
    some_break = any(kind.damages for kind in kinds.values())
    members_change = not of.below(3) and not some_break
    spare = "".join(each for each in chosen(of, *SPARE) if each not in nodes) if members_change else ""
    time = Dice(seed, ("weather", "time"))
    lasts = seconds[0] + time.below(seconds[1] * 10 + 1) / 10
    comes = []
    for name, kind in sorted(kinds.items()):
        dice = Dice(seed, ("weather", "kind", name))
        is_in, count = not dice.below(3), 1 + dice.below(kind.often)
        if is_in and (members_change or not kind.changes_members):
            comes.append(Comes(name, tuple(sorted(dice.below(round(lasts * SECOND)) / SECOND for _ in range(count)))))
    load, end = Dice(seed, ("weather", "load")), Dice(seed, ("weather", "end"))
    return Forecast(
        seed=seed,
        nodes=nodes,
        spare=spare,
        timing=timing(Dice(seed, ("weather", "timing"))),
        disk=disk(Dice(seed, ("weather", "disk"))),
        seconds=lasts,
        comes=tuple(comes),
        clients=1 + load.below(3),
        pause=chosen(load, 20, 60, 60, 200),
        patience=chosen(time, 0.1, 0.5, 2.0),
        fragile=minority(nodes, Dice(seed, ("weather", "fragile"))) if some_break else "",
        leaves_some_down=not some_break and not members_change and len(nodes) > 2 and not end.below(3),
    )


def minority(nodes: str, dice: Dice) -> str:
    """As many nodes as a cluster can do without, from a drawn place on."""
    first = dice.below(len(nodes))
    return "".join(nodes[(first + number) % len(nodes)] for number in range((len(nodes) - 1) // 2))


def timing(dice: Dice) -> Timing:
    """Settings of the nodes: in every second weather the usual ones."""
    if dice.below(2):
        return Timing(compaction=compaction(dice))
    election = chosen(dice, 150, 300, 300, 600) * MILLISECOND
    trial = bool(dice.below(5))
    return Timing(
        election=election,
        heartbeat=election // 3,
        ticking=bool(dice.below(4)),
        writing_counts=not dice.below(4),
        trial=trial,
        check_quorum=bool(dice.below(5)) or not trial,
        batch=chosen(dice, 1, 3, 128),
        inflight=chosen(dice, 1, 2, 64),
        compaction=compaction(dice),
        lease_drift=500 if trial and not dice.below(4) else None,
    )


def compaction(dice: Dice) -> Compaction:
    """When snapshots are taken: often, in most weathers, as nothing else brings them about in seconds."""
    return Compaction(
        entries=chosen(dice, 1_024, 4, 8, 20, 50),
        growth=dice.below(2),
        margin=chosen(dice, 0, 2, 10, 256),
        part=chosen(dice, 32, 256, 64 << 10),
    )


def disk(dice: Dice) -> DiskModel:
    """A good disk, or a slow one."""
    sync = chosen(dice, 500, 500, 5 * MILLISECOND, 25 * MILLISECOND)
    return DiskModel(sync_latency=sync, jitter=chosen(dice, 250, sync))
