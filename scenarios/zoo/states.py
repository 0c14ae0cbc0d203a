"""Bugs of an application: its `apply` goes by something else than the state and the command, so that nodes come apart."""

from random import Random
from typing import Any

from scenarios.zoo import bug

SOURCE = "Schneider 1990, section 2: a state machine is deterministic"


@bug("scenarios.register:Register.apply", breaks="equal states", source=SOURCE, remembers=lambda: Random(7))
def draws_luck_in_apply(original: Any, self: Any, state: Any, command: Any, index: int, *, memory: Random) -> Any:
    """Each node draws its own luck as it applies a command, and keeps what came of it."""
    after, answer = original(self, state, command, index)
    return {**after, "luck": memory.randrange(1 << 30)}, answer


@bug("scenarios.register:Register.apply", breaks="equal states", source=SOURCE)
def reads_a_clock_in_apply(original: Any, self: Any, state: Any, command: Any, index: int) -> Any:
    """A command gets the time at which each node applies it, which no two nodes do at once."""
    after, answer = original(self, state, command, index)
    member = getattr(self, "member", None)
    return {**after, "at": 0 if member is None else member.wall()}, answer


@bug("scenarios.register:Register.apply", breaks="equal states", source="the contract of Application.apply")
def changes_the_state_in_place(original: Any, self: Any, state: Any, command: Any, index: int) -> Any:
    """A command changes the state it was given and returns that: whoever looked at it before sees it change."""
    after, answer = original(self, state, command, index)
    state.update(after)
    return state, answer
