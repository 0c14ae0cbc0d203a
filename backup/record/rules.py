"""The rules in which the generations of RavenDB's backups and ours differ, one field each, and the presets by name.

The modules whose behaviour differs read these fields. There are no other switches anywhere in the domain.
"""

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from cluster.time_units import MILLISECOND, MINUTE, SECOND
from cluster.value import value

FRESH = 3
"""For how many `Rules.worker_sample` a report is fresh: a single one that is lost makes its node no less fresh."""


@value
class Rules:
    """One generation of behaviour. Durations are µs. The defaults are `unkindness`."""

    name: str = "unkindness"

    # ---- who runs a backup ----

    assigned: bool = True
    """The leader's observer decides the responsible node and stores it through the log (rule 7.8).
    False: each node computes it for itself (rules 7.5 to 7.7)."""
    sticky: bool = True
    """The node that ran the task last keeps it while it is a Member (rule 7.5.3c). Only matters without `assigned`."""
    highly_available_tasks: bool = True
    """The licence lets tasks move off a node that does not respond (rules 7.5.3b, 7.8.7)."""
    move_grace: int = 30 * MINUTE
    """How long a node that does not respond keeps its task (rule 7.8). 0: the task moves in the next observer pass."""

    runs_outside: bool = False
    """A node that was removed from the cluster keeps running the tasks that it ran last, or that its copy of the record
    assigns to it (rules 7.6, 7.9). False: it runs none, as the cluster has given them to other nodes (a repair of
    3.36)."""

    # ---- what a run knows of the runs before it ----

    local_status: bool = True
    """Each node has a local status, beside the cluster's copy, and schedules by it (rules 8.10 to 8.12, 9.15)."""
    full_on_owner_change: bool = False
    """A run on another node than the last one is full (rule 8.6)."""
    takes_over_uncovered: bool = True
    """An owner counts occurrences from the last run that any node is known to have made or to have under way, and at
    once runs one that no node has run (rule 24.8, a repair of 8.2, 8.5, 8.11). False: it knows of its own runs alone."""
    news_after_start: int = 10 * SECOND
    """How long a node that has just started, or is back in the cluster, waits before it runs what fell due while it was
    away. Meanwhile it learns whether its task has moved; else an occurrence might run twice (a repair of 8.5). 0: it
    does not wait."""
    overdue_elsewhere_delay: int = 1 * MINUTE
    """How long an overdue run waits when the status names another node (rule 8.5)."""

    looks_at_every_place: bool = True
    """An incremental builds on what lies in every place of its task and opens with its key, and on a file that was finished
    just before a crash; where that fails, the run is full. False: on the status, and on any full file of the chain in the
    local folder, if the task has one (rules 8.7, 26.3)."""

    # ---- reports of runs ----

    late_reports: bool = True
    """The report of a run that could not be sent waits on the node's disk for a leader (rule 24.6).
    False: it is given up after `report_attempts` (rule 10.4)."""
    newest_by_start: bool = True
    """The cluster's status is that of the run that started last (rule 24.6). False: that of the last report (rule 4.2)."""
    report_attempts: int = 10
    """How often one report is tried (rule 9.14); with `late_reports`, before it is queued on the disk."""
    report_attempt_timeout: int = 15 * SECOND
    """How long one attempt may take (rules 9.14, 3.38)."""
    slot_held_while_saving: bool = False
    """A run keeps its slot, and counts as running, until its report has ended (rule 9.16). False: until the run itself
    has ended."""
    incremental_counts_from_full: bool = True
    """A full run also covers the incrementals that were due before it: the next one is counted from the last run of
    either kind, and of two that are due when a run starts it is the full. False: it is counted from the last incremental,
    and the one that was due first runs first; the other follows at once (rules 8.2, 8.4)."""
    type_change_keeps_times: bool = True
    """After a change of its type a task runs in full at its next occurrence. False: its status is forgotten, so that any
    occurrence since its creation is overdue, and a full run starts at once (rules 6.7, 8.2)."""
    future_is_now: bool = True
    """A run with a start in the future, because a clock was set back or another one is ahead, counts as one of now, and
    timers are set again when the clock is. False: nothing is due until that future has come (rule 8.2)."""
    delays_what_waits: bool = True
    """The next backup can be postponed before it starts. False: only while it runs (rule 15.5)."""
    cancelled_waits: bool = True
    """A run that was cancelled on request is not tried again before the next occurrence. False: it is overdue, and
    starts again at once (rule 15.6)."""
    low_memory_delay: int = 10 * MINUTE
    """How long a run that found too little memory, or too much of it dirty, waits before it tries again (rule 9.4)."""
    cpu_credits_delay: int = 10 * MINUTE
    """How long a run that found no CPU credits waits before it tries again (rule 9.4)."""
    concurrent_backups: int = 4
    """How many backups one node runs at once (section 2: half the cores; a simulated machine has eight)."""
    concurrent_backups_retry: int = 30 * SECOND
    """How long a run that found no free slot waits before it tries again (rule 9.4)."""

    upload_attempts: int = 3
    """How often one upload is tried within a run. RavenDB leaves that to the cloud's own library, and then fails (9.8)."""
    upload_pause: int = 30 * SECOND
    """How long a run waits before it tries an upload again."""
    upload_timeout: int = 720 * MINUTE
    """How long one upload may take: RavenDB's `Backup.CloudStorageOperationTimeoutInMin`."""

    # ---- retention and restore ----

    retention_by_manifest: bool = True
    """Retention reads the manifests: a task's policy concerns its own chains, whose ages are exact. False: it reads names
    alone, so that one task deletes the chains of others of the same database in the same destination, and ages are an
    hour off after a change of the zone (rules 14.4, 14.7, 22.8)."""
    retention_keeps_last_chain: bool = True
    """Nothing is deleted unless at least one chain of the task stays that was read and found whole (a repair of 14.3)."""
    needs_last_file: bool = True
    """A restore up to a file that does not exist is refused. False: it restores all files there are (17.3, 22.7)."""
    needs_whole_chain: bool = True
    """A restore from files that are no whole chain is refused. False: they are applied in the order of their names,
    whatever is missing among them (rules 17.4, 22.20)."""

    # ---- tombstones ----

    tombstone_cleanup: int = 5 * MINUTE
    """How often a node removes tombstones of documents that nobody needs any more (rule 18.5); 0 for never."""
    exchange_tombstone_cleanup: int = 10 * MINUTE
    """How often the leader proposes to remove unneeded tombstones of compare-exchange values (section 2, rule 18.6); 0
    for never."""

    # ---- the observer ----

    worker_sample: int = 250 * MILLISECOND
    """How often a node reports its databases to the leader (section 2)."""
    supervisor_sample: int = 500 * MILLISECOND
    """How often the observer makes a pass (rule 5.2)."""
    report_timeout: int = 5 * SECOND
    """The age from which on a node's report is out of date (section 2)."""
    stabilisation: int = 5 * SECOND
    """The observer's pause after it starts and after a database's topology changed (rules 5.2, 5.3)."""
    rotation_after: int = 5 * SECOND
    """How long the first member may be silent before it goes to the end of the list (rule 5.4.2)."""
    rehab_after: int = 60 * SECOND
    """How long a member may be silent before it goes to Rehab (rules 5.4.3, 5.5)."""
    replacement_after: int = 900 * SECOND
    """How long a node may be unfit before the observer looks for a replacement (rules 5.7, 5.4.8)."""
    longest_lag: int = 10_000
    """By how many changes a member may be behind the most up-to-date one (rule 5.4.6)."""
    hard_delete_on_leaving: bool = True
    """A node that has left a group deletes its files of the database (section 2). False: it keeps them aside."""

    def __attrs_post_init__(self) -> None:
        """Raise ValueError for rules under which a node that reports on time could count as silent."""
        shortest = min(self.report_timeout, self.rotation_after, self.rehab_after)
        if shortest <= FRESH * self.worker_sample:
            raise ValueError(
                f"rules {self.name!r}: report_timeout, rotation_after and rehab_after must be longer than three "
                f"worker samples ({FRESH * self.worker_sample} µs), the shortest is {shortest} µs: lengthen it"
            )


_UNKINDNESS = Rules()
_RAVENDB_62 = attrs.evolve(
    _UNKINDNESS,
    name="ravendb-6.2",
    runs_outside=True,
    takes_over_uncovered=False,
    looks_at_every_place=False,
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
"""Name to preset (section 0): ours; RavenDB 6.2 (assigned-local-status); RavenDB 4.2 (classic-sticky, by its Backups page)."""


def rules_named(name: str) -> Rules:
    """The preset of that name. Raises ValueError, which lists all names, if there is none."""
    if name not in PRESETS:
        raise ValueError(f"there are no rules {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
