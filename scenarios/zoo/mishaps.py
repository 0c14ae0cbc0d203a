"""Bugs that show when a node dies, is cut off, loses its leader or has its clock set at the worst moment; each has one story."""

from typing import Any

import attrs

from backup.record.record import Reason
from cluster.time_units import MINUTE
from scenarios.zoo import bug

HALF_AN_HOUR = 30 * MINUTE


@bug(
    "cluster.sim.disk:Disk.settle",
    breaks="durability",
    source="Rebello et al. 2020, Can Applications Recover from fsync Failures?: what a restarted process reads was never synced",
    strikes="the_servers_are_updated",
)
def ends_without_its_last_sync(original: Any, self: Any) -> None:
    """A server that is stopped leaves its last writes to the system, and takes them for durable when it is back."""
    return


@bug(
    "backup.runs.scheduler:Scheduler._arm",
    source="rule 8.5: a run that was missed starts when the node is back",
    strikes="the_node_dies_just_before",
)
def what_was_slept_through_is_passed_over(original: Any, self: Any, key: Any, database: Any, task: Any) -> None:
    """A node that was down plans from when it came back, as an ordinary cron would."""
    if self._member.incarnation > 1 and key not in self._settled:
        self._settled[key] = self._back_at
    original(self, key, database, task)


@bug(
    "backup.runs.scheduler:Scheduler._arm",
    breaks="every backup happens",
    source="rules 8.2, 9.15: who has a run to count from counts from that, also after a restart",
    strikes="an_incremental_that_never_ran",
)
def every_restart_is_the_first(original: Any, self: Any, key: Any, database: Any, task: Any) -> None:
    """A node that restarts counts from then, whatever it has run before."""
    if self._member.incarnation > 1:
        self._settled.setdefault(key, self._back_at)
    original(self, key, database, task)


@bug(
    "backup.runs.chain:_adopted",
    source="rules 11.4, 17.2: what stands in a folder is restored with it",
    strikes="nobody_knows_of_the_file",
)
def a_forgotten_file_stands_beside_its_chain(original: Any, place: Any, chain: Any, file: Any, key: Any) -> Any:
    """The next file continues the last one that is on the books, not the last one that is there."""
    return chain


@bug(
    "backup.record.history:RecordedRuns.with_run",
    source="rule 24.6: told again with the same run is told once",
    strikes="the_leader_changes_during_a_report",
)
def what_is_told_again_is_another_run(original: Any, self: Any, run: Any) -> Any:
    """A report that comes twice, as nobody answered the first one, is two runs."""
    kept = type(self).of(())
    kept._runs, kept._length = [*self, run], len(self) + 1
    for place, known in enumerate(kept._runs):
        kept._put(known, place)
    return kept


@bug("backup.record.responsible_node:_judge", source="rule 7.11", strikes="the_task_moves_meanwhile")
def a_task_goes_home(original: Any, task: Any, topology: Any, current: str | None, rules: Any) -> Any:
    """A task goes back to the node that the hash chose as soon as that one is a member again."""
    node, reason, step = original(task, topology, current, rules)
    if reason is Reason.SAME_RESPONSIBLE_NODE:
        home = original(task, topology, None, rules)
        return (node, reason, step) if home[0] == node else home
    return node, reason, step


@bug("backup.runs.schedule:next_backup", breaks="every backup happens", source="rule 8.2", strikes="the_clock_is_set")
def waits_for_the_future(
    original: Any, task: Any, status: Any, now: int, zone: Any, rules: Any, *rest: Any, **more: Any
) -> Any:
    """A run that by the clock is yet to come counts, as in RavenDB: until then nothing runs."""
    return original(task, status, now, zone, attrs.evolve(rules, future_is_now=False), *rest, **more)


@bug(
    "backup.record.responsible_node:is_leaderless",
    breaks="every backup happens",
    source="rules 7.6, 26.2: who sees a leader computes owners",
    strikes="the_owner_restarts_before_its_first_run",
    remembers=dict,
)
def is_blind_for_half_an_hour(original: Any, member: Any, *, memory: dict[str, int]) -> bool:
    """A node that saw no leader for a moment goes on for half an hour as if there were none."""
    if original(member):
        memory[member.name] = member.wall()
    return bool(member.wall() < memory.get(member.name, -HALF_AN_HOUR) + HALF_AN_HOUR)
