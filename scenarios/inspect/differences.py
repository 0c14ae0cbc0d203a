"""Two runs beside each other: the first event that differs, and what came of it for backups.

Never here: how a run is named and played (played_run.py), and what goes to a terminal (cli/).
"""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from backup.notes import time_text
from backup.record.record import ONE_TIME
from cluster.time_units import MINUTE, clock_text
from cluster.value import value
from scenarios.inspect.audit import Audit, Double, Tenure, audit
from scenarios.inspect.backup_results import counts
from scenarios.inspect.played_run import PlayedRun, played
from scenarios.inspect.run_history import RunHistory
from scenarios.kept_run import TRACE, Difference, ReplayError, event_lines, first_difference, recorded_lines

if TYPE_CHECKING:
    from cluster.sim.history import History

MOST = 20
"""How many lines each subject has in a text."""
NOBODY = "nobody"
MISSING = {"owners": NOBODY, "runs": NOBODY, "started twice": "once at most", "two files of one hour": "one at most"}
"""What is said of a run that has nothing to say of a subject; else `none`."""


@value
class ComparedRun:
    """One of two runs that are compared."""

    run: str
    """RUN with its bug and rules, as it can be named again."""
    verdict: str
    """The verdict, with the promise that broke."""
    events: int
    t: int
    """True µs of its end."""
    digest: str


@value
class Divergence:
    """The first event that differs, as both runs have it."""

    seq: int
    one: str
    """Time, node and sentence; or that the run had ended."""
    other: str
    fields: tuple[str, ...]
    """The names of the fields that differ; empty if one run had ended."""


@value
class BackupDifference:
    """Something about backups that is not the same in both runs."""

    subject: str
    """`counts`, `owners`, `runs`, `started twice`, `two files of one hour`, `full without being planned`, `gaps`."""
    what: str
    one: str
    other: str


@value
class Differences:
    """Two runs beside each other."""

    one: ComparedRun
    other: ComparedRun
    divergence: Divergence | None
    """None: the runs are equal to the last event."""
    until: int
    """True µs up to which backups were compared: the earlier end."""
    backups: tuple[BackupDifference, ...]


def compared(
    run: str,
    other: str,
    *,
    bug: str | None = None,
    rules: str | None = None,
    other_bug: str | None = None,
    other_rules: str | None = None,
) -> tuple[Differences, PlayedRun, PlayedRun]:
    """Compare two runs; their differences, and the runs themselves. Raises what `played` raises.

    `bug` and `rules` hold for both, `other_bug` and `other_rules` for the second.
    """
    asked = [(run, bug, rules), (other, other_bug or bug, other_rules or rules)]
    plays = [played(*asked[0]), _second(*asked[1], {"--bug": other_bug, "--rules": other_rules})]
    for play in plays:
        if play.seq is not None:
            raise ReplayError(f"{play.run}:{play.seq} names an event: two whole runs are compared, so leave it away")
    one, two = plays
    divergence = divergence_of(first_difference(event_lines(one.outcome.history), event_lines(two.outcome.history)))
    sides = _compared(one), _compared(two)
    until = min(side.t for side in sides)
    if divergence is None:
        return Differences(*sides, None, until, ()), one, two
    audits = [audit(name, bug=planted, rules=generation) for name, planted, generation in asked]
    first, second = (_facts(play, found, until) for play, found in zip(plays, audits, strict=True))
    return Differences(*sides, divergence, until, tuple(_unlike(first, second))), one, two


def _second(run: str, bug: str | None, rules: str | None, own: Mapping[str, str | None]) -> PlayedRun:
    """The second run; an error names the option that was typed: `own` has those that it has for itself."""
    try:
        return played(run, bug, rules)
    except ReplayError as error:
        text = str(error)
        for option, said in own.items():
            if said:
                text = re.sub(rf"^{option}|(?<=leave ){option}", f"--other{option[1:]}", text)
        raise ReplayError(text) from error


def divergence_of(found: Difference | None) -> Divergence | None:
    """The first difference of two traces in words."""
    if found is None:
        return None
    one, other = (_fields(line) for line in (found.before, found.now))
    names = tuple(name for name in {**one, **other} if one.get(name) != other.get(name)) if one and other else ()
    return Divergence(found.seq, _told(one), _told(other), names)


def beside_lines(kept: Path, run: str, history: "History") -> list[str]:
    """Where a run first differs from one that was kept in this folder, and the command that says more; `run` is its own RUN."""
    found = divergence_of(first_difference(recorded_lines(kept / TRACE), event_lines(history)))
    if found is None:
        return []
    first, *rest = divergence_lines(found)
    more = shlex.join(["unkindness", "diff", str(kept), run])
    return [f"  beside   {kept}, which held: {first}", *(f"         {line}" for line in rest), f"  more     {more}"]


def _fields(line: str | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line) if line is not None else {}
    return found


def _told(event: Mapping[str, Any]) -> str:
    if not event:
        return "the run had ended"
    return f"{clock_text(event['t'])}  {' '.join(filter(None, (event['node'], event['text'])))}"


def _compared(play: PlayedRun) -> ComparedRun:
    outcome = play.outcome
    request = play.request
    words = [play.run]
    if not Path(play.run).exists():  # a kept run knows its own
        words += ["--bug", request.bug] if request.bug else []
        words += ["--rules", request.rules] if request.rules != request.own_rules else []
    failure = f": {outcome.failure}" if outcome.verdict == "broken" and outcome.failure is not None else ""
    verdict = f"{outcome.verdict}{failure}".splitlines()[0]
    return ComparedRun(" ".join(words), verdict, len(outcome.history), outcome.history.clock.now, outcome.digest)


# ---- backups ----


def _facts(play: PlayedRun, found: Audit, until: int) -> dict[str, dict[str, str]]:
    """For each subject, what is said of backups up to a time, by what it is said of."""
    history = RunHistory(event for event in play.outcome.history.events if event.t <= until)
    return {
        "counts": {name: f"{count:,}" for name, count in counts(history, play.outcome.watchers).items()},
        "owners": _owners(found.owners, until),
        "runs": {what: text for part in history.clusters for what, text in _runs(part).items()},
        "started twice": _doubles(found.doubles, until),
        "two files of one hour": _doubles(found.two_files, until),
        "full without being planned": {
            f"{_minute(full.t)}  {_task(full)}": f"on {full.node}, {full.why}"
            for full in found.unplanned_fulls
            if full.t <= until
        },
        "gaps": {
            f"{time_text(gap.first)}  {_task(gap)}": f"{gap.count} of its occurrences not covered in time"
            for gap in found.gaps
            if gap.first <= until
        },
    }


def _unlike(one: Mapping[str, dict[str, str]], other: Mapping[str, dict[str, str]]) -> Iterator[BackupDifference]:
    """What is said of the two otherwise, by subject and then by what it is said of."""
    for subject, said in one.items():
        missing = MISSING.get(subject, "none")
        for what in sorted({**said, **other[subject]}):
            pair = said.get(what, missing), other[subject].get(what, missing)
            if pair[0] != pair[1]:
                yield BackupDifference(subject, what, *pair)


def _doubles(doubles: Iterable[Double], until: int) -> dict[str, str]:
    return {
        f"{time_text(double.occurrence)}  {_task(double)}": f"on {' and '.join(sorted(double.nodes))}"
        for double in doubles
        if double.occurrence <= until
    }


def _owners(owners: Iterable[Tenure], until: int) -> dict[str, str]:
    """The owners of each task by their place in the order."""
    tenures: dict[tuple[int, str], list[str]] = {}
    for each in owners:
        if each.t <= until:
            tenures.setdefault((each.task, each.database), []).append(f"{each.node or NOBODY} at {_minute(each.t)}")
    return {
        f"{_ordinal(place)} owner of task {task} of {database}": text
        for (task, database), texts in tenures.items()
        for place, text in enumerate(texts, 1)
    }


def _ordinal(place: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(place, f"{place}th")


def _runs(history: RunHistory) -> dict[str, str]:
    """Who ran each occurrence, and how that ended."""
    found: dict[str, list[str]] = {}
    for run in history.runs:
        if run.task == ONE_TIME:
            continue
        kind = "nothing new" if run.skipped else f"{'full' if run.full else 'incremental'}, {run.end or 'under way'}"
        found.setdefault(f"{time_text(run.occurrence)}  task {run.task} of {history.whose(run.database)}", []).append(
            f"{run.node} ({kind})"
        )
    return {what: " and ".join(sorted(nodes)) for what, nodes in found.items()}


def _minute(t: int) -> str:
    """A true time rounded to the minute: two runs differ by luck in less."""
    return clock_text((t + MINUTE // 2) // MINUTE * MINUTE).rpartition(":")[0]


def _task(about: Any) -> str:
    return f"task {about.task} of {about.database}"


# ---- as JSON and as text ----


def as_fields(found: Differences) -> dict[str, Any]:
    """The differences as one JSON object; `t` and `until` in µs."""
    return attrs.asdict(found)


def lines(found: Differences) -> Iterator[str]:
    """The differences as text: the two runs, the first event that differs, and each subject of backups."""
    sides = (("one", found.one), ("other", found.other))
    width = max(len(side.run) for _, side in sides)
    for name, side in sides:
        yield f"{name:5}  {side.run:{width}}  {side.verdict}; {side.events:,} events, {clock_text(side.t)}"
    if found.divergence is None:
        yield f"equal: {found.one.events:,} events, digest {found.one.digest}"
        return
    yield from divergence_lines(found.divergence)
    if found.one.t != found.other.t:
        yield f"what came of it for backups, up to {clock_text(found.until)}, where the shorter run ended:"
    else:
        yield "what came of it for backups:"
    if not found.backups:
        yield "  nothing"
    subjects = dict.fromkeys(each.subject for each in found.backups)
    for subject in subjects:
        yield f"  {subject}:"
        rows = [each for each in found.backups if each.subject == subject]
        for row in rows[:MOST]:
            yield f"    {row.what}: {row.one} | {row.other}"
        if len(rows) > MOST:
            yield f"    … {len(rows) - MOST:,} more"


def divergence_lines(found: Divergence) -> Iterator[str]:
    """The first event that differs, as both runs have it."""
    alike = f"the same up to event {found.seq - 1:,}; the" if found.seq > 1 else "the"
    yield f"{alike} first that differs is event {found.seq:,}:"
    yield f"  one    {found.one}"
    yield f"  other  {found.other}"
    if found.fields:
        yield f"  not the same: {', '.join(found.fields)}"
