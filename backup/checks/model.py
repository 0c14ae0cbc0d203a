"""The model of the cluster and its tasks, built from the trace, that all watchers of backups share.

It is itself the watcher of the first promise, as it must see each event before the others do.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar
from zoneinfo import ZoneInfo

import attrs

from backup import notes
from backup.destinations import io_costs
from backup.destinations.faults import SILENCE, Silent, Slow, Well
from backup.destinations.registry import is_remote
from backup.record.record import Topology
from cluster import steps, trace
from cluster.checks import Sees, Watcher, on
from cluster.checks.connectivity import Connectivity
from cluster.time_units import HOUR
from cluster.trace import Agreed, Happened

Told = TypeVar("Told", bound=Agreed)
HARMLESS = steps.Start | steps.Ask | steps.When | steps.Heal | steps.Release | steps.Drift
"""Steps of a story that disturb no node; the step that `When` releases counts on its own."""
MILLION = 1_000_000
REMEMBERED = 48 * HOUR
"""For how long (µs) it is remembered at least that a node saw no leader."""
NEVER = 1 << 62
SILENT = (4 * SILENCE) // io_costs.LOOK
"""How many times longer a look at a place that keeps silent may take, with every attempt and the pauses between."""
UTC = ZoneInfo("UTC")
NOBODY = Topology(())


@attrs.define(eq=False)
class WallClock:
    """A node's wall clock, as the story set it."""

    zone: ZoneInfo = UTC
    is_set: bool = False
    """Whether the clock or its time zone was ever set."""
    _ahead: int = 0
    _drift: int = 0
    _since: int = 0
    stands_since: int | None = None
    """True µs since which the clock stands still; None: it goes."""

    def ahead(self, t: int) -> int:
        """µs by which the clock is ahead of true time at true time `t`."""
        return self._ahead + (t - self._since) * (self._drift if self.stands_since is None else -MILLION) // MILLION

    def jump(self, by: int) -> None:
        """The clock was set forward by `by` µs, or back if negative."""
        self._ahead += by
        self.is_set = True

    def drift(self, t: int, parts_per_million: int) -> None:
        """The clock runs at another rate from true time `t` on."""
        self._ahead, self._since, self._drift = self.ahead(t), t, parts_per_million

    def freeze(self, t: int, frozen: bool) -> int:
        """The clock stands still from true time `t` on, or goes on; how many µs it has stood until then."""
        stood = 0 if self.stands_since is None else t - self.stands_since
        self._ahead, self._since = self.ahead(t), t
        self.stands_since, self.is_set = t if frozen else None, True
        return stood


class TaskHistory:
    """One task, as the record holds it."""

    def __init__(self, note: notes.TaskDefined) -> None:
        self.id = note.task
        self.database = note.database
        self.definition = note
        self.owner = ""
        self.owned_since = 0
        """Log index of the entry that made the owner responsible."""
        self.disabled: list[tuple[int, bool]] = [(note.index, note.disabled)]
        """(log index, whether the task is disabled from that entry on), in order."""

    def is_disabled_at(self, index: int) -> bool:
        """Whether the task is disabled for a node that has applied the log up to `index`."""
        known = False
        for since, disabled in self.disabled:
            if since <= index:
                known = disabled
        return known


class Model(Watcher):
    """The model, and the promise that the record never changes without a leader."""

    promise: ClassVar[str] = "no change without a leader"
    says: ClassVar[str] = "databases, tasks, their groups and owners change only by what a leader has committed (3.39)"

    def __init__(self) -> None:
        self.before: list[Callable[[int], None]] = []
        """Functions that are called with the true time before the model changes."""
        self.up: dict[str, bool] = {}
        self.paused: set[str] = set()
        self.full: set[str] = set()
        """Nodes whose disk is full now."""
        self.was_full: set[str] = set()
        """Nodes whose disk was full at some time of their present incarnation, or their last one."""
        self.links = Connectivity(calm=True)
        """Who can hear whom. Who looks before the model changes finds it as it was, too."""
        self.leads: dict[str, bool] = {}
        self.applied: dict[str, int] = {}
        self.disturbed_at = -NEVER
        """True time of the last event that may delay a backup: a fault, a crash, another leader, another owner."""
        self.shaken_at = -NEVER
        """True time of the last event that may delay every backup: another leader, or no majority of sound nodes."""
        self._touched: dict[str, int] = {}
        """By node: true time of the last disturbance of it or of one of its links."""
        self._changed: dict[str, int] = {}
        """By lower-case name of a database: true time at which its group or an owner of its tasks last changed."""
        self._slow: set[str] = set()
        self._slow_places: dict[tuple[str, str], int] = {}
        """By node and destination: how many times longer than usual everything takes there."""
        self._newcomers: dict[str, None] = {}
        """Nodes that are not founders: they start with an empty configuration."""
        self._voters: tuple[str, ...] = ()
        """The voters of the latest configuration that a node uses."""
        self._members: frozenset[str] | None = None
        """All members of that configuration; None means the nodes that founded the cluster."""
        self._founders: tuple[str, ...] = ()
        self._in_force: dict[str, trace.ConfigurationChanged] = {}
        """By node: the configuration it uses, unless that is the founders'."""
        self._left: dict[str, int] = {}
        """By node that is not in the configuration it uses: the entry it must know to be committed; 0 if it need not wait."""
        self._voteless: dict[str, int] = {}
        """By node without a vote in the configuration it uses: the entry that took its vote; 0 if it never had one."""
        self.tasks: dict[int, TaskHistory] = {}
        self.groups: dict[str, Topology] = {}
        self.dials: dict[str, WallClock] = {}
        self.moved: list[int] = []
        """Tasks that got another owner since a watcher last read this list and emptied it."""
        self.turns = 0
        """Counter of the events after which a task may be due at another time: a clock was set, or another clock counts."""
        self.now = 0
        self._committed_by_leaders = 0
        self._gave_up: dict[str, int] = {}
        """By node: when it last ceased to lead. A leader that leaves or loses its vote may still commit in that event."""
        self._index = 0
        self._teller = ""
        self._follows: dict[str, str] = {}
        """By node: the leader that it sees, itself if it leads; empty: none."""
        self._blind: dict[str, list[tuple[int, int]]] = {}
        """By node: the spans of true time in which it saw no leader, or did nothing; the last one may not have ended."""

    def sees(self) -> Sees:
        return [
            on(trace.BecameLeader, self._became_leader),
            on(trace.BecameFollower, self._became_other),
            on(trace.BecameCandidate, self._became_other),
            on(trace.Crashed, self._crashed),
            on(trace.Started, self._started),
            on(trace.Recovered, self._recovered),
            on(trace.Wrote, self._wrote),
            on(trace.Committed, self._committed),
            on(trace.ConfigurationChanged, self._configuration_changed),
            on(trace.PutOutside, self._put_outside),
            on(trace.Stepped, self._stepped),
            on(trace.Said, self._look),
            on(trace.Ended, self._look),
            on(notes.DatabaseCreated, self._heeding(self._database_created)),
            on(notes.DatabaseRemoved, self._heeding(self._database_deleted)),
            on(notes.TaskDefined, self._heeding(self._task_defined)),
            on(notes.TaskRemoved, self._heeding(self._task_removed)),
            on(notes.TopologyChanged, self._heeding(self._topology_changed)),
            on(notes.OwnerChanged, self._heeding(self._owner_changed)),
        ]

    # ---- queries of the watchers

    @property
    def has_leader(self) -> bool:
        """Whether a running node believes that it leads."""
        return any(leads and self.is_up(node) for node, leads in self.leads.items())

    def hears_a_leader(self, node: str) -> bool:
        """Whether the node, and a majority of the voters with it, hear somebody who believes that it leads."""
        leaders = [
            each for each, leads in self.leads.items() if leads and self.is_up(each) and self.links.hear(node, each)
        ]
        return any(
            2 * sum(self.is_up(voter) and self.links.hear(leader, voter) for voter in self._voters) > len(self._voters)
            for leader in leaders
        )

    def is_up(self, node: str) -> bool:
        """Whether the node runs and is not paused."""
        return self.up.get(node, False) and node not in self.paused

    def saw_no_leader(self, nodes: Iterable[str], since: int, until: int) -> bool:
        """Whether one of these nodes ran without a leader, or was paused, at some true time from `since` to `until` (7.6).

        A node outside the cluster has no leader either; a watcher always holds somebody for it (7.7). Two days are remembered.
        """
        spans = (span for node in nodes for span in self._blind.get(node, ()))
        return any(began <= until and ended >= since for began, ended in spans)

    def is_outside(self, node: str) -> bool:
        """Whether the node knows that it belongs to no cluster (rule 3.36)."""
        since = self._left.get(node)
        return since is not None and self.applied.get(node, 0) >= since

    def can_act(self, node: str) -> bool:
        """Whether the node runs and belongs to the cluster, as it knows; it may have been removed while it was away."""
        is_member = self._members is None or node in self._members
        return self.is_up(node) and is_member and not self.is_outside(node)

    def dial(self, node: str) -> WallClock:
        """The node's wall clock."""
        return self.dials.setdefault(node, WallClock())

    def slowness(self, node: str) -> int:
        """How many times longer than usual everything takes at the slowest of the node's destinations."""
        return max((factor for (of, _), factor in self._slow_places.items() if of in (node, "")), default=1)

    def is_slow(self, node: str) -> bool:
        """Whether the node's disk or one of its destinations is slow."""
        return node in self._slow or self.slowness(node) > 1

    def is_slow_disk(self, node: str) -> bool:
        """Whether the node's disk, on which its log is, is slow or full."""
        return node in self._slow or node in self.full

    def troubled_at(self, nodes: Iterable[str]) -> int:
        """True time of the last event that may keep news from these nodes: a disturbance of one, or another leader."""
        return max(self.shaken_at, *(self._touched.get(node, -NEVER) for node in nodes))

    def is_set(self, nodes: Iterable[str]) -> bool:
        """Whether the wall clock or the time zone of one of these nodes was ever set."""
        return any(self.dials[node].is_set for node in nodes if node in self.dials)

    def spread(self, nodes: Iterable[str], t: int) -> int:
        """µs by which the wall clocks of these nodes differ at most: one node reads instants that another has stored."""
        ahead = [self.dials[node].ahead(t) if node in self.dials else 0 for node in nodes]
        return max(ahead) - min(ahead) if ahead else 0

    def disturbed(self, database: str) -> int:
        """True time of the last event that may delay a backup of that database.

        A disturbance of a node counts for the databases it has, and for all if it leads, or if fewer than a majority of
        the nodes are sound.
        """
        return max(self.changed(database), self.troubled_at(self.group(database).nodes))

    def changed(self, database: str) -> int:
        """True time at which the group of the database, or an owner of its tasks, last changed."""
        return self._changed.get(database.lower(), -NEVER)

    def group(self, database: str) -> Topology:
        """The group of a database; an empty one if there is no such database."""
        return self.groups.get(database.lower()) or NOBODY

    def is_news(self, event: Happened[Agreed]) -> bool:
        """Whether an agreed note comes from the first node to tell of its entry."""
        if event.note.index > self._index:
            self._index, self._teller = event.note.index, event.node
        return event.note.index == self._index and event.node == self._teller

    # ---- the cluster

    def _look(self, event: Happened) -> None:
        for look in self.before:
            look(event.t)
        self.now = event.t

    def _disturbed(self, event: Happened) -> None:
        self._look(event)
        self.disturbed_at = event.t

    def _touch(self, nodes: Iterable[str], t: int) -> None:
        """Note a disturbance of these nodes."""
        for node in nodes:
            self._touched[node] = t
            if self.leads.get(node):
                self.shaken_at = t
        sound = [node for node in self._voters if self.is_up(node) and node not in self._slow and node not in self.full]
        if len(sound) * 2 <= len(self._voters):
            self.shaken_at = t

    def _became_leader(self, event: Happened) -> None:
        self._disturbed(event)
        self.leads[event.node] = True
        self.shaken_at = event.t
        self._follows[event.node] = event.node
        self._look_up(event.node, event.t)

    def _became_other(self, event: Happened[trace.BecameFollower | trace.BecameCandidate]) -> None:
        if self.leads.get(event.node):
            self._disturbed(event)
            self.leads[event.node] = False
            self.shaken_at = self._gave_up[event.node] = event.t
        self._follows[event.node] = event.note.leader if isinstance(event.note, trace.BecameFollower) else ""
        self._look_up(event.node, event.t)

    def _look_up(self, node: str, t: int) -> None:
        """Begin or end the span in which the node sees no leader."""
        up = self.up.get(node, False)
        seeing = self._follows.get(node) or node in self._voteless
        blind = up and (node in self.paused or self.is_outside(node) or not seeing)
        spans = self._blind.setdefault(node, [])
        was = bool(spans) and spans[-1][1] == NEVER
        if blind and not was:
            if spans and spans[0][1] < t - REMEMBERED:
                del spans[0]
            spans.append((t, NEVER))
        elif was and not blind:
            spans[-1] = (spans[-1][0], t)

    def _crashed(self, event: Happened) -> None:
        self._disturbed(event)
        self.links.stopped(event.node)
        self._touch((event.node,), event.t)
        self.up[event.node] = self.leads[event.node] = False
        self.paused.discard(event.node)
        self._touch((event.node,), event.t)
        self._look_up(event.node, event.t)

    def _started(self, event: Happened) -> None:
        self._disturbed(event)
        self.links.started(event.node)
        self.up[event.node] = True
        if event.node in self._newcomers:
            self._left[event.node] = 0
        else:
            self._left.pop(event.node, None)  # if its log says otherwise, the next event tells
        self.turns += 1
        self._touch((event.node,), event.t)
        if event.node not in self.full:
            self.was_full.discard(event.node)

    def _recovered(self, event: Happened[trace.Recovered]) -> None:
        self.applied[event.node] = event.note.commit
        self._cut(event.node, event.note.index)
        if self._in_force.pop(event.node, None) is not None:
            self._take_latest(None, event.t)

    def _wrote(self, event: Happened[trace.Wrote]) -> None:
        if event.note.truncated:
            self._cut(event.node, event.note.after)

    def _cut(self, node: str, after: int) -> None:
        """The node's log lost what lay behind that entry; if another configuration is in force now, the next event tells."""
        for since in (self._left, self._voteless):
            if since.get(node, 0) > after:
                del since[node]

    def _committed(self, event: Happened[trace.Committed]) -> None:
        self._look(event)
        self.applied[event.node] = event.note.index
        if event.node in self._left:
            self._look_up(event.node, event.t)
        if self.leads.get(event.node) or self._gave_up.get(event.node) == event.t:
            self._committed_by_leaders = max(self._committed_by_leaders, event.note.index)

    def _configuration_changed(self, event: Happened[trace.ConfigurationChanged]) -> None:
        """The configuration changed: other nodes may lead and run backups now."""
        note = event.note
        self._disturbed(event)
        self._touch((event.node,), event.t)
        if event.node in note.voters or event.node in note.outgoing:
            self._voteless.pop(event.node, None)
        else:
            self._voteless.setdefault(event.node, note.index)
        if event.node in note.members:
            self._left.pop(event.node, None)
        else:  # its vote may be needed until its removal is committed; a node without a vote leaves with the entry (3.36)
            self._left[event.node] = self._voteless[event.node]
        self._in_force[event.node] = note
        self._take_latest(note, event.t)
        self._look_up(event.node, event.t)

    def _take_latest(self, note: trace.ConfigurationChanged | None, t: int) -> None:
        """Go by the configuration of the latest entry; of two at one index by this one, which its node uses now."""
        latest = max(self._in_force.values(), key=lambda each: (each.index, each is note), default=None)
        if latest is None:
            voters, members = self._founders, None
        else:
            voters, members = tuple(dict.fromkeys((*latest.voters, *latest.outgoing))), latest.members
        if note is latest or (voters, members) != (self._voters, self._members):
            self._voters, self._members, self.shaken_at = voters, members, t

    def _put_outside(self, event: Happened) -> None:
        self._disturbed(event)
        self._touch((event.node,), event.t)
        self._left[event.node] = 0
        self._look_up(event.node, event.t)

    def _stepped(self, event: Happened[trace.Stepped]) -> None:
        step = event.note.step
        if isinstance(step, steps.Start):
            self._voters = self._founders = step.nodes
        if isinstance(step, steps.Drift):
            self.dial(step.node).drift(event.t, step.parts_per_million)
            self.turns += 1
        if isinstance(step, HARMLESS):
            self._look(event)
            self.links.step(step)
            return
        if isinstance(step, steps.Join) and step.node not in self.up:
            self._newcomers[step.node], self._voteless[step.node] = None, 0
        self._disturbed(event)
        self.links.step(step)
        self._touch(steps.nodes_of(step) or tuple(self.up) or self._voters, event.t)
        if isinstance(
            step, steps.Pause | steps.Resume | steps.FullDisk | steps.JumpClock | steps.FreezeClock | steps.Zone
        ):
            self.turns += 1
        match step:
            case steps.SlowDisk(node, factor):
                (self._slow.add if factor > 1 else self._slow.discard)(node)
            case steps.Disturb(node, Slow(path, factor)):
                self._slow_places[node, path] = factor
            case steps.Disturb(node, Silent(path)):
                self._slow_places["" if is_remote(path) else node, path] = SILENT
            case steps.Disturb(node, Well(path)):
                for of in (node, ""):
                    self._slow_places.pop((of, path), None)
            case steps.Mend():
                paused, self.paused = self.paused, set()
                for node in sorted(paused):
                    self._look_up(node, event.t)
                self.full.clear()
                self._slow.clear()
                self._slow_places.clear()
                for node in sorted(self.dials):
                    self._freeze(node, event.t, frozen=False)
                    self.dial(node).drift(event.t, 0)
            case steps.Pause(node):
                self.paused.add(node)
                self._look_up(node, event.t)
            case steps.Resume(node):
                self.paused.discard(node)
                self._look_up(node, event.t)
            case steps.FullDisk(node, True):
                self.full.add(node)
                self.was_full.add(node)
            case steps.FullDisk(node):
                self.full.discard(node)
            case steps.JumpClock(node, by):
                self.dial(node).jump(by)
                self.disturbed_at += max(0, -by)  # an action at a wall instant may be later by that much
            case steps.FreezeClock(node, frozen):
                self._freeze(node, event.t, frozen)
            case steps.Zone(node, zone):
                self.dial(node).zone = ZoneInfo(zone)
                self.dial(node).is_set = True

    def _freeze(self, node: str, t: int, frozen: bool) -> None:
        if frozen or self.dial(node).stands_since is not None:
            self.disturbed_at += self.dial(node).freeze(t, frozen)  # an action at a wall instant is later by that much

    # ---- the record

    def _heeding(self, act: Callable[[Happened[Told]], None]) -> Callable[[Happened[Told]], None]:
        """Handle an agreed note: it must rest on what a leader committed; only the first teller's changes the model."""

        def see(event: Happened[Told]) -> None:
            if event.note.index > self._committed_by_leaders:
                raise self.broken(
                    f"{event.node} has entry {event.note.index} ({event.note.text()}), "
                    f"and no leader has committed further than {self._committed_by_leaders}"
                )
            self._look(event)
            if self.is_news(event):
                act(event)

        return see

    def _database_created(self, event: Happened[notes.DatabaseCreated]) -> None:
        self.groups[event.note.database.lower()] = Topology(event.note.members)

    def _database_deleted(self, event: Happened[notes.DatabaseRemoved]) -> None:
        gone = event.note.database
        self.groups.pop(gone.lower(), None)
        for task in [task for task in self.tasks.values() if task.database.lower() == gone.lower()]:
            del self.tasks[task.id]

    def _task_defined(self, event: Happened[notes.TaskDefined]) -> None:
        note = event.note
        task = self.tasks.get(note.task)
        if task is None:
            self.tasks[note.task] = TaskHistory(note)
        else:
            task.definition = note
            task.disabled.append((note.index, note.disabled))

    def _task_removed(self, event: Happened[notes.TaskRemoved]) -> None:
        self.tasks.pop(event.note.task, None)

    def _topology_changed(self, event: Happened[notes.TopologyChanged]) -> None:
        note = event.note
        self.groups[note.database.lower()] = Topology(note.members, note.promotables, note.rehabs)
        self.disturbed_at = self._changed[note.database.lower()] = event.t

    def _owner_changed(self, event: Happened[notes.OwnerChanged]) -> None:
        note = event.note
        if note.task in self.tasks:
            self.tasks[note.task].owner = note.owner_after
            self.tasks[note.task].owned_since = note.index
            self.moved.append(note.task)
        self.disturbed_at = self._changed[note.database.lower()] = event.t
