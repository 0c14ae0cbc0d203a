"""How far a search goes, and how its nodes behave. Values only; nothing here searches."""

from typing import Any

import attrs

from cluster.raft.timing import Timing
from cluster.value import value

NAMES = "ABCDE"
"""Every cluster is the first few of these. More would have more than 120 renamings, each of which every state has."""
PROPOSED, CRASHED, DROPPED, DUPLICATED, BEATEN, CHANGED, READ = range(7)
"""What is spent of `Bounds.limits`, in their order."""

MOST = 2_000_000
"""States at which a search ends unless it is told otherwise: about 1 GB of memory, and a minute."""


class BoundsError(ValueError):
    """The search that was asked for makes no sense. One sentence: the value, and the remedy."""


def _within(least: int, most: int, what: str) -> Any:
    def check(_: object, field: "attrs.Attribute[Any]", given: int) -> None:
        if not least <= given <= most:
            raise BoundsError(f"{given} {what} cannot be searched: give {field.name} between {least} and {most}")

    return check


@value
class Bounds:
    """A search is finite because each of these is; within them every interleaving is tried."""

    nodes: int = attrs.field(default=3, validator=_within(1, len(NAMES), "nodes"))
    """1 to 5."""
    terms: int = attrs.field(default=2, validator=_within(1, 99, "terms"))
    """No node stands for a later one."""
    entries: int = attrs.field(default=1, validator=_within(0, 99, "entries"))
    """Commands proposed in all, beside the empty entry with which each leader begins."""
    crashes: int = attrs.field(default=0, validator=_within(0, 99, "crashes"))
    """In all; a node that crashes starts again at once from what its disk holds (being down is being slow)."""
    drops: int = attrs.field(default=0, validator=_within(0, 99, "drops"))
    """Messages lost. No promise needs it: any message may be late for ever, so what is lost is merely never taken."""
    duplicates: int = attrs.field(default=0, validator=_within(0, 99, "duplicates"))
    """Messages taken once more than they were sent."""
    beats: int = attrs.field(default=0, validator=_within(0, 99, "beats"))
    """Rounds of chatter: a leader's beat, or a candidate on trial that asks the same again."""
    changes: int = attrs.field(default=0, validator=_within(0, 99, "changes"))
    """Times a leader is asked to change who belongs: a member leaves, or a node outside becomes a voter."""
    reads: int = attrs.field(default=0, validator=_within(0, 99, "reads"))
    """Times a leader is asked to confirm a read."""
    outside: int = attrs.field(default=0, validator=_within(0, len(NAMES) - 1, "nodes outside"))
    """So many of the nodes, the last ones, do not belong to the cluster when it begins."""
    pairs: bool = False
    """A change may also move two nodes at once, through a joint configuration."""
    rachis: bool = False
    """RavenDB's elections (trial, good standing, check of the quorum); without it the paper's."""
    instant_disk: bool = False
    """Whatever is saved is durable before anything else happens: far fewer states, and no bug of a slow disk."""
    batch: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(_within(1, 10_000, "entries an append"))
    )
    """Entries an append; without it as the bug wants it that is planted, else as ever."""

    def __attrs_post_init__(self) -> None:
        if self.outside >= self.nodes:
            raise BoundsError(
                f"{self.outside} nodes outside of {self.nodes} leave none inside: give at most {self.nodes - 1}"
            )

    @property
    def names(self) -> str:
        """The nodes."""
        return NAMES[: self.nodes]

    @property
    def founders(self) -> str:
        """The voters with which it begins."""
        return self.names[: self.nodes - self.outside]

    @property
    def alike(self) -> bool:
        """Whether the law treats all names alike. A leader that is removed names its heir, of equals the last by name."""
        return not self.changes

    @property
    def timing(self) -> Timing:
        """How the nodes behave. No duration in it matters: any timer may fire at any step."""
        batch = Timing().batch if self.batch is None else self.batch
        return Timing(ticking=self.rachis, trial=self.rachis, check_quorum=self.rachis, batch=batch)

    @property
    def limits(self) -> tuple[int, ...]:
        """How often each may happen: proposals, crashes, drops, duplicates, beats, changes, reads."""
        return self.entries, self.crashes, self.drops, self.duplicates, self.beats, self.changes, self.reads
