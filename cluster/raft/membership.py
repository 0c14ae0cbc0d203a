"""When the configuration may change, and what its leader does about it by itself (dissertation, chapter 4; rules 3.35, 3.36).

One change at a time, and none before an entry of the own term is committed (Ongaro's correction of 2015). It is in force
as soon as it is appended. Whoever it removes still gets the log until the removal is committed, so that it learns of it.
"""

from collections.abc import Sequence

import attrs

from cluster.raft import active_configuration, configuration_change, election, replication, transfer
from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, CannotChange, Change, Place, Way
from cluster.raft.messages import Reconfiguration, Request
from cluster.raft.progress import Progress
from cluster.raft.state import ChangeProposed, Effect, Leader, Moment, Raft, Refuse

# ---- asked for ----


def reason_to_wait(raft: Raft, role: Leader) -> str:
    """Why no change may begin just now; empty if one may."""
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
    """Append the configuration that the change leads to, or say why not."""
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
    """The leader appends the configuration, which is in force from now on; new members are told of the log at once."""
    entry = Reconfiguration(raft.term, request, b"", after)
    raft = active_configuration.extended(raft, raft.log.last_index, (entry,))
    return replication.append(with_peers(raft, at.now), (entry,))


def with_peers(raft: Raft, now: int) -> Raft:
    """A leader that replicates to the members, and to those who leave until that is committed."""
    role, last = raft.role, raft.log.last_index
    assert isinstance(role, Leader)
    known = dict(role.peers)
    departing = known if active_configuration.unsettled(raft) else {}
    # A newcomer counts as heard just now, so that it does not trip the check of the quorum.
    fresh = Progress(0, last + 1, True, (), now, role.beat)
    names = sorted({*raft.peers, *departing})
    peers = tuple([(name, known.get(name, fresh)) for name in names])
    beats, wake_at = role.beat, raft.wake_at
    if peers and not role.peers:  # it led nobody, and had no beat
        beats = (now - role.beats_from) // raft.timing.heartbeat
        wake_at = role.beats_from + (beats + 1) * raft.timing.heartbeat
    # Another configuration is another majority: no lease outlives it, and a round under way begins anew.
    reading = attrs.evolve(role.reading, lease_from=None)
    role = attrs.evolve(role, peers=peers, beat=beats, reading=reading)
    return attrs.evolve(raft, role=role, wake_at=wake_at)


# ---- by itself ----


def after_progress(before: Raft, raft: Raft, effects: Sequence[Effect], at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """The leader learned how far others are, or committed: what that means for the configuration."""
    role = raft.role
    if not isinstance(role, Leader):
        return raft, effects
    if before.commit < active_configuration.since(raft) <= raft.commit:
        if not raft.configuration.votes(raft.name):  # dissertation, 4.2.2: it led without counting itself until now
            return stepped_aside(raft, effects, at)
        raft = with_peers(raft, at.now)  # who has left is told nothing more
    if not raft.configuration.unfinished or not may_act_by_itself(raft):
        return raft, effects
    after = next_by_itself(raft)
    if after is None:
        return raft, effects
    raft, more = reconfigured(raft, after, None, at)
    return raft, [*effects, *more]


def may_act_by_itself(raft: Raft) -> bool:
    """Whether the leader may change the configuration unasked: as for who asks, but that it may end a joint one."""
    role = raft.role
    assert isinstance(role, Leader)
    if raft.configuration.joint:
        return role.ready and not active_configuration.unsettled(raft)
    return not reason_to_wait(raft, role)


def next_by_itself(raft: Raft) -> Configuration | None:
    """The end of a joint configuration, or a learner made a voter that has caught up; None if nothing is to be done."""
    now, role = raft.configuration, raft.role
    assert isinstance(role, Leader)
    if now.joint:
        return configuration_change.changed(now, Change(way=Way.Leave)) if now.auto_leave else None
    for name, progress in role.peers:
        if name in now.promotable and has_caught_up(raft, progress):
            return configuration_change.simple(now, (Alteration(name, Place.Voter),))
    return None


def has_caught_up(raft: Raft, progress: Progress) -> bool:
    """Rule 3.35, dissertation 4.2.1: it holds all that is committed, so its vote will hold up no commit.

    Rule 3.35 asks for the last index: under a steady load a learner that is one append behind would wait for ever.
    """
    return not progress.probing and progress.match >= raft.commit


def stepped_aside(raft: Raft, effects: Sequence[Effect], at: Moment) -> tuple[Raft, Sequence[Effect]]:
    """A leader whose own removal is committed: it hands over to whoever is furthest, and leads no more (rule 3.28)."""
    told = transfer.farewell(raft)
    return election.after_step_down(raft, raft.term, None, at), [*effects, *told]
