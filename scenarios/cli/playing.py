"""`list`, `run` and `replay`: a story is found, played, shown, and told how it ended.

Never here: how a run is played, kept or compared (scenarios/replay.py), and how its end is worded (scenarios/report.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from cyclopts import Parameter

from scenarios.cli.base import (
    BUG,
    CODES,
    DIVERGED,
    HELD,
    INTERRUPTED,
    MISTAKE,
    NOBODY_READS,
    Flag,
    Seed,
    app,
    check_data,
    complain,
    say_json,
    version,
)
from scenarios.cli.shown import Shown

if TYPE_CHECKING:
    from cluster.sim.run import Outcome
    from scenarios.gallery import Tale
    from scenarios.report import Request, Result
    from scenarios.screen import Screen


@app.command(name="list")
def list_stories(*, json: Annotated[bool, Flag] = False, bugs: Annotated[bool, Flag] = False) -> int:
    """The stories, one line each.

    Parameters
    ----------
    json
        Print an array of objects with `story` and `lesson` instead.
    bugs
        The bugs of the zoo instead: the same as `unkindness zoo`.
    """
    from scenarios.gallery import gallery

    if bugs:
        from scenarios.cli.judging import zoo

        return zoo(json=json)

    entries = gallery()
    if json:
        say_json([{"story": entry.story, "lesson": entry.lesson} for entry in entries])
        return HELD
    width = max((len(entry.story) for entry in entries), default=0)
    for entry in entries:
        print(f"{entry.story:{width}}  {entry.lesson}".rstrip())
    return HELD


@app.command
def run(
    story: str,
    /,
    *,
    seed: Annotated[int | None, Seed] = None,
    rules: str | None = None,
    data: str | None = None,
    out: Path | None = None,
    bug: str | None = None,
    log: Path | None = None,
    json: Annotated[bool, Flag] = False,
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())] = False,
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"), negative=())] = False,
) -> int:
    """Play a story once and say whether the promises held.

    Parameters
    ----------
    story
        A name from the list, or the path of a `.py` file with `async def story(world)`.
    seed
        Decides everything that is left to luck; without it the story's own.
    rules
        Which generation of rules the backups follow: unkindness, ravendb-6.2, ravendb-4.2.
    data
        Documents for the story: a file of JSON lines, or `real` for countries and cities.
    out
        Keep the run in a new folder below this one.
    bug
        Plant a bug of the zoo.
    log
        Hand every event to structlog as well: one JSON line each in this file, which is made anew.
    json
        Print one JSON object instead of the timeline.
    quiet
        No timeline, only how it ended.
    verbose
        Every message, write and commit too, with the numbers of the events.
    """
    from scenarios.gallery import load
    from scenarios.replay import asked, fresh_folder, perform
    from scenarios.report import summary

    tale = load(story)
    request = asked(tale, seed, rules, data, bug)
    check_data(data)
    log_file = _opened(log) if log is not None else None
    folder = fresh_folder(out, request) if out is not None else None
    with _backups(folder) as backups, Shown(quiet=quiet or json, detail=verbose) as shown:
        outcome = perform(tale, request, backups, follow=shown.follow, stop_asked=shown.stop_asked)
        shown.catch_up(outcome)
    if log_file is not None:
        _write_log(log_file, outcome)
    result = summary(outcome, request, tale)
    if folder is not None:
        from scenarios.replay import keep

        keep(folder, result, outcome.history, version())
    if shown.screen.gone:
        return NOBODY_READS
    return _tell(result, outcome, tale, shown.screen, as_json=json, kept=str(folder or ""))


@app.command
def replay(run: str, /) -> int:
    """Play a run again and prove that it is the same to the last event, or name the first that differs.

    Parameters
    ----------
    run
        `FILE[:SEQ]`, a trace.ndjson or result.json of an --out folder, or `STORY@SEED[:SEQ]`. With SEQ, show that
        event, its neighbours and what led to it.
    """
    from scenarios.gallery import load
    from scenarios.replay import Kept, difference, find, look_lines, perform
    from scenarios.report import verdict_of

    named, seq = find(run)
    request = named.request if isinstance(named, Kept) else named
    tale = load(request.story)
    check_data(request.data)
    outcomes: list[Outcome] = []
    with Shown(quiet=True) as shown:
        for shuffle in (0,) if isinstance(named, Kept) else (0, 1):  # how trio shuffles its batches must not matter
            with _backups(None) as backups:
                outcome = perform(tale, request, backups, stop_asked=shown.stop_asked, shuffle=shuffle)
            if outcome.verdict == "stopped":
                return _interrupted(outcome, request)
            outcomes.append(outcome)
    looked = look_lines(outcomes[-1].history, seq) if seq is not None else []
    said = difference(named, [each.history for each in outcomes])
    if said:
        shown.screen.text(f"diverged: {request.command()} does not repeat {run}")
    else:
        verdict = verdict_of(outcomes[-1], tale)
        events = len(outcomes[-1].history)
        shown.screen.text(f"identical: {events:,} events, digest {outcomes[-1].digest}, verdict {verdict}")
    for line in [*said, *looked]:
        shown.screen.text(line)
    return DIVERGED if said else HELD


@contextmanager
def _backups(folder: Path | None) -> Iterator[Path]:
    """Where real backup files go: into a folder that is kept, or one that is removed."""
    if folder is not None:
        from scenarios.replay import BACKUPS

        yield folder / BACKUPS
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="unkindness-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _opened(path: Path) -> TextIO:
    """The log's file; opened before the story is played, so that nothing is played in vain."""
    from scenarios.gallery import StoryError

    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise StoryError(f"{path} cannot be written ({error.strerror}): name another file for the log") from error


def _write_log(file: TextIO, outcome: "Outcome") -> None:
    """Every event through structlog, node and time bound, as JSON lines."""
    import structlog

    from cluster.structlog_listener import narrate

    with file:
        processors: list[structlog.typing.Processor] = [
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        logger = structlog.wrap_logger(structlog.WriteLogger(file), processors=processors)
        for event in outcome.history.events:
            narrate(event, logger)


def _tell(result: "Result", outcome: "Outcome", tale: "Tale", screen: "Screen", *, as_json: bool, kept: str) -> int:
    """Say how a run ended; return the exit code."""
    from scenarios.report import bug_text, failure_lines, mistake_text, verdict_lines

    failure = outcome.failure
    match result.verdict:
        case "mistake" if failure is not None:
            complain(mistake_text(failure, tale))
            return MISTAKE
        case "bug" if failure is not None:
            complain(bug_text(failure, result.request.command(), version()))
            return BUG
        case "stopped":
            return _interrupted(outcome, result.request)
    if as_json:
        say_json(result.fields())
        return CODES[result.verdict]
    screen.text("")
    if result.violations:
        for line in [*failure_lines(result, outcome), ""]:
            screen.text(line)
    for line in verdict_lines(result, outcome, kept):
        screen.text(line)
    return CODES[result.verdict]


def _interrupted(outcome: "Outcome", request: "Request") -> int:
    from cluster.time_units import clock_text

    came = f"{clock_text(outcome.history.clock.now)} after the start, {len(outcome.history):,} events"
    complain(f"stopped: the story had come to {came}\nagain: {request.command()}")
    return INTERRUPTED
