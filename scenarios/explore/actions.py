"""The actions of a search, one class for each kind; the `repr` of one can be pasted into `follow`. Nothing is done here."""

from cluster.raft.configuration_change import Change
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    Confirmed,
    InstallSnapshot,
    Message,
    RequestVote,
    SnapshotReply,
    TimeoutNow,
    VoteReply,
)
from cluster.value import value


@value
class Expire:
    """The node's timer fires: an election timeout, the end of a round of votes, or a heartbeat that is due."""

    node: str
    unheard: bool = False
    """The node is a leader that has not heard from a majority for so long that it steps down (rule 3.27)."""


@value
class Sync:
    """The oldest pending write of the node becomes durable, and what waited for it is done."""

    node: str


@value
class Propose:
    """The next command is proposed to a leader."""

    node: str


@value
class Reconfigure:
    """A leader is asked for a change of the members."""

    node: str
    change: Change


@value
class Read:
    """A leader is asked to confirm a read."""

    node: str


@value
class Crash:
    """The node loses what is not durable, and starts again."""

    node: str
    commit: int
    """The commit index that its disk holds: that of the last durable write, or one remembered since."""


@value
class Deliver:
    """A message in flight arrives."""

    sender: str
    node: str
    message: Message
    late: bool = False
    """It arrives so long after the last sign of a leader that the check for a live leader no longer refuses it (rule 3.22)."""


@value
class Duplicate:
    """A message in flight arrives, and will arrive again."""

    sender: str
    node: str
    message: Message
    late: bool = False


@value
class Drop:
    """A message in flight is lost."""

    sender: str
    node: str
    message: Message


Action = Expire | Sync | Propose | Reconfigure | Read | Crash | Deliver | Duplicate | Drop


def sentence(action: Action) -> str:
    """An action in one sentence, without the node's name."""
    match action:
        case Expire(unheard=unheard):
            return "has heard no majority for too long" if unheard else "loses patience"
        case Sync():
            return "has its oldest write on the disk"
        case Propose():
            return "is asked for a command"
        case Reconfigure(change=change):
            return f"is asked for this: {change.says()}"
        case Read():
            return "is asked to read"
        case Crash():
            return "crashes and starts again"
        case Deliver(sender, _, message, late):
            return f"takes {in_short(message)} from {sender}" + (" after long silence" if late else "")
        case Duplicate(sender, _, message):
            return f"takes a copy of {in_short(message)} from {sender}"
        case Drop(sender, _, message):
            return f"never gets {in_short(message)} from {sender}"


def in_short(message: Message) -> str:
    """A message in a few words."""
    match message:
        case RequestVote(term=term, trial=trial):
            return f"the question for a vote in term {term}" + (" on trial" if trial else "")
        case AppendEntries(term=term, prev_index=prev, entries=entries, commit=commit):
            what = f"entries {prev + 1}..{prev + len(entries)}" if len(entries) > 1 else f"entry {prev + 1}"
            return f"{what if entries else f'a beat after entry {prev}'} of term {term}, commit {commit},"
        case AppendReply(term=term, success=success, match=match):
            return f"{'the acceptance' if success else 'the refusal'} of {match} in term {term}"
        case VoteReply(asked=asked, granted=granted, trial=trial):
            return f"{'the vote' if granted else 'the refusal'} for term {asked}" + (" on trial" if trial else "")
        case TimeoutNow(term=term):
            return f"the word to lead after term {term}"
        case Confirm(term=term) | Confirmed(term=term):
            return f"{'the question' if isinstance(message, Confirm) else 'the answer'} who leads term {term}"
        case InstallSnapshot(index=index, offset=offset):
            return f"the part at byte {offset} of a snapshot up to entry {index}"
        case SnapshotReply(index=index, held=held):
            return f"the word that {held} bytes of the snapshot up to entry {index} are there"
