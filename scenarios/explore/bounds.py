"""The bounds of a search, and the timing of its nodes. Values only; nothing here searches."""

from typing import Any

import attrs

from cluster.raft.timing import Timing
from cluster.value import value

NAMES = "ABCDE"
"""The names of the nodes, from the first on. More than five would have more than 120 renamings, which every state is given."""
PROPOSED, CRASHED, DROPPED, DUPLICATED, BEATEN, CHANGED, READ = range(7)
"""The positions in `Bounds.limits`, and in what a state has spent of them."""

MOST = 2_000_000
"""The number of states at which a search ends by default: about 1 GB of memory, and a minute."""


class BoundsError(ValueError):
    """The search that was asked for is impossible. One sentence: the value, and the remedy."""


def _within(least: int, most: int, what: str) -> Any:
    def check(_: object, field: "attrs.Attribute[Any]", given: int) -> None:
        if not least <= given <= most:
            raise BoundsError(f"{given} {what} cannot be searched: give {field.name} between {least} and {most}")

    return check


@value
class Bounds:
    """The bounds that make a search finite; within them every interleaving is tried."""

    nodes: int = attrs.field(default=3, validator=_within(1, len(NAMES), "nodes"))
    """Number of nodes, 1 to 5."""
    terms: int = attrs.field(default=2, validator=_within(1, 99, "terms"))
    """The greatest term: no node stands for a later one."""
    entries: int = attrs.field(default=1, validator=_within(0, 99, "entries"))
    """Commands proposed in the whole run, beside the empty entry with which each leader begins."""
    crashes: int = attrs.field(default=0, validator=_within(0, 99, "crashes"))
    """Crashes in the whole run; a node that crashes starts again at once from its disk (being down is the same as being slow)."""
    drops: int = attrs.field(default=0, validator=_within(0, 99, "drops"))
    """Messages lost. No promise needs it: any message may be late for ever, so a lost one is the same as one never delivered."""
    duplicates: int = attrs.field(default=0, validator=_within(0, 99, "duplicates"))
    """Messages delivered a second time."""
    beats: int = attrs.field(default=0, validator=_within(0, 99, "beats"))
    """Repeated rounds: heartbeats of a leader, or repeated requests of a candidate on trial."""
    changes: int = attrs.field(default=0, validator=_within(0, 99, "changes"))
    """Changes of the members asked of a leader: a member leaves, or a node outside becomes a voter."""
    reads: int = attrs.field(default=0, validator=_within(0, 99, "reads"))
    """Reads that a leader is asked to confirm."""
    outside: int = attrs.field(default=0, validator=_within(0, len(NAMES) - 1, "nodes outside"))
    """The number of nodes, the last ones, that do not belong to the cluster at the beginning."""
    pairs: bool = False
    """A change may also add or remove two nodes at once, through a joint configuration."""
    rachis: bool = False
    """RavenDB's elections (trial election, check for a live leader, check of the quorum); without it the paper's."""
    instant_disk: bool = False
    """A save is durable before anything else happens: far fewer states, and no bug that needs a slow disk."""
    batch: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(_within(1, 10_000, "entries an append"))
    )
    """Entries in one append; None: the number that the planted bug needs, or else the default."""

    def __attrs_post_init__(self) -> None:
        if self.outside >= self.nodes:
            raise BoundsError(
                f"{self.outside} nodes outside of {self.nodes} leave none inside: give at most {self.nodes - 1}"
            )

    @property
    def names(self) -> str:
        """The names of the nodes."""
        return NAMES[: self.nodes]

    @property
    def founders(self) -> str:
        """The voters of the first configuration."""
        return self.names[: self.nodes - self.outside]

    @property
    def alike(self) -> bool:
        """Whether the core treats all names alike. A leader that is removed prefers, of equal successors, the last by name."""
        return not self.changes

    @property
    def timing(self) -> Timing:
        """The timing of the nodes. No duration in it matters: any timer may fire at any step."""
        batch = Timing().batch if self.batch is None else self.batch
        return Timing(ticking=self.rachis, trial=self.rachis, check_quorum=self.rachis, batch=batch)

    @property
    def limits(self) -> tuple[int, ...]:
        """The greatest number of each: proposals, crashes, drops, duplicates, beats, changes, reads."""
        return self.entries, self.crashes, self.drops, self.duplicates, self.beats, self.changes, self.reads
