"""Bugs of client sessions: which commands of a client the cluster has applied, and which it still expects."""

from typing import Any

import attrs

from cluster.raft.messages import Request
from cluster.raft.timing import Compaction, Timing
from scenarios.zoo import bug


@bug(
    "cluster.apply_loop:ApplyLoop.entry",
    breaks="equal states",
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


@bug(
    "cluster.proposals:Lives.later",
    breaks="once",
    source="zoo K1's family; dissertation, 6.3: what becomes of a session that has ended",
    strikes="a_command_of_an_earlier_life",
)
def an_ended_session_begins_anew(original: Any, self: Any, client: str) -> None:
    """A command whose session has ended counts as a new client's first: it happens again."""


@bug(
    "cluster.apply_loop:ApplyLoop.entry",
    breaks="equal snapshots",
    source="zoo K1's family; dissertation, 6.3: servers must agree on when to expire a session",
    strikes="storm",
    timing=Timing(compaction=Compaction(entries=4, growth=0, margin=2)),
)
def sessions_end_where_nobody_leads(
    original: Any, self: Any, index: int, request: Request, data: bytes, aloud: bool = True
) -> None:
    """A leader keeps the sessions that its followers end."""
    before = [(client, self.sessions.floor(client), answers) for client, answers in self.sessions.by_client()]
    original(self, index, request, data, aloud)
    if self.proposals.driver.leading:
        known = {client for client, _ in self.sessions.by_client()}
        for client, floor, answers in before:
            if client not in known:
                self.sessions._answers[client], self.sessions._floors[client] = dict(answers), floor


@bug(
    "cluster.proposal_forwarding:ProposalForwarding._out_of_time",
    breaks="definite answers",
    source="rule 3.38; Jepsen, etcd 3.4.3: a timeout that is told as a failure",
    strikes="the_leader_changes_during_a_report",
)
def gives_up_what_was_sent(original: Any, self: Any, pending: Any) -> None:
    """A command that was sent and not answered in time is told as one that was never taken."""
    for attempt in range(1, pending.asked + 1):
        pending.declined(attempt)
    original(self, pending)


@bug(
    "cluster.admin_requests:AdminRequests.denied",
    breaks="definite answers",
    source="rule 3.38; Jepsen, etcd 3.4.3: a timeout that is told as a failure",
    strikes="the_first_copy_comes_last",
)
def believes_the_first_refusal(original: Any, self: Any, request: Request, attempt: int, why: str, final: bool) -> None:
    """A refusal for good is told as definite, while another attempt of the same request is under way."""
    pending = self.pending.get(request)
    if pending is not None and final:
        pending.open.clear()
    original(self, request, attempt, why, final)
