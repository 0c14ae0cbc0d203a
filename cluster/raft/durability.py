"""What must be on disk before what may be said: what is known of the disk, and which messages wait for it.

Every answer goes through `answer`. It leaves at once if everything it promises is durable; else it waits in the `then`
of a `Save`, which writes nothing if there is nothing new. Saves complete in order, so that is enough.
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
    """The node with these four fields replaced. It is written out because `attrs.evolve` takes ten times as long."""
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
    """A Save of the term and the vote, with the log unchanged; it releases `then` when it is durable."""
    number = raft.saves + 1
    return attrs.evolve(raft, saves=number), Save(raft.term, raft.vote, -1, (), then, number)


def cut(durable: Durable, number: int, after: int) -> Durable:
    """What is known of the disk once Save `number`, which cuts the log to `after`, was requested and is not yet durable."""
    return Durable(durable.term, durable.vote, min(durable.last, after), (*durable.cuts, (number, after)))


def answer(before: Raft, raft: Raft, to: str, message: Message, upto: int = 0) -> tuple[Raft, tuple[Effect, ...]]:
    """Send `message` once the term, the vote and the log up to `upto`, which it promises, are durable.

    `before` is the node as the step found it. The step has not changed the log: a step that writes entries makes its
    own Save.
    """
    if raft.term == before.term and raft.vote == before.vote and is_durable(raft, upto):
        return raft, (Send(to, message),)
    raft, saving = save(raft, (Send(to, message),))
    return raft, (saving,)


def stored(raft: Raft, event: Stored) -> Raft:
    """Record that a Save is durable. Where a later Save has cut the log, this one vouches for nothing beyond the cut."""
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
