"""The kinds of events in a trace, one class each, with a sentence in English. A trace is a list of `Happened`.

Notes hold facts and resulting values, so that whoever shows or checks a run only reads them and applies no rule again.
Chatter (heartbeats, reports, observer passes that say nothing new) leaves no note.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Generic

import attrs

from cluster.step_fields import json_form
from cluster.steps import Step, recorded_text
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
    """The rule, paper section or promise of this kind; empty if its instances have none in common."""
    digested: ClassVar[tuple[str, ...]] = ()
    """Names of the attributes that enter the digest of a run, in order; empty: all fields."""

    def text(self) -> str:
        """One English sentence, without the node's name in front (the column says it) and without a full stop.

        Ours all have one; of a note of somebody's own that has none it is the note as Python writes it.
        """
        return f"notes {self!r}"


@value
class Agreed(Note):
    """A note that every node makes when it applies entry `index`: a timeline shows it once."""

    index: int


@value
class Happened(Generic[N]):
    """An event of a trace: a note with its place, time and cause. `Happened[Voted]` is one whose note is a `Voted`."""

    seq: int
    """The number of the event in the run, from 1."""
    t: int
    """True time in µs, which no node can read."""
    node: str
    """The node at which it happened; empty for the world and the story."""
    cause: int
    """`seq` of the event that led to it (a delivery, a step of the story, a timer); 0 if no earlier event did."""
    note: N


def as_fields(event: Happened) -> dict[str, Any]:
    """The event as one flat JSON object with stable key order: envelope, fields of the note, sentence."""
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
    if isinstance(event.note, ClientTold):
        told = {"asked": event.note.asked, "outcome": event.note.outcome, "answer": event.note.says}
        return fields | told | {"text": event.note.text()}
    for field in attrs.fields(type(event.note)):
        name = f"{field.name}_" if field.name in fields else field.name  # the envelope has that name already
        fields[name] = getattr(event.note, field.name)
    fields["text"] = event.note.text()
    return fields


# ---- consensus ----


@value
class Delivered(Note):
    """A message landed and was handled. `term`, `role`, `index` and `commit` are the receiver's afterwards."""

    message: str
    """The class of the message."""
    number: str
    """The message's name, for example `A>B#17`: unique in a run, and independent of all other messages."""
    peer: str
    """The sender."""
    sent: int
    """True time of sending in µs."""
    term: int
    role: str
    index: int
    """Last index of the receiver's log."""
    commit: int
    match: int
    """On a leader that took an acceptance: the index up to which it now knows the peer's log to match; else -1."""

    def text(self) -> str:
        return f"takes {self.message} from {self.peer}"


@value
class Lost(Note):
    """A message did not arrive."""

    message: str
    number: str
    peer: str
    """The sender. The node of the event is the receiver."""
    sent: int
    why: str
    """`cut`, `damaged`, `loss` or `down`."""

    def text(self) -> str:
        return f"never gets {self.message} from {self.peer} ({self.why})"


@value
class BecameLeader(Note):
    """The node was elected (§5.2). `votes` counts its own; `index` and `last_term` are of its log's last entry then."""

    term: int
    votes: int
    index: int
    """Last index of its log when it won."""
    last_term: int

    def text(self) -> str:
        return f"leads term {self.term} ({self.votes} vote{'' if self.votes == 1 else 's'})"


@value
class BecameCandidate(Note):
    """The node stands for `term`, or in a trial asks whether it could win it (§5.2; rule 3.10)."""

    term: int
    trial: bool
    """Whether it is a trial election (rule 3.10)."""

    def text(self) -> str:
        return f"asks whether it could win term {self.term}" if self.trial else f"stands for term {self.term}"


@value
class BecameFollower(Note):
    """The node follows `leader` in `term`, or nobody yet if that is empty; `was` is the role it gave up (§5.1, §5.2)."""

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
    """A vote became durable (§5.2). Trials leave no note."""

    term: int
    candidate: str

    def text(self) -> str:
        return f"votes for {self.candidate} in term {self.term}"


@value
class Wrote(Note):
    """The log changed: it now has these entries after entry `after`, and no others there."""

    after: int
    terms: tuple[int, ...]
    digests: tuple[int, ...]
    """32 bits of each entry's content, by which a watcher tells entries apart."""
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
    """A node read its disk at its start."""

    term: int
    vote: str
    index: int
    commit: int
    """The commit index that it knew, up to which it has applied the log again."""
    terms: tuple[int, ...]
    digests: tuple[int, ...]
    torn: int
    """Bytes of a torn last write, which were dropped."""

    def text(self) -> str:
        if not self.index and not self.term:
            return "starts with an empty disk"
        return f"reads its disk: term {self.term}, log up to {self.index}"


@value
class RecoveredSnapshot(Note):
    """A node found a snapshot on its disk at its start; `Recovered` follows with the log after it."""

    rule: ClassVar[str] = "§7"

    index: int
    term: int
    base: int
    """The log begins after this entry."""
    base_term: int

    def text(self) -> str:
        return f"reads a snapshot up to entry {self.index}"


@value
class SnapshotTaken(Note):
    """A node made a snapshot of its applied state."""

    rule: ClassVar[str] = "§7"

    index: int
    """Index of the last entry it covers."""
    term: int
    """Term of that entry."""
    size: int
    """Bytes of its content."""
    digest: int
    """32 bits of state and sessions as the node held them."""

    def text(self) -> str:
        return f"takes a snapshot up to entry {self.index} ({self.size:,} bytes)"


@value
class Compacted(Note):
    """A node dropped the beginning of its log, which its snapshot covers."""

    rule: ClassVar[str] = "§7"

    base: int
    """Index of the last entry that was dropped."""
    entries: int
    """How many entries were dropped."""

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
    """A follower replaced its log by the leader's snapshot."""

    rule: ClassVar[str] = "§7"

    index: int
    term: int
    parts: int

    def text(self) -> str:
        return f"installs a snapshot up to entry {self.index}"


@value
class Restored(Note):
    """A node replaced its applied state by a snapshot's, after a restart or when it installed one."""

    rule: ClassVar[str] = "§7"

    index: int
    digest: int
    """As in `SnapshotTaken`."""

    def text(self) -> str:
        return f"goes on from the state at entry {self.index}"


@value
class StateSampled(Note):
    """A node compared its applied state, as every node does at this entry, also when it applies it again at a restart."""

    index: int
    state: int
    """32 bits of the state after this entry."""
    since: int
    """Index of the first command since the last sample or snapshot."""
    answers: int
    """32 bits of the answers to the commands from there on."""

    def text(self) -> str:
        return f"has state {self.state:08x} at entry {self.index}"


@value
class StateAltered(Note):
    """The state before this entry was sampled, and is no longer what it was now that the entry is applied."""

    index: int
    command: str
    """The class of the command."""

    def text(self) -> str:
        return f"has changed its state in place by {self.command}, entry {self.index}"


@value
class Proposed(Note):
    """A program of the node proposed a command."""

    request: str
    """Client and serial, as `client/serial`."""
    command: str
    """The class of the command."""

    def text(self) -> str:
        return f"proposes {self.command}"


@value
class Answered(Note):
    """A proposal ended for the program that made it."""

    request: str
    command: str
    outcome: str
    """`applied`, `no leader`, `too much` or `unknown`."""
    index: int
    """Index at which it was applied; 0 otherwise."""

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


@value
class ClientTold(Note):
    """A client's request ended. Recorded only in a run with a watcher that sees it; the digest takes in the answer's text."""

    digested: ClassVar[tuple[str, ...]] = ("asked", "outcome", "says")
    ANSWERED: ClassVar[str] = "answered"
    NEVER: ClassVar[str] = "never"
    UNKNOWN: ClassVar[str] = "unknown"

    asked: int
    """`seq` of the step with which the client asked."""
    outcome: str
    """`answered`; `never`: it did not happen and will not; `unknown`: it may have, or may still."""
    answer: Any
    """The answer, or the exception that the client got."""

    @property
    def says(self) -> str:
        """The answer as Python text, an exception by its class and its words."""
        raised = isinstance(self.answer, BaseException)
        return f"{type(self.answer).__name__}: {self.answer}" if raised else repr(self.answer)

    def text(self) -> str:
        return f"tells its client {self.says}"


@value
class HappenedAfterAll(Note):
    """What a program of the node was told not to have happened, and not to happen later, has happened."""

    rule: ClassVar[str] = "3.38"
    request: str
    what: str
    """The class of the command, or the request about the cluster."""
    index: int

    def text(self) -> str:
        return f"finds at entry {self.index} what it had given up for good: {self.what}"


# ---- members, leaders, reads ----


@value
class ConfigurationChanged(Agreed):
    """Another configuration is in force on the node: the last one of its log, committed or not (dissertation, 4.1)."""

    rule: ClassVar[str] = "dissertation, 4.1"
    voters: tuple[str, ...]
    outgoing: tuple[str, ...]
    """The old voters while the configuration is joint (dissertation, 4.3); empty otherwise."""
    learners: tuple[str, ...]
    promotable: tuple[str, ...]

    @property
    def members(self) -> frozenset[str]:
        """Every node of the configuration, with a vote or without."""
        return frozenset((*self.voters, *self.outgoing, *self.learners))

    def text(self) -> str:
        now = " ".join(self.voters) or "nobody"
        says = f"goes by voters {' '.join(self.outgoing)} and {now}" if self.outgoing else f"goes by voters {now}"
        watchers = [name for name in self.learners if name not in self.promotable]
        coming = f", {' '.join(self.promotable)} coming" if self.promotable else ""
        return f"{says}{coming}{', watched by ' + ' '.join(watchers) if watchers else ''} (entry {self.index})"


@value
class PutOutside(Note):
    """A node was told that it is no member any more, and stops standing for election."""

    rule: ClassVar[str] = "3.36"
    term: int

    def text(self) -> str:
        return "is told that it is no member any more, and rests"


@value
class Wished(Note):
    """A node begins to bring a request about the cluster to its leader."""

    request: str
    wish: str

    def text(self) -> str:
        return f"asks the leader for this: {self.wish}"


@value
class WishEnded(Note):
    """A request about the cluster ended for the node that made it."""

    request: str
    wish: str
    index: int
    """Index of the entry as of which it holds, 0 if it needs none; -1 if it failed."""
    why: str

    def text(self) -> str:
        return f"fails with this: {self.why}" if self.index < 0 else f"has its wish: {self.wish}"


@value
class HandingOver(Note):
    """A leader prepares the transfer of its leadership: it takes no command meanwhile (dissertation, 3.10)."""

    rule: ClassVar[str] = "3.12"
    target: str
    term: int

    def text(self) -> str:
        return f"hands leadership to {self.target}"


@value
class HandingOverEnded(Note):
    """The transfer was abandoned: the target did not lead within an election timeout."""

    target: str
    term: int

    def text(self) -> str:
        return f"keeps leading: {self.target} did not take over in time"


@value
class LeadershipTransferred(Note):
    """A node became leader because the leader before told it to stand."""

    rule: ClassVar[str] = "3.12"
    term: int

    def text(self) -> str:
        return f"takes over as it was told, in term {self.term}"


@value
class ReadConfirmed(Note):
    """The node may answer a read from entry `index` on: no other node led when the read was asked (dissertation, 6.4)."""

    weight: ClassVar[int] = 0
    request: str
    index: int

    def text(self) -> str:
        return f"may read up to entry {self.index}"


# ---- the world ----


@value
class Stepped(Note):
    """A step of the story was applied. The digest of a run takes in its text and its sentence."""

    digested: ClassVar[tuple[str, ...]] = ("script", "says")

    step: Step

    @property
    def script(self) -> str:
        """The step as Python text, as it is recorded: durations in whole µs."""
        return recorded_text(self.step)

    @property
    def says(self) -> str:
        """The step in English."""
        return self.step.says()

    def text(self) -> str:
        return self.says


@value
class Said(Note):
    """A line that the story adds to the trace."""

    words: str

    def text(self) -> str:
        return self.words


@value
class Ended(Note):
    """The story is over: what has not happened by now will not."""

    def text(self) -> str:
        return "the story ends"


@value
class Crashed(Note):
    """The node stopped at once: what was not durable is lost."""

    def text(self) -> str:
        return "crashes"


@value
class Stopped(Crashed):
    """The node stopped in order: all that it had written is durable.

    Its memory and its programs are gone as in a crash, so whoever watches for crashes sees it too.
    """

    def text(self) -> str:
        return "stops"


@value
class Started(Note):
    """The node starts: `incarnation` is 1 at the first start and one more at each restart."""

    incarnation: int

    def text(self) -> str:
        return "starts" if self.incarnation == 1 else "starts again"


@value
class Failed(Note):
    """A program of the node ended with an exception, which is a bug of the application; or the node's log could not be used."""

    error: str

    def text(self) -> str:
        return f"program failed: {self.error}"
