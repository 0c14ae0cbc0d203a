"""What must be on disk before what may be said. No disk is here, only what is known of it and what waits for it.

Every answer goes through `answer`. It leaves at once if everything it promises is durable; else it rides on a `Save`,
an empty one if there is nothing new to write: Saves complete in order, so that is enough.
"""

import attrs

from cluster.raft.log import Log
from cluster.raft.messages import Message
from cluster.raft.state import Durable, Effect, Follower, Leader, Raft, Save, Send, Stored


def is_durable(raft: Raft, upto: int) -> bool:
    """Whether the disk holds this term, this vote, and the log up to `upto`."""
    durable = raft.durable
    return durable.last >= upto and durable.term == raft.term and durable.vote == raft.vote


def moved(raft: Raft, log: Log, commit: int, role: Follower | Leader, saves: int) -> Raft:
    """The same node with these in place of its own; written out because `attrs.evolve` is ten times as slow."""
    return Raft(
        raft.name,
        raft.configuration,
        raft.configured,
        raft.timing,
        raft.term,
        raft.vote,
        log,
        commit,
        role,
        raft.timeout,
        raft.ticks_from,
        raft.draws,
        raft.wake_at,
        raft.durable,
        saves,
        raft.snapshot,
        raft.incoming,
    )


def save(raft: Raft, then: tuple[Send, ...]) -> tuple[Raft, Save]:
    """Save term and vote as they are now (the log is as it was), and release `then` when that is done."""
    number = raft.saves + 1
    return attrs.evolve(raft, saves=number), Save(raft.term, raft.vote, -1, (), then, number)


def cut(durable: Durable, number: int, after: int) -> Durable:
    """What is known of the disk once Save `number`, which cuts the log to `after`, is on its way."""
    return Durable(durable.term, durable.vote, min(durable.last, after), (*durable.cuts, (number, after)))


def answer(before: Raft, raft: Raft, to: str, message: Message, upto: int = 0) -> tuple[Raft, tuple[Effect, ...]]:
    """Say `message`, which promises the term, the vote and the log up to `upto`, no sooner than that is durable.

    `before` is the node as the step found it. The log is still the same: who writes entries has a Save of its own.
    """
    if raft.term == before.term and raft.vote == before.vote and is_durable(raft, upto):
        return raft, (Send(to, message),)
    raft, saving = save(raft, (Send(to, message),))
    return raft, (saving,)


def stored(raft: Raft, event: Stored) -> Raft:
    """A Save is durable. A Save that cut the log later takes back what this one held beyond the cut."""
    known = raft.durable
    held, cuts = event.last, known.cuts
    if cuts:
        cuts = tuple([(number, after) for number, after in cuts if number > event.number])
        held = min([held, *[after for _, after in cuts]])
    durable = Durable(event.term, event.vote, held if held > known.last else known.last, cuts)
    return Raft(
        raft.name,
        raft.configuration,
        raft.configured,
        raft.timing,
        raft.term,
        raft.vote,
        raft.log,
        raft.commit,
        raft.role,
        raft.timeout,
        raft.ticks_from,
        raft.draws,
        raft.wake_at,
        durable,
        raft.saves,
        raft.snapshot,
        raft.incoming,
    )
