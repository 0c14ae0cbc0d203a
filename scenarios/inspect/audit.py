"""The audit of a run: what users of backups ask of its history (section 23), and whether its chains can be restored.

Never here: how a question is answered (backup/checks/audit.py, backup/restore/restore_points.py), and what goes to a terminal (cli/).
"""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import attrs

from backup.checks import audit
from backup.content.manifest import stamp
from backup.notes import duration_text, time_text
from backup.record.encryption_keys import Key
from cluster.time_units import clock_text
from cluster.value import value
from scenarios.inspect.moment import visit
from scenarios.inspect.restore_files import FilesError, inspected
from scenarios.kept_run import BACKUPS

if TYPE_CHECKING:
    from cluster.sim.world import World

INSTANTS = frozenset({"occurrence", "first", "last", "covered_at"})


@value
class Chained:
    """One folder of backups of the run."""

    place: str
    folder: str
    points: int
    whole: bool
    problem: str


@value
class Audit:
    """All answers."""

    run: str
    t: int
    """True µs of the end."""
    owners: tuple[audit.Tenure, ...]
    doubles: tuple[audit.Double, ...]
    unplanned_fulls: tuple[audit.UnplannedFull, ...]
    gaps: tuple[audit.Gap, ...]
    lags: tuple[audit.Lag, ...]
    chains: tuple[Chained, ...] | None
    """None: the files were not kept."""


def audited(run: str, keys: tuple[Key, ...] = ()) -> Audit:
    """The audit of a run up to its end, its encrypted files verified under these keys. ReplayError, Diverged."""
    moment = visit(run, None, _zones)
    events = moment.events
    return Audit(
        run,
        moment.t,
        audit.tenures(events),
        audit.doubles(events),
        audit.unplanned_fulls(events),
        audit.gaps(events, moment.t, moment.read),
        audit.lags(events),
        _chains(run, keys),
    )


def _zones(world: "World") -> dict[int, ZoneInfo]:
    """By task, the zone of its owner, as far as the nodes that are up know."""
    found: dict[int, ZoneInfo] = {}
    for name in world.names:
        node = world[name]
        if not node.up or getattr(node.application, "zone", None) is None:
            continue
        for database in node.state.databases.values():
            for task, stored in database.assignments.items():
                if stored.node == name:
                    found[task] = node.application.zone
    return found


def _chains(run: str, keys: tuple[Key, ...]) -> tuple[Chained, ...] | None:
    path = Path(run)
    folder = (path if path.is_dir() else path.parent) / BACKUPS
    if not path.exists() or not folder.is_dir():
        return None
    try:
        found = inspected(folder, keys)
    except FilesError:
        return ()
    whole = folder.resolve()
    return tuple(
        Chained(
            str(Path(point.place.name).relative_to(whole)),
            point.chain.folder,
            len(point.chain.points),
            point.chain.whole,
            point.chain.problem or next((each.problem for each in point.chain.points if each.problem), ""),
        )
        for point in found
    )


def as_fields(found: Audit) -> dict[str, Any]:
    """As one JSON object: wall instants as texts in UTC, `t` and durations in µs."""

    def serialized(_: object, field: "attrs.Attribute[Any] | None", what: Any) -> Any:
        return stamp(what) if field is not None and field.name in INSTANTS and isinstance(what, int) else what

    return attrs.asdict(found, value_serializer=serialized)


def lines(found: Audit, width: int) -> Iterator[str]:
    """As text: a heading a question, a line an answer."""
    for heading, says in (
        ("owners", [f"{clock_text(e.t)}  {_whose(e)}: {e.node}, as {e.reason} ({e.rule})" for e in found.owners]),
        (
            "run twice",
            [f"{time_text(e.occurrence)}  {_whose(e)}: on {' and '.join(e.nodes)}" for e in found.doubles],
        ),
        (
            "full without being planned",
            [f"{clock_text(e.t)}  {_whose(e)}: on {e.node}, {e.why}" for e in found.unplanned_fulls],
        ),
        ("gaps", [_gap(e) for e in found.gaps]),
        ("reports", [_lag(e) for e in found.lags]),
    ):
        yield f"{heading}:"
        for each in says or ["none"]:
            yield from textwrap.wrap(f"  {each}", width, subsequent_indent="    ", break_on_hyphens=False)
    yield "chains:"
    if found.chains is None:
        yield "  the files were not kept: `unkindness run … --out DIR` keeps them"
    for chain in found.chains or ():
        state = "can be restored" if chain.whole else f"cannot all be restored: {chain.problem}"
        count = f"{chain.points} file{'' if chain.points == 1 else 's'}"
        text = f"  {chain.place}/{chain.folder}: {count}, {state}"
        yield from textwrap.wrap(text, width, subsequent_indent="    ", break_on_hyphens=False)


def _whose(each: Any) -> str:
    return f"task {each.task} of {each.database}"


def _gap(each: audit.Gap) -> str:
    span = f"{time_text(each.first)}" + (
        f" to {time_text(each.last)}, {each.count} occurrences" if each.count > 1 else ""
    )
    then = f"until a run at {time_text(each.covered_at)}" if each.covered_at is not None else "and not to the end"
    return f"{span}  {_whose(each)}: not covered before the next one, {then}"


def _lag(each: audit.Lag) -> str:
    counts = [f"{each.reported} reported"]
    counts += [f"{each.late} late"] if each.late else []
    counts += [f"{each.given_up} given up"] if each.given_up else []
    counts += [f"{each.open} not told of by the end"] if each.open else []
    return f"{_whose(each)}: {', '.join(counts)}, the longest after {duration_text(each.longest)}"
