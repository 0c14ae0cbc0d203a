"""The Backups page of a run: its databases and tasks at a moment, as one node knows them (section 20).

Never here: what a view holds (backup/requests/answers.py), how the moment is reached (moment.py), and what goes to a terminal
(cli/).
"""

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from backup.node.views import server_wide_views
from backup.notes.words import duration_text
from backup.requests.answers import BackupsView, NextBackup, RunProgress, ServerWideView, TaskView
from cluster.member import Refused
from cluster.time_units import DAY, as_datetime, clock_text
from cluster.value import value
from scenarios.inspect.clock_error import clock_error
from scenarios.inspect.moment import json_fields, true_time, visit
from scenarios.kept_run import ReplayError

if TYPE_CHECKING:
    from cluster.sim.world import World

INSTANTS = {"at", "wall", "occurrence", "owned_since", "moves_at", "running_since", "error_at", "made_at"}
INSTANTS |= {"delayed_from", "last_full", "last_incremental", "last_backup", "next_backup"}
"""Fields that hold wall µs: in JSON they are written as RavenDB writes a time."""
MIB = 1 << 20
LABEL = 22
"""The width of the column of labels."""
STATES = {"Active": "Active", "NotActive": "Not active", "NotOnNode": "Not on node"}


@value
class DatabasePanel:
    """The backups of one database, as a node shows them."""

    database: str
    group: tuple[str, ...]
    node: str
    """The node that was asked."""
    wall: int
    """The wall clock of that node, in µs."""
    zone: str
    leader: str
    """The leader that the node follows; empty: none."""
    backups: BackupsView
    clocks: tuple[tuple[str, int], ...] = ()
    """Each node whose wall clock is wrong by a second or more, and how far it is ahead of true time, in µs."""


@value
class ServerWidePanel:
    """The server-wide tasks of one cluster, as a node of it knows them."""

    node: str
    """The node that was asked."""
    tasks: tuple[ServerWideView, ...]


@value
class Page:
    """The Backups page at a moment."""

    run: str
    t: int
    """True time in µs."""
    rules: str
    databases: tuple[DatabasePanel, ...]
    server_wide: tuple[ServerWidePanel, ...] = ()
    """Of each cluster as the first of its nodes that were asked knows them; () if one database was asked for."""


def page(
    run: str,
    at: str | None = None,
    on: str = "",
    database: str = "",
    *,
    bug: str | None = None,
    rules: str | None = None,
) -> Page:
    """The page of a run as node `on` shows it (empty: the first node that is up and has the database). Raises ReplayError."""

    def read(world: "World") -> tuple[tuple[DatabasePanel, ...], tuple[ServerWidePanel, ...]]:
        databases = tuple(_shown(world, on, database))
        return databases, () if database else tuple(_server_wide(world, [on] if on else world.names))

    t = true_time(at) if at is not None else None
    moment = visit(run, t, read, bug=bug, rules=rules)
    return Page(run, moment.t, moment.rules, *moment.read)


def _shown(world: "World", on: str, only: str) -> Iterator[DatabasePanel]:
    running = [name for name in world.names if world[name].up]
    if running and not hasattr(world[running[0]].application, "look"):
        raise ReplayError("the nodes of this run keep no backups: name a run of a story about backups")
    up = [name for name in running if world[name].application.zone is not None]
    if on and on not in world.names:
        raise ReplayError(f"there is no node {on!r} in this run: ask one of {' '.join(world.names)}")
    if on and on not in up:
        raise ReplayError(f"node {on} is down at that time: ask {' or '.join(up) or 'at another time, as all are'}")
    if not up:
        raise ReplayError("no node is up at that time: ask for another time")
    asked = [on] if on else up
    found = 0
    known: dict[tuple[int, str], str] = {}
    for node in asked:
        for database in world[node].state.databases.values():
            known.setdefault((world.cluster_of(node), database.name), node)
    for (cluster, name), knows in known.items():
        if only and name.lower() != only.lower():
            continue
        found += 1
        beside = [node for node in asked if world.cluster_of(node) == cluster]
        shown = next((each for node in beside if (each := _at(world, node, name)) is not None), None)
        if shown is not None:
            yield shown
        elif only:
            group = world[knows].state.database(name).topology.nodes
            raise ReplayError(f"database {name} is not on node {' or '.join(asked)}: ask one of {' '.join(group)}")
    if only and not found:
        names = " ".join(dict.fromkeys(name for _, name in known)) or "none"
        raise ReplayError(f"there is no database {only!r} at that time: name one of those there are, {names}")


def _at(world: "World", node: str, name: str) -> DatabasePanel | None:
    """The database as that node shows it; None if the node is down or does not have it."""
    view = world[node]
    try:
        backups = view.application.look(name)
    except Refused:
        return None
    if backups is None:
        return None
    group = view.state.database(name).topology.nodes
    ahead = [(each, world[each].wall - world.clock.now) for each in group if world[each].up]
    clocks = tuple((each, by) for each, by in ahead if clock_error(by))
    return DatabasePanel(name, group, node, view.wall, view.application.zone.key, view.leader or "", backups, clocks)


def _server_wide(world: "World", names: Iterable[str]) -> Iterator[ServerWidePanel]:
    asked: dict[int, str] = {}
    for name in names:
        if world[name].up:
            asked.setdefault(world.cluster_of(name), name)
    for node in asked.values():
        if views := server_wide_views(world[node].state):
            yield ServerWidePanel(node, views)


# ---- as JSON


def as_fields(found: Page) -> dict[str, Any]:
    """The whole page as one JSON object: instants as texts in UTC, durations in µs."""
    plain = json_fields(found, INSTANTS)
    panels = plain.pop("server_wide")
    tasks = [{"node": panel["node"], **task} for panel in panels for task in panel["tasks"]]
    return {"run": plain.pop("run"), "at": clock_text(found.t), **plain, "server_wide": tasks}


# ---- as text


def page_lines(found: Page, width: int) -> Iterator[str]:
    """The page as text, no line longer than `width` where words allow it."""
    if not found.databases:
        yield f"no database at {clock_text(found.t)}"
    for place, shown in enumerate(found.databases):
        if place:
            yield ""
        yield from _database_lines(found, shown, width)
    for panel in found.server_wide:
        for each in panel.tasks:
            yield ""
            yield from server_wide_lines(each, panel.node, width)


def server_wide_lines(view: ServerWideView, node: str, width: int) -> Iterator[str]:
    """The panel of a server-wide task: what it is, which databases it leaves out, and its copies in the others."""
    enabled = "Enabled" if view.enabled else "Disabled"
    head = f"server-wide task {view.id}: {view.name} ({view.kind}) - {enabled}, as node {node} knows it"
    yield from textwrap.wrap(head, width)
    for label, cron in (("Full", view.full), ("Incremental", view.incremental)):
        if cron:
            yield from _field(label, f"at {cron!r}", width)
    yield from _field("Destinations", ", ".join(view.destinations) or "No destinations defined", width)
    yield from _field("Left out", ", ".join(view.excluded) or "no database", width)
    copies = ", ".join(
        f"{database} (task {task}, {f'on {owner}' if owner else 'nobody is responsible yet'})"
        for database, task, owner in view.copies
    )
    yield from _field("Copies", copies or "none", width)


def _database_lines(found: Page, shown: DatabasePanel, width: int) -> Iterator[str]:
    zone = ZoneInfo(shown.zone)
    leader = "which leads" if shown.leader == shown.node else f"which follows {shown.leader or 'nobody'}"
    yield from textwrap.wrap(
        f"{shown.database} (on {' '.join(shown.group)}) at {clock_text(found.t)}, as node {shown.node} knows it, {leader}; "
        f"its clock reads {_time(shown.wall, zone)}, and so do all times below ({shown.zone})",
        width,
    )
    if shown.clocks:
        wrong = ", ".join(f"that of {name} is {clock_error(ahead)} true time" for name, ahead in shown.clocks)
        yield from _field("Wrong clocks", f"{wrong}: a task runs by the clock of its node", width)
    last = shown.backups.last_backup
    yield from _field("Recent backup", _when(last, shown.wall, zone) if last is not None else "never", width)
    once = shown.backups.one_time
    if once is not None:
        made, places = _when(once.made_at, shown.wall, zone), ", ".join(once.destinations)
        says = f"{made}, on {once.node}, {once.kind}{' to ' if places else ''}{places}, {once.folder}"
        yield from _field("One-time backup", says, width)
    if shown.backups.tombstones:
        yield from tombstone_lines(shown.backups, width)
    if not shown.backups.tasks:
        yield from _field("Tasks", "none", width)
    for view in shown.backups.tasks:
        yield ""
        yield from task_lines(view, shown.wall, zone, width)


def tombstone_lines(backups: BackupsView, width: int) -> list[str]:
    """The number of tombstones in a copy, and the tasks that need them."""
    why = "; ".join(backups.kept_because) or "they are forgotten within minutes"
    return _field("Tombstones", f"{backups.tombstones:,} kept: {why}", width)


def task_lines(view: TaskView, now: int, zone: ZoneInfo, width: int) -> Iterator[str]:
    """The panel of one task as text, at wall µs `now`."""
    mark = ", server-wide" if view.server_wide else ""
    enabled = "Enabled" if view.enabled else "Disabled"
    yield from textwrap.wrap(
        f"task {view.id}: {view.name} ({view.kind}{mark}) - {enabled}, {STATES[view.connection]}", width
    )
    for label, says in _fields(view, now, zone):
        yield from _field(label, says, width)


def _fields(view: TaskView, now: int, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield "Responsible node", _owner(view, zone)
    if view.moves_at is not None:
        yield "Will move", f"{_time(view.moves_at, zone)}, if {view.responsible_node} does not respond until then"
    yield "Destinations", ", ".join(view.destinations) or "No destinations defined"
    yield "Last executed on", view.last_node or "N/A"
    kind = "Snapshot" if view.kind == "Snapshot" else "Full Backup"
    yield f"Last {kind}", _when(view.last_full, now, zone) if view.last_full is not None else "Never backed up"
    if view.last_incremental is not None:
        yield "Last Incremental", _when(view.last_incremental, now, zone)
    for sent in view.uploads:
        started = max((at for at in (sent.last_full, sent.last_incremental) if at is not None), default=None)
        last = f"of the run of {_time(started, zone)}" if started is not None else "none yet"
        yield f"To {sent.word}", f"failed; the last is {last}" if sent.error else f"{last}"
    if view.error:
        when = f" ({_time(view.error_at, zone)})" if view.error_at is not None else ""
        yield "Last run failed", f"{view.error}{when}"
    if view.running is not None:
        began = view.running_since if view.running_since is not None else now
        kind = "full" if view.running.full else "incremental"
        yield (
            "On-going Backup",
            f"{kind}, operation {view.running.number}, since {_time(began, zone)}{_progress(view.progress)}",
        )
        if view.ending:
            yield "Being cancelled", f"{view.ending}; it ends with the piece of the file that it is writing"
    yield "Next Estimated Backup", _next(view.next, now, zone) if view.next is not None else "N/A"
    days = f"{view.retention / DAY:g} days" if view.retention is not None else "No backups will be removed"
    yield "Retention Policy", days
    yield "Encryption", "Encrypted" if view.encrypted else "Not encrypted"


def _progress(done: RunProgress | None) -> str:
    if done is None:
        return ""
    if done.verifying:
        return f": all {done.of_items:,} items are written, and are read back"
    return f": {done.items:,} of {done.of_items:,} items, {done.bytes / MIB:.1f} of {done.of_bytes / MIB:.1f} MiB"


def _owner(view: TaskView, zone: ZoneInfo) -> str:
    if not view.responsible_node:
        return f"N/A: {view.reason or 'nobody is responsible yet'}" if view.enabled else "N/A"
    preferred = f" (preferred: {view.mentor})" if view.mentor and view.mentor != view.responsible_node else ""
    since = f" since {_time(view.owned_since, zone)}" if view.owned_since is not None else ""
    return f"{view.responsible_node}{preferred}{since}: {view.reason}"


def _next(found: NextBackup, now: int, zone: ZoneInfo) -> str:
    kind = "full" if found.full else "incremental"
    late = f", delayed from {_time(found.delayed_from, zone)}" if found.delayed_from is not None else ""
    if found.waits_for:
        return f"when {found.waits_for} is back ({kind}): {found.why} ({found.rule})"
    wait = f"in {duration_text(found.at - now)}" if found.at > now else "now"
    return f"{wait} ({kind}), {_time(found.at, zone)}{late}: {found.why} ({found.rule})"


def _when(instant: int, now: int, zone: ZoneInfo) -> str:
    return f"{duration_text(max(0, now - instant))} ago, {_time(instant, zone)}"


def _time(instant: int, zone: ZoneInfo) -> str:
    return as_datetime(instant).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _field(label: str, says: str, width: int) -> list[str]:
    """A label and its text, wrapped beside it."""
    return textwrap.wrap(
        f"  {label + ':':{LABEL}} {says}",
        width,
        subsequent_indent=" " * (LABEL + 3),
        break_on_hyphens=False,
        break_long_words=False,
    )
