"""What may happen in a search, one class a kind; its `repr` can be pasted into `follow`. Who does it is not here."""

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
    """The node's timer fires: patience ends, a round is over, a beat is due."""

    node: str
    unheard: bool = False
    """A leader's, and it has not heard a majority for so long that it gives up (rule 3.27)."""


@value
class Sync:
    """The oldest write of the node becomes durable, and what waited for it is done."""

    node: str


@value
class Propose:
    """A leader is asked for the next command."""

    node: str


@value
class Reconfigure:
    """A leader is asked to change who belongs to the cluster."""

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
    """Up to where its disk knows the log to be committed: what the last durable write says, or what was remembered."""


@value
class Deliver:
    """A message on its way arrives."""

    sender: str
    node: str
    message: Message
    late: bool = False
    """So long after the last sign of a leader that good standing protects nobody (rule 3.22)."""


@value
class Duplicate:
    """A message on its way arrives, and will arrive again."""

    sender: str
    node: str
    message: Message
    late: bool = False


@value
class Drop:
    """A message on its way is lost."""

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
