"""The deviations of the simulator of "Raft Refloated" from Raft, planted in the core by name and taken out again.

Neither breaks a promise, so neither is a bug of the zoo; both change the published figures.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import attrs

from cluster.raft import durability, election, election_timer
from cluster.raft.messages import RequestVote, VoteReply
from cluster.raft.state import Candidate, Follower, Moment, Raft
from scenarios.zoo import Change, replaced

NAMES = "ABCDE"


def one_too_many(original: Any, raft: Raft, candidate: str, request: RequestVote, now: int, *, number: int) -> bool:
    """The servers that may lead are told by number and not by log, and the test `<=` counts from zero: "three eligible" are four."""
    return candidate in NAMES[: number + 1] and bool(original(raft, candidate, request, now))


def refuses_once_deposed(original: Any, raft: Raft, sender: str, request: RequestVote, at: Moment) -> Any:
    """A candidate that a request of a later term deposes checks its role first: it restarts its timer and refuses."""
    if not isinstance(raft.role, Candidate) or request.term <= raft.term:
        return original(raft, sender, request, at)
    after = attrs.evolve(
        election.after_step_down(raft, request.term, None, at),
        role=Follower(None, at.now),
        timeout=election_timer.drawn(raft.timing, False, at.luck),
        draws=raft.draws + 1,
    )
    refusal = VoteReply(after.term, request.term, False, False, 0)
    return durability.answer(raft, election_timer.rewound(after), sender, refusal)


VARIANTS: dict[str, tuple[str, Change]] = {
    "one-too-many": ("cluster.raft.election:may_grant_vote", one_too_many),
    "refuses-once-deposed": ("cluster.raft.election:request_vote", refuses_once_deposed),
}


@contextmanager
def varied(variant: str) -> Iterator[None]:
    """Plant these variants for the duration of the `with` block: names joined by `+`, `one-too-many:3` with its number.

    ValueError for an unknown name; an empty text plants nothing.
    """
    with ExitStack() as stack:
        for each in filter(None, variant.split("+")):
            name, _, number = each.partition(":")
            if name not in VARIANTS:
                raise ValueError(f"there is no variant {name!r}: name one-too-many:N or refuses-once-deposed")
            target, change = VARIANTS[name]
            stack.enter_context(replaced(target, partial(change, number=int(number)) if number else change))
        yield
