"""What the simulator of "Raft Refloated" did otherwise than Raft, planted in the core by name and taken out again.

Neither breaks a promise, so neither is a bug of the zoo; both move the published figures. Raft itself is not in here.

`one-too-many`: who may lead is told by number and not by log, and the test is off by one: "three eligible" are four.
`refuses-once-deposed`: a candidate that a vote request of a later term deposes looks at its role before the message, so
it restarts its timer and refuses that vote.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from cluster.raft import durability, election, election_timer
from cluster.raft.messages import RequestVote, VoteReply
from cluster.raft.state import Candidate, Effect, Follower, Moment, Raft

NAMES = "ABCDE"
Voting = Callable[[Raft, str, RequestVote, Moment], tuple[Raft, tuple[Effect, ...]]]
Granting = Callable[[Raft, str, RequestVote, int], bool]


def one_too_many(eligible: int, original: Granting) -> Granting:
    """Counted from zero, `number <= eligible` is one more than meant; whose number it is not gets no vote."""
    chosen = NAMES[: eligible + 1]

    def may_grant_vote(raft: Raft, candidate: str, request: RequestVote, now: int) -> bool:
        return candidate in chosen and original(raft, candidate, request, now)

    return may_grant_vote


def refuses_once_deposed(original: Voting) -> Voting:
    """A deposed candidate begins a timer and says no."""

    def request_vote(raft: Raft, sender: str, request: RequestVote, at: Moment) -> tuple[Raft, tuple[Effect, ...]]:
        if not isinstance(raft.role, Candidate) or request.term <= raft.term:
            return original(raft, sender, request, at)
        after = attrs.evolve(
            election.after_step_down(raft, request.term, None, at),
            role=Follower(None, at.now),
            timeout=election_timer.drawn(raft.timing, False, at.luck),
            draws=raft.draws + 1,
        )
        return durability.answer(
            raft, election_timer.rewound(after), sender, VoteReply(after.term, request.term, False, False, 0)
        )

    return request_vote


@contextmanager
def varied(variant: str) -> Iterator[None]:
    """Run what stands below with these planted: names with `+` between them, `one-too-many:3` with its number.

    ValueError for a name that is none; an empty text plants nothing.
    """
    place: Any = election
    originals = {name: getattr(place, name) for name in ("may_grant_vote", "request_vote")}
    try:
        for each in filter(None, variant.split("+")):
            name, _, number = each.partition(":")
            match name:
                case "one-too-many":
                    place.may_grant_vote = one_too_many(int(number), place.may_grant_vote)
                case "refuses-once-deposed":
                    place.request_vote = refuses_once_deposed(place.request_vote)
                case _:
                    raise ValueError(f"there is no variant {name!r}: name one-too-many:N or refuses-once-deposed")
        yield
    finally:
        for name, original in originals.items():
            setattr(place, name, original)
