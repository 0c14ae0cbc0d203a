"""What can happen, one class a kind; each says itself in one English sentence. A trace is a list of `Happened`.

Notes are facts with their resulting values: whoever shows or checks a run only reads them and never computes a rule
again. Chatter (heartbeats, reports, observer passes that say nothing new) leaves no note.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Generic

import attrs

from cluster.step_fields import json_form
from cluster.steps import Step
from cluster.value import value

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    N = TypeVar("N", bound="Note", covariant=True, default="Note")
else:
    from typing import TypeVar

    N = TypeVar("N")


@value
class Note:
    """Base of every kind of happening. Fields are ints, strings, bools, None, and tuples of those."""

    rule: ClassVar[str] = ""
    """The rule, paper section or promise this kind of happening belongs to, where it has one for all its instances."""
    digested: ClassVar[tuple[str, ...]] = ()
    """Names of the attributes that the digest of a run takes in, in order; empty: all fields."""

    def text(self) -> str:
        """One English sentence, without the node's name in front (the column says it) and without a full stop."""
        raise NotImplementedError  # every kind of note says itself


@value
class Agreed(Note):
    """Something that every node says when it applies the entry at `index`: a timeline shows it once."""

    index: int


@value
class Happened(Generic[N]):
    """A note in its place: the envelope of every event of a trace. `Happened[Voted]` is one whose note is a `Voted`."""

    seq: int
    """Counts the events of a run from 1."""
    t: int
    """True time in µs, which no node can read."""
    node: str
    """The node it happened at; empty for the world and the story."""
    cause: int
    """`seq` of the event that led to it (the delivery, the step of the story, the timer); 0 where nothing earlier did."""
    note: N


def as_fields(event: Happened) -> dict[str, Any]:
    """The event as one flat JSON object with stable key order: envelope, the note's fields, its sentence."""
    fields: dict[str, Any] = {
        "seq": event.seq,
        "t": event.t,
        "node": event.node,
        "kind": type(event.note).__name__,
        "cause": event.cause,
    }
    if isinstance(event.note, Stepped):
        step = json_form(event.note.step)
        fields |= {"step": event.note.script, "step_kind": step["kind"], "step_fields": step["fields"]}
        return fields | {"says": event.note.says, "text": event.note.text()}
    for field in attrs.fields(type(event.note)):
        name = f"{field.name}_" if field.name in fields else field.name  # the envelope's own words stay its own
        fields[name] = getattr(event.note, field.name)
    fields["text"] = event.note.text()
    return fields


# ---- consensus ----


@value
class Delivered(Note):
    """A message landed and was handled. `term … commit` are the receiver's afterwards."""

    message: str
    """Class of the message."""
    number: str
    """The message's name, for example `A>B#17`: unique in a run, the same whatever else happens."""
    peer: str
    """Who sent it."""
    sent: int
    """True time of sending in µs."""
    term: int
    role: str
    index: int
    """Last index of the receiver's log."""
    commit: int
    match: int
    """On a leader that took an acceptance: what it now believes the peer's log matches up to; -1 elsewhere."""

    def text(self) -> str:
        return f"takes {self.message} from {self.peer}"


@value
class Lost(Note):
    """A message did not arrive."""

    message: str
    number: str
    peer: str
    """Who sent it; the node of the event is the one it was meant for."""
    sent: int
    why: str
    """`cut`, `loss`, `down`."""

    def text(self) -> str:
        return f"never gets {self.message} from {self.peer} ({self.why})"


@value
class BecameLeader(Note):
    term: int
    votes: int
    index: int
    """Last index of its log when it won."""
    last_term: int

    def text(self) -> str:
        return f"leads term {self.term} ({self.votes} vote{'' if self.votes == 1 else 's'})"


@value
class BecameCandidate(Note):
    term: int
    trial: bool
    """Whether it only asks what the answer would be (rule 3.10)."""

    def text(self) -> str:
        return f"asks whether it could win term {self.term}" if self.trial else f"stands for term {self.term}"


@value
class BecameFollower(Note):
    term: int
    leader: str
    """Empty while it knows none."""
    was: str
    """Its role before: `leader`, `candidate`, `follower`, or empty when it has just started."""

    def text(self) -> str:
        if self.was == "leader":
            return (
                f"gives up leading: follows {self.leader} in term {self.term}"
                if self.leader
                else f"gives up leading in term {self.term}"
            )
        return (
            f"follows {self.leader} in term {self.term}" if self.leader else f"follows nobody yet in term {self.term}"
        )


@value
class Voted(Note):
    """A vote became durable (§5.2); trials leave none."""

    term: int
    candidate: str

    def text(self) -> str:
        return f"votes for {self.candidate} in term {self.term}"


@value
class Wrote(Note):
    """The log changed: everything after `after` is now these entries."""

    after: int
    terms: tuple[int, ...]
    digests: tuple[int, ...]
    """32 bits of each entry's content, so that a watcher can tell entries apart."""
    truncated: int
    """How many entries were cut off first."""

    def text(self) -> str:
        last = self.after + len(self.terms)
        cut = f", cutting {self.truncated}" if self.truncated else ""
        return f"writes entry {last}{cut}" if len(self.terms) == 1 else f"writes entries {self.after + 1}..{last}{cut}"


@value
class Committed(Note):
    """The commit index rose and the entries up to it were applied."""

    index: int
    term: int
    """The node's current term."""

    def text(self) -> str:
        return f"commits up to {self.index}"


@value
class Recovered(Note):
    """A node read its disk at start."""

    term: int
    vote: str
    index: int
    commit: int
    """What it knew to be committed, and has applied again."""
    terms: tuple[int, ...]
    digests: tuple[int, ...]
    torn: int
    """Bytes of a torn last write that were dropped."""

    def text(self) -> str:
        if not self.index and not self.term:
            return "starts with an empty disk"
        return f"reads its disk: term {self.term}, log up to {self.index}"


@value
class RecoveredSnapshot(Note):
    """A node found a snapshot on its disk at start, before it read the log behind it (`Recovered` follows)."""

    rule: ClassVar[str] = "§7"

    index: int
    term: int
    base: int
    """The log behind it begins after this entry."""
    base_term: int

    def text(self) -> str:
        return f"reads a snapshot up to entry {self.index}"


@value
class SnapshotTaken(Note):
    """A node has put what it has applied into a snapshot."""

    rule: ClassVar[str] = "§7"

    index: int
    """Of the last entry it stands for."""
    term: int
    """Of that entry."""
    size: int
    """Bytes."""
    digest: int
    """32 bits of state and sessions as the node held them."""

    def text(self) -> str:
        return f"takes a snapshot up to entry {self.index} ({self.size:,} bytes)"


@value
class Compacted(Note):
    """A node's log begins later now: a snapshot stands for what came before."""

    rule: ClassVar[str] = "§7"

    base: int
    """Index of the last entry that is gone."""
    entries: int
    """How many went."""

    def text(self) -> str:
        return f"forgets {self.entries} entr{'y' if self.entries == 1 else 'ies'} of its log, up to {self.base}"


@value
class SnapshotSent(Note):
    """A leader begins to send its snapshot to a node whose next entry is compacted away."""

    rule: ClassVar[str] = "§7"

    peer: str
    index: int
    size: int
    parts: int
    """In how many messages."""

    def text(self) -> str:
        return f"sends {self.peer} its snapshot up to entry {self.index} in {self.parts} part{'' if self.parts == 1 else 's'}"


@value
class SnapshotInstalled(Note):
    """A follower put the leader's snapshot in the place of its log."""

    rule: ClassVar[str] = "§7"

    index: int
    term: int
    parts: int

    def text(self) -> str:
        return f"installs a snapshot up to entry {self.index}"


@value
class Restored(Note):
    """A node's applied state is a snapshot's now, after a restart or because it was installed."""

    rule: ClassVar[str] = "§7"

    index: int
    digest: int
    """As in `SnapshotTaken`."""

    def text(self) -> str:
        return f"goes on from the state at entry {self.index}"


@value
class Proposed(Note):
    """A program of the node asked for a command."""

    request: str
    """`client/serial`."""
    command: str
    """Class of the command."""

    def text(self) -> str:
        return f"proposes {self.command}"


@value
class Answered(Note):
    """A proposal came to its end for the program that made it."""

    request: str
    command: str
    outcome: str
    """`applied`, `no leader`, `too much`, `unknown`."""
    index: int
    """Where it was applied; 0 otherwise."""

    def text(self) -> str:
        match self.outcome:
            case "applied":
                return f"has {self.command} at entry {self.index}"
            case "no leader":
                return f"gives up {self.command}: no leader within the operation timeout"
            case "too much":
                return f"gives up {self.command}: too much waits to be committed"
            case _:
                return f"cannot tell whether {self.command} happened"


# ---- members, leaders, reads ----


@value
class ConfigurationChanged(Agreed):
    """Another configuration is in force on the node, because its log ends with it, committed or not (dissertation, 4.1)."""

    rule: ClassVar[str] = "dissertation, 4.1"
    voters: tuple[str, ...]
    outgoing: tuple[str, ...]
    """Not empty while two majorities must agree (dissertation, 4.3)."""
    learners: tuple[str, ...]
    promotable: tuple[str, ...]

    def text(self) -> str:
        now = " ".join(self.voters) or "nobody"
        says = f"goes by voters {' '.join(self.outgoing)} and {now}" if self.outgoing else f"goes by voters {now}"
        watchers = [name for name in self.learners if name not in self.promotable]
        coming = f", {' '.join(self.promotable)} coming" if self.promotable else ""
        return f"{says}{coming}{', watched by ' + ' '.join(watchers) if watchers else ''} (entry {self.index})"


@value
class PutOutside(Note):
    """A node that is no member any more was told so, and rests."""

    rule: ClassVar[str] = "3.36"
    term: int

    def text(self) -> str:
        return "is told that it is no member any more, and rests"


@value
class Wished(Note):
    """A node brings a wish about the cluster to its leader."""

    request: str
    wish: str

    def text(self) -> str:
        return f"asks the leader for this: {self.wish}"


@value
class WishEnded(Note):
    """How a wish ended for who asked."""

    request: str
    wish: str
    index: int
    """Of the entry that made it so, 0 if it needs none; -1 if it failed."""
    why: str

    def text(self) -> str:
        return f"fails with this: {self.why}" if self.index < 0 else f"has its wish: {self.wish}"


@value
class HandingOver(Note):
    """A leader takes no command and brings its heir up to date (dissertation, 3.10)."""

    rule: ClassVar[str] = "3.12"
    target: str
    term: int

    def text(self) -> str:
        return f"hands leadership to {self.target}"


@value
class HandingOverEnded(Note):
    """The heir did not lead within an election timeout: all is as before."""

    target: str
    term: int

    def text(self) -> str:
        return f"keeps leading: {self.target} did not take over in time"


@value
class LeadershipTransferred(Note):
    """A node leads because the leader before told it to stand."""

    rule: ClassVar[str] = "3.12"
    term: int

    def text(self) -> str:
        return f"takes over as it was told, in term {self.term}"


@value
class ReadConfirmed(Note):
    """What is committed up to there may be read on the node: nobody else led when it was asked (dissertation, 6.4)."""

    weight: ClassVar[int] = 0
    request: str
    index: int

    def text(self) -> str:
        return f"may read up to entry {self.index}"


# ---- the world ----


@value
class Stepped(Note):
    """A verb of the story was applied. The digest of a run takes in its text and its sentence."""

    digested: ClassVar[tuple[str, ...]] = ("script", "says")

    step: Step

    @property
    def script(self) -> str:
        """The step as Python text that can be pasted into a story."""
        return repr(self.step)

    @property
    def says(self) -> str:
        """The step in English."""
        return self.step.says()

    def text(self) -> str:
        return self.says


@value
class Said(Note):
    """The story's own voice."""

    words: str

    def text(self) -> str:
        return self.words


@value
class Ended(Note):
    """The story is over, and so is time: what has not happened by now will not."""

    def text(self) -> str:
        return "the story ends"


@value
class Crashed(Note):
    def text(self) -> str:
        return "crashes"


@value
class Started(Note):
    incarnation: int

    def text(self) -> str:
        return "starts" if self.incarnation == 1 else "starts again"


@value
class Failed(Note):
    """A program of the node ended with an error: a bug of the application, shown where it happened."""

    error: str

    def text(self) -> str:
        return f"program failed: {self.error}"
