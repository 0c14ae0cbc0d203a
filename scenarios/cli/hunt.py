"""`unkindness hunt`: what many seeds of a story break. Never here: how seeds are played (scenarios/hunt)."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from scenarios.cli.base import (
    BROKEN,
    BUG,
    HELD,
    INCONCLUSIVE,
    INTERRUPTED,
    MISTAKE,
    Flag,
    app,
    new_file,
    say_json,
)

if TYPE_CHECKING:
    from scenarios.hunt.machines import Machines
    from scenarios.hunt.report import Report
    from scenarios.hunt.seeds import Seeds
    from scenarios.inspect.result import RunRequest

UNNAMED = ("weather", "weather_backups")
"""What is hunted if no story is named."""
OF_BACKUPS = 50
"""How many seeds of the second are played if nothing is said: hours of backups take as long as minutes of anything else."""


@app.command
def hunt(
    story: str | None = None,
    /,
    *,
    seeds: str | None = None,
    time: str | None = None,
    jobs: int | None = None,
    on: str | None = None,
    rules: str | None = None,
    bug: str | None = None,
    keep_going: Annotated[bool, Flag] = False,
    junit: Path | None = None,
    json: Annotated[bool, Flag] = False,
) -> int:
    """Play many seeds of a story, on every processor, and say what they broke, grouped by cause.

    Parameters
    ----------
    story
        A name from the list, or the path of a `.py` file with `async def story(world)`, or with an `application` of your own, a
        `client(world)` that asks it, and `watchers`. Without one: `weather`, of which everything is drawn from the seed, and
        `weather_backups`, the same over backups.
    seeds
        `A:B`, both included, or `N`, which is 1:N. A thousand if neither seeds nor a time are given, and fifty of
        `weather_backups` if no story is named either.
    time
        Stop after this wall time: `90s`, `5m`, `1.5h`; half of it for each of the two weathers.
    jobs
        How many processes; as many as there are processors.
    on
        Play on the workers of a Dask scheduler instead: `dask://HOST:PORT`.
    rules
        Which generation of rules the backups follow.
    bug
        Plant a bug of the zoo.
    keep_going
        Let each run go on when a promise is broken, and count every promise that was.
    junit
        Write the findings as JUnit's XML as well: one new file.
    json
        Print one JSON object instead.
    """
    from scenarios.gallery import load
    from scenarios.hunt.junit import junit_lines
    from scenarios.hunt.machines import machines
    from scenarios.hunt.report import joined, report_lines
    from scenarios.hunt.seeds import seeds_of, wall_seconds_of
    from scenarios.kept_run import asked
    from scenarios.terminal import printable

    limit = wall_seconds_of(time)
    named, asked_for = UNNAMED if story is None else (story,), seeds_of(seeds, limit is not None)
    hunts = [(asked(load(each), None, rules, None, bug, keep_going), asked_for) for each in named]
    if story is None and seeds is None and limit is None:
        hunts[1] = hunts[1][0], seeds_of(str(OF_BACKUPS), is_timed=False)
    with new_file("--junit", junit) as file:
        with closing(machines(jobs, on)) as where, _progress_line(json) as say_progress:
            reports, is_interrupted = _hunted(hunts, limit, where, say_progress)
        if file is not None:
            print("\n".join(junit_lines(reports)), file=file)
    whole = joined(reports)
    if json:
        say_json(whole.fields())
    else:
        for report in reports:
            for line in report_lines(report):
                print(printable(line))
    return INTERRUPTED if is_interrupted else _code(whole)


def _hunted(
    hunts: "list[tuple[RunRequest, Seeds]]",
    wall_seconds: float | None,
    where: "Machines",
    say_progress: Callable[[str], None],
) -> "tuple[list[Report], bool]":
    """The report of each story that was hunted, one after the other, and whether Ctrl-C ended it."""
    from scenarios.hunt.hunting import Hunt

    reports: list[Report] = []
    for request, seeds in hunts:
        limit = wall_seconds / len(hunts) if wall_seconds is not None else None
        found = Hunt(request, seeds, limit, where, say_progress).run()
        reports.append(found.report)
        if found.is_interrupted:
            return reports, True
    return reports, False


@contextmanager
def _progress_line(is_quiet: bool) -> Iterator[Callable[[str], None]]:
    """Writes a line in the place of the one before, if standard error is a terminal."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        yield lambda line: print(line[:78].ljust(79), end="\r", file=sys.stderr, flush=True)
    finally:
        print(" " * 79, end="\r", file=sys.stderr, flush=True)


def _code(report: "Report") -> int:
    verdicts = {each.verdict for each in report.findings}
    if "broken" in verdicts:
        return BROKEN
    if verdicts:
        return BUG
    if any(each.verdict == "mistake" for each in report.others):
        return MISTAKE
    return INCONCLUSIVE if report.unplayed or report.others else HELD
