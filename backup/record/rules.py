"""Every way in which RavenDB's generations of backups and ours differ, one field each, and the presets by name.

Nothing here decides anything: the rules are applied where they belong (ownership, calendar, observer, runner).
There are no other switches anywhere in the domain.
"""

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from cluster.time_units import MILLISECOND, MINUTE, SECOND
from cluster.value import value


@value
class Rules:
    """One generation of behaviour. Durations are µs. The defaults are `unkindness`."""

    name: str = "unkindness"

    # ---- who runs a backup ----

    assigned: bool = True
    """The leader's observer decides the responsible node and stores it through the log (rule 7.8).
    False: each node computes it for itself (rules 7.5 to 7.7)."""
    sticky: bool = True
    """Computed only: the node that ran last keeps the task while it is a Member (rule 7.5.3c)."""
    highly_available_tasks: bool = True
    """The licence lets tasks move off a node that does not respond (rules 7.5.3b, 7.8.7)."""
    move_grace: int = 30 * MINUTE
    """How long a node that does not respond keeps its task (rule 7.8). 0: it moves in the pass that sees it."""

    runs_outside: bool = False
    """A node that was removed from the cluster goes on with what it takes for its own: the task that it ran last, or
    that its copy of the record gives it (rules 7.6, 7.9). False: it rests with its database, as a node of no cluster
    (a repair of 3.36, for the cluster has given the task to another)."""

    # ---- what a run knows of the runs before it ----

    local_status: bool = True
    """Each node schedules from a status of its own, beside the cluster's copy (rules 8.10 to 8.12, 9.15)."""
    full_on_owner_change: bool = False
    """A run on another node than the last one is full (rule 8.6)."""
    takes_over_uncovered: bool = True
    """A new owner without a status of its own starts from the cluster's last known run, and runs an occurrence that
    nobody covered at once (rule 24.8, a repair of 8.2, 8.5, 8.11)."""
    news_after_start: int = 10 * SECOND
    """How long a node that has just started, or is back in the cluster, waits for news before it runs what fell due while
    it was away: else one that slept through its own replacement runs an occurrence twice (a repair of 8.5). 0: it does not."""
    overdue_elsewhere_delay: int = 1 * MINUTE
    """How long an overdue run waits when the status names another node (rule 8.5)."""

    # ---- what is told of a run ----

    late_reports: bool = True
    """A run that could not be reported waits on its node's disk for a leader (rule 24.6).
    False: it is given up after `report_attempts` (rule 10.4)."""
    newest_by_start: bool = True
    """The cluster's status is that of the run that started last (rule 24.6). False: of the last writer (rule 4.2)."""
    report_attempts: int = 10
    """How often one report is tried (rule 9.14); with late reports, before it goes to the queue."""
    report_attempt_timeout: int = 15 * SECOND
    """How long one attempt may take (rules 9.14, 3.38)."""
    slot_held_while_saving: bool = False
    """The slot of a run and its mark as running are held until its report ended (rule 9.16)."""
    incremental_counts_from_full: bool = True
    """The next incremental is counted from the last run of either kind: where both fell due together, the full has
    done for both. False: from the last incremental, so that one follows such a full at once (rule 8.2)."""
    type_change_keeps_times: bool = True
    """After a change of its type a task runs in full at its next occurrence. False: what was known of its runs is
    forgotten, so that an occurrence since its creation is overdue, and a full starts at once (rules 6.7, 8.2)."""
    future_is_now: bool = True
    """A run that seems to lie in the future, because a clock was set back or another is ahead, counts as one of now,
    and timers are made again when the clock is set. False: nothing is due until that future has come (rule 8.2)."""
    delays_what_waits: bool = True
    """The next backup can be put off before it starts. False: only one that runs (rule 15.5)."""
    cancelled_waits: bool = True
    """A run that was cancelled by hand is not tried again before the next occurrence. False: it is overdue, and
    starts again at once (rule 15.6)."""
    low_memory_delay: int = 10 * MINUTE
    """When a run that found too little memory, or too much of it dirty, asks again (rule 9.4)."""
    cpu_credits_delay: int = 10 * MINUTE
    """When a run that found no CPU credits asks again (rule 9.4)."""
    concurrent_backups: int = 4
    """Slots of one node for all its databases (section 2: half the cores; a simulated machine has eight)."""
    concurrent_backups_retry: int = 30 * SECOND
    """When a run that found no slot asks again (rule 9.4)."""

    upload_attempts: int = 3
    """How often one upload is tried within a run. RavenDB leaves that to the cloud's own library, and then fails (9.8)."""
    upload_pause: int = 30 * SECOND
    """How long before an upload is tried again."""
    upload_timeout: int = 720 * MINUTE
    """How long one may take: `Backup.CloudStorageOperationTimeoutInMin`."""

    # ---- what becomes of the files ----

    retention_by_manifest: bool = True
    """Retention looks into the files: a task's policy concerns its own chains, whose age is that of true instants.
    False: it looks at names alone, so that one task deletes what others made of the same database in the same place,
    and an hour is won or lost with every change of the zone (rules 14.4, 14.7, 22.8)."""
    retention_keeps_last_chain: bool = True
    """Nothing is deleted unless a chain of the task that was read and found whole is left (a repair of 14.3)."""
    needs_last_file: bool = True
    """A restore up to a file that is not there is refused. False: it restores all there is (rules 17.3, 22.7)."""
    needs_whole_chain: bool = True
    """A restore from files that are no whole chain is refused. False: they are applied in the order of their names,
    whatever is missing among them (rules 17.4, 22.20)."""

    # ---- tombstones ----

    tombstone_cleanup: int = 5 * MINUTE
    """How often a node forgets the deletions of documents that nobody needs any more (rule 18.5); 0: never."""
    exchange_tombstone_cleanup: int = 10 * MINUTE
    """How often the leader has those of compare-exchange values forgotten (section 2, rule 18.6); 0: never."""

    # ---- the observer ----

    worker_sample: int = 250 * MILLISECOND
    """How often a node reports its databases to the leader (section 2)."""
    supervisor_sample: int = 500 * MILLISECOND
    """How often the observer looks (rule 5.2)."""
    report_timeout: int = 5 * SECOND
    """From this age on a node's report says nothing about the present (section 2)."""
    stabilisation: int = 5 * SECOND
    """The observer's pause after it starts and after a database's topology changed (rules 5.2, 5.3)."""
    rotation_after: int = 5 * SECOND
    """How long the first member may be silent before it goes to the end of the list (rule 5.4.2)."""
    rehab_after: int = 60 * SECOND
    """How long a member may be silent before it goes to Rehab (rules 5.4.3, 5.5)."""
    replacement_after: int = 900 * SECOND
    """How long a node may be bad before a replacement is sought (rules 5.7, 5.4.8)."""
    longest_lag: int = 10_000
    """By how many changes a member may be behind the first of all (rule 5.4.6)."""
    hard_delete_on_leaving: bool = True
    """A node that has left a group deletes its files of the database (section 2). False: it puts them by."""

    def __attrs_post_init__(self) -> None:
        """Refuse rules under which a node that reports on time could be thought silent."""
        shortest = min(self.report_timeout, self.rotation_after, self.rehab_after)
        if shortest <= 2 * self.worker_sample:
            raise ValueError(
                f"rules {self.name!r}: report_timeout, rotation_after and rehab_after must be longer than two "
                f"worker samples ({2 * self.worker_sample} µs), the shortest is {shortest} µs: lengthen it"
            )


_UNKINDNESS = Rules()
_RAVENDB_62 = attrs.evolve(
    _UNKINDNESS,
    name="ravendb-6.2",
    runs_outside=True,
    takes_over_uncovered=False,
    news_after_start=0,
    late_reports=False,
    incremental_counts_from_full=False,
    type_change_keeps_times=False,
    future_is_now=False,
    delays_what_waits=False,
    cancelled_waits=False,
    newest_by_start=False,
    slot_held_while_saving=True,
    upload_attempts=1,
    retention_by_manifest=False,
    retention_keeps_last_chain=False,
    needs_last_file=False,
    needs_whole_chain=False,
)
_RAVENDB_42 = attrs.evolve(
    _RAVENDB_62,
    name="ravendb-4.2",
    assigned=False,
    local_status=False,
    full_on_owner_change=True,
)

PRESETS: Mapping[str, Rules] = MappingProxyType(
    {rules.name: rules for rules in (_UNKINDNESS, _RAVENDB_62, _RAVENDB_42)}
)
"""Section 0: ours; RavenDB 6.2 (assigned-local-status); RavenDB 4.2 (classic-sticky, as its Backups page says)."""


def rules_named(name: str) -> Rules:
    """The preset of that name; ValueError, with all names in it, if there is none."""
    if name not in PRESETS:
        raise ValueError(f"there are no rules {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
