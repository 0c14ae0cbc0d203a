"""What of a run goes into its page: a header, and every event as a flat row of facts.

No contents of documents unless they are handed over, no digests, no paths of this machine. Never here: how rows become bytes (encode.py).
"""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from backup.destinations.faults import OfFile
from backup.notes.runs import BackupCancelled, BackupFinished, BackupSkipped, BackupStarted, ReportQueued
from cluster import trace
from cluster.sim.run import BROKEN
from cluster.sim.timeline import HEADLINE, Timeline, TimelineLine
from cluster.step_fields import json_form
from cluster.steps import Ask, Disturb, Step, When, nodes_of
from cluster.value import value
from scenarios.gallery import LoadedStory
from scenarios.inspect.causality import parents
from scenarios.inspect.known_paths import KnownPaths
from scenarios.inspect.result import RunRequest, summary
from scenarios.inspect.run_history import RunHistory
from scenarios.page.backup_facts import backup_facts
from scenarios.page.documents import PageDocuments

if TYPE_CHECKING:
    from cluster.sim.history import History
    from cluster.sim.run import Outcome
    from scenarios.inspect.differences import Differences

Row = dict[str, Any]
LEFT_OUT = frozenset({"number", "digest", "digests", "fingerprint", "contents", "copy"})
"""Fields of notes that only watchers need, or that name what is in a document."""
INTERESTING = (BackupStarted, BackupFinished, BackupSkipped, BackupCancelled, ReportQueued)
"""Kinds of notes at which a reader who steps from one interesting event to the next stops, besides headlines."""


@value
class Recording:
    """A run as its page holds it."""

    header: Row
    """Story, seed, verdict, digest, command, nodes, promises, the promise that broke, and all that broke if the run went on."""
    rows: tuple[Row, ...]
    """The events in order; row 0 is event 1."""


def recording(
    outcome: "Outcome",
    request: RunRequest,
    loaded: LoadedStory,
    version: str,
    documents: PageDocuments | None = None,
) -> Recording:
    """The recording of a finished run; with the documents that were read along with it, if they were."""
    known = KnownPaths.of(loaded)
    result = summary(outcome, request, loaded)
    weights = told(outcome.history, outcome.names)
    parent = parents(outcome.history.events)
    history = RunHistory(outcome.history.events)
    clusters = {part.founders: part for part in history.clusters}
    rows = tuple(row(event, parent[event.seq], weights.get(event.seq, 0), known) for event in outcome.history.events)
    for each in rows:
        if "database" in each:
            each["database"] = clusters[history.founders_of(each["node"])].whose(each["database"])
    header: Row = {
        "story": Path(request.story).stem,
        "lesson": known.without(loaded.lesson),
        "seed": request.seed,
        "rules": request.rules,
        "bug": request.bug or "",
        "verdict": result.verdict,
        "digest": outcome.digest,
        "command": attrs.evolve(
            request,
            story=Path(request.story).name,
            data=Path(request.data).name if request.data else None,
        ).command(),
        "version": version,
        "names": list(outcome.names),
        "events": len(rows),
        "agreed": sorted({type(event.note).__name__ for event in outcome.history.of(trace.Agreed)}),
        "backups": dict(result.backups),
        "promises": [[name, says] for name, says in outcome.promises],
        "broken": None,
        "breaks": [],
        **backup_facts(outcome, request, loaded, known, history),
    }
    if documents is not None:
        header["documents"] = documents.fields()
    if result.verdict == BROKEN and rows:
        header["breaks"] = [
            {
                "seq": each.seq,
                "promise": each.promise,
                "text": known.without(each.text.partition(f" ({loaded.source}")[0]),
            }
            for each in result.violations
        ]
        header["broken"] = header["breaks"][0]
    return Recording(header, rows)


def beside(one: Recording, other: Recording, found: "Differences") -> tuple[Recording, Recording]:
    """Two recordings that know of each other: the first event that differs, and what of backups does.

    Names of runs are those of stories and seeds: RUN could be a folder of this machine.
    """
    first = found.divergence
    compared: Row = {
        "seq": first.seq if first else 0,
        "fields": list(first.fields) if first else [],
        "until": found.until,
        "backups": [[each.subject, each.what, each.one, each.other] for each in found.backups],
    }
    return Recording(one.header | {"compared": compared}, one.rows), Recording(
        other.header | {"compared": compared}, other.rows
    )


def told(history: "History", names: tuple[str, ...]) -> dict[int, int]:
    """The weight of each event that a timeline tells: 1, or 2 where a reader should stop. Others are detail."""
    lines: list[TimelineLine] = []
    timeline = Timeline(names, lines.append, stretches=history.stretches)
    timeline.catch_up(history)
    timeline.close()
    return {
        line.seq: 2 if line.weight == HEADLINE or isinstance(history.events[line.seq - 1].note, INTERESTING) else 1
        for line in lines
        if line.seq
    }


def row(event: trace.Happened, parent: int, weight: int, known: "KnownPaths") -> Row:
    """An event as a flat row: number, time, node, kind, cause, parent, weight, sentence, and the facts of its note.

    In a recording its `database` is told with its cluster unless that is the first, so that names and keys are one thing's.
    """
    note = event.note
    made: Row = {
        "seq": event.seq,
        "t": event.t,
        "node": event.node,
        "kind": type(note).__name__,
        "cause": event.cause,
        "parent": parent,
        "weight": weight,
        "text": known.without(note.text()),
    }
    if isinstance(note, trace.Stepped):
        return made | _step(note.step)
    for field in attrs.fields(type(note)):
        if field.name in LEFT_OUT:
            continue
        name = f"{field.name}_" if field.name in made else field.name
        made[name] = _plain(getattr(note, field.name), field.name, known)
    return made


def _plain(found: Any, name: str, known: "KnownPaths") -> Any:
    if isinstance(found, str):
        return known.without(found)
    if isinstance(found, tuple):
        if name == "terms":  # a long log has few terms
            return [[term, len(list(same))] for term, same in groupby(found)]
        return [_plain(each, "", known) for each in found]
    if found is None or isinstance(found, bool | int | float):
        return found
    return known.without(str(found))


def _step(step: Step) -> Row:
    """A step without what a client sends: its kind, its nodes, and the fields of a fault."""
    made: Row = {"step": type(step).__name__, "nodes": list(nodes_of(step)), "fields": {}}
    if isinstance(step, Disturb) and isinstance(step.trouble, OfFile):
        pass  # it is over at once: the note about the file says what became of it
    elif isinstance(step, Disturb):
        trouble = step.trouble
        made["fields"] = {"trouble": type(trouble).__name__, "path": str(getattr(trouble, "path", ""))}
    elif not isinstance(step, Ask | When):
        made["fields"] = json_form(step)["fields"]
    return made
