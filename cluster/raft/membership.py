"""When the configuration may change, and the changes its leader makes unasked (dissertation, chapter 4; rules 3.35, 3.36).

There is one change at a time, and none before an entry of the leader's own term is committed (Ongaro's correction of
2015). A configuration is in force as soon as it is appended. A removed node still gets the log until its removal is
committed, so that it learns of it.
"""

from collections.abc import Sequence

import attrs

from cluster.raft import active_configuration, configuration_change, election, replication, transfer
from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, CannotChange, Change, MemberPlace, Way
from cluster.raft.messages import Reconfiguration, Request
from cluster.raft.progress import Progress
from cluster.raft.state import ChangeProposed, Effect, Leader, Moment, Raft, Refuse

# ---- changes on request ----


def reason_to_wait(raft: Raft, role: Leader) -> str:
    """A sentence that says why no change may begin now; empty if one may."""
    if not role.ready:
        return f"{raft.name} has not committed an entry of its own term {raft.term} yet"  # Ongaro 2015
    if active_configuration.unsettled(raft):
        return f"the change at entry {active_configuration.since(raft)} is not committed yet"  # dissertation, 4.1: one at a time
    if raft.configuration.joint and raft.configuration.auto_leave:
        return "the joint configuration is about to end"
    if role.transfer is not None:
        return f"{raft.name} is handing leadership to {role.transfer.target}"
    return ""


def change_proposed(raft: Raft, event: ChangeProposed, at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Append the configuration that the requested change leads to, or refuse with a reason."""
    role = raft.role
    if not isinstance(role, Leader):
        return raft, (Refuse(event.request),)
    wait = reason_to_wait(raft, role)
    if wait:
        return raft, (Refuse(event.request, f"{event.change.says()}? Not now: {wait}"),)
    try:
        after = configuration_change.changed(raft.configuration, event.change)
    except CannotChange as error:
        return raft, (Refuse(event.request, str(error), final=True),)
    return reconfigured(raft, after, event.request, at)


def reconfigured(
    raft: Raft, after: Configuration, request: Request | None, at: Moment
) -> tuple[Raft, Sequence[Effect]]:
    """Append the configuration, which is in force from now on, and send the log to new members at once."""
    entry = Reconfiguration(raft.term, request, b"", after)
    raft = active_configuration.extended(raft, raft.log.last_index, (entry,))
    return replication.append(with_peers(raft, at.now), (entry,))


def with_peers(raft: Raft, now: int) -> Raft:
    """The leader with an entry in `peers` for every member and, until the change is committed, for every leaving node."""
    role, last = raft.role, raft.log.last_index
    assert isinstance(role, Leader)
    known = dict(role.peers)
    departing = known if active_configuration.unsettled(raft) else {}
    # A new member counts as heard just now, so that check-quorum does not fail because of it.
    fresh = Progress(0, last + 1, True, (), now, role.beat)
    names = sorted({*raft.peers, *departing})
    peers = tuple([(name, known.get(name, fresh)) for name in names])
    beats, wake_at = role.beat, raft.wake_at
    if peers and not role.peers:  # the leader was the only member, so it sent no heartbeats
        beats = (now - role.beats_from) // raft.timing.heartbeat
        wake_at = role.beats_from + (beats + 1) * raft.timing.heartbeat
    # Another configuration has another majority: leases end, and a round under way must be confirmed anew.
    reading = attrs.evolve(role.reading, lease_from=None)
    role = attrs.evolve(role, peers=peers, beat=beats, reading=reading)
    return attrs.evolve(raft, role=role, wake_at=wake_at)


# ---- changes by the leader itself ----


def after_progress(before: Raft, raft: Raft, effects: Sequence[Effect], at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """Make the changes that follow from what the leader has learned of its peers' logs or has committed."""
    role = raft.role
    if not isinstance(role, Leader):
        return raft, effects
    if before.commit < active_configuration.since(raft) <= raft.commit:
        if not raft.configuration.votes(raft.name):  # dissertation, 4.2.2: until now it led without counting itself
            return stepped_aside(raft, effects, at)
        raft = with_peers(raft, at.now)  # removed nodes get nothing more
    if not raft.configuration.unfinished or not may_act_by_itself(raft):
        return raft, effects
    after = next_by_itself(raft)
    if after is None:
        return raft, effects
    raft, more = reconfigured(raft, after, None, at)
    return raft, [*effects, *more]


def may_act_by_itself(raft: Raft) -> bool:
    """Whether the leader may change the configuration unasked; unlike a request, it may also leave a joint one."""
    role = raft.role
    assert isinstance(role, Leader)
    if raft.configuration.joint:
        return role.ready and not active_configuration.unsettled(raft)
    return not reason_to_wait(raft, role)


def next_by_itself(raft: Raft) -> Configuration | None:
    """The next configuration: out of the joint one, or with a promoted learner that has caught up; None if none is due."""
    now, role = raft.configuration, raft.role
    assert isinstance(role, Leader)
    if now.joint:
        return configuration_change.changed(now, Change(way=Way.Leave)) if now.auto_leave else None
    for name, progress in role.peers:
        if name in now.promotable and has_caught_up(raft, progress):
            return configuration_change.simple(now, (Alteration(name, MemberPlace.Voter),))
    return None


def has_caught_up(raft: Raft, progress: Progress) -> bool:
    """Whether a learner holds all that is committed, so that its vote delays no commit (rule 3.35; dissertation, 4.2.1).

    Rule 3.35 asks for the last index, which a learner one append behind would never reach under a steady load.
    """
    return not progress.probing and progress.match >= raft.commit


def stepped_aside(raft: Raft, effects: Sequence[Effect], at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """The leader once its own removal is committed: it names the voter with the longest log and steps down (rule 3.28)."""
    told = transfer.farewell(raft)
    return election.after_step_down(raft, raft.term, None, at), [*effects, *told]
