"""Bugs of client sessions: which commands of a client the cluster has applied, and which it still expects."""

from typing import Any

import attrs

from cluster.raft.messages import Request
from scenarios.zoo import bug


@bug(
    "cluster.apply_loop:ApplyLoop.entry",
    breaks="once",
    source="zoo K1; dissertation, 6.3; sofa-jraft #1014",
    strikes="storm",
)
def remembers_only_while_it_leads(
    original: Any, self: Any, index: int, request: Request, data: bytes, aloud: bool = True
) -> None:
    """Only a leader remembers which commands it has applied: one that is brought to the next leader again happens again."""
    original(self, index, request, data, aloud)
    if not self.proposals.driver.leading:
        self.sessions = type(self.sessions)()


@bug(
    "cluster.apply_loop:ApplyLoop.entry",
    source="zoo K2; atomix #466, ra #145",
    strikes="the_next_command_does_not_wait",
)
def waits_for_the_one_before(
    original: Any, self: Any, index: int, request: Request, data: bytes, aloud: bool = True
) -> None:
    """A client's command is not applied before the one before it, which may have been given up."""
    before = attrs.evolve(request, serial=request.serial - 1)
    if request.serial == 1 or self.sessions.answer(before) is not None:
        original(self, index, request, data, aloud)
