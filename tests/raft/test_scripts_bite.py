"""Scripts must be able to fail: bugs that others shipped, planted one at a time, and a script that ends otherwise with each.

A script fails by what it expects or by a promise, not by what is recorded: so recording again would not hide the bug.
"""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from cluster.raft import election, membership, reads, replication, transfer
from tests.raft.script import ScriptError, played
from tests.raft.test_scripts import SCRIPTS


def cut_at_prev(log: Any, prev_index: int, entries: Any) -> Any:
    return (prev_index, entries) if entries else (-1, ())


def forgetful(raft: Any, term: int, leader: Any, at: Any, right: Callable[..., Any] = election.after_step_down) -> Any:
    return attrs.evolve(right(raft, term, leader, at), vote=None)


def commit_all(raft: Any, log: Any, request: Any) -> Any:
    return max(raft.commit, min(request.commit, log.last_index))


PLANTED: list[tuple[str, object, str, Callable[..., Any]]] = [
    ("ccf/ackuracy", replication, "ack_index", lambda log, request: log.last_index),
    ("ccf/follower_overcommit_partial_verified", replication, "follower_commit", commit_all),
    ("ccf/matching_partial", replication, "entries_to_write", cut_at_prev),
    ("ccf/rollback_safety", replication, "counts_as_answer", lambda raft, reply: True),
    ("ccf/former_candidate_double_vote", election, "after_step_down", forgetful),
    ("ccf/pre_vote_double_leader", election, "after_step_down", forgetful),
    ("ccf/late_nomination", transfer, "timeout_now", lambda raft, *_: (attrs.evolve(raft, vote=None, term=9), ())),
    ("ccf/election_while_reconfiguration", replication, "agreed_index", lambda raft, stored, peers: stored),
    ("etcd/cannot_commit_without_new_term_entry", replication, "may_commit", lambda raft, index: True),
    ("etcd/prevote", election, "log_is_up_to_date", lambda *_: True),
    ("etcd/checkquorum", election, "may_grant_vote", lambda *_: True),
    ("etcd/superseding_with_check_quorum", election, "in_good_standing", lambda raft, now: False),
    ("etcd/stepdown_when_quorum_lost", replication, "hears_quorum", lambda *_: True),
    ("etcd/stepdown_when_quorum_active", replication, "hears_quorum", lambda *_: False),
    ("etcd/new_leader_pending_config", membership, "reason_to_wait", lambda raft, role: ""),
    ("etcd/transfer_to_slow_follower", transfer, "is_ready", lambda raft, progress: True),
    ("etcd/transfer_timeout", transfer, "given_up", lambda role, now: role),
    ("etcd/transfer_to_learner", transfer, "reason_against", lambda raft, target: ""),
    ("etcd/node_read_index_to_old_leader", reads, "has_majority", lambda raft, reading: True),
    ("toydb/request_leader_read_quorum", reads, "has_majority", lambda raft, reading: True),
    ("toydb/request_leader_change_linearizability", reads, "may_read", lambda role: True),
    ("toydb/heartbeat_old_commit_index", replication, "follower_commit", lambda raft, log, request: request.commit),
    ("toydb/heartbeat_lost_append_single", replication, "counts_as_answer", lambda raft, reply: not reply.beat),
]


@pytest.mark.parametrize(
    ("script", "module", "rule", "bug"), PLANTED, ids=[f"{script}-{rule}" for script, _, rule, _ in PLANTED]
)
def test_a_planted_bug_fails_its_script(
    script: str, module: object, rule: str, bug: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same script that holds without it."""
    text = (SCRIPTS / f"{script}.script").read_text(encoding="utf-8")
    assert played(text) == text
    monkeypatch.setattr(module, rule, bug)
    with pytest.raises(ScriptError):
        played(text)
