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
    from scenarios.hunt.report import Report


@app.command
def hunt(
    story: str = "weather",
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
        A name from the list, or the path of a `.py` file with `async def story(world)`. Without one: `weather`, of which
        everything is drawn from the seed; `weather_backups` is the same over backups.
    seeds
        `A:B`, both included, or `N`, which is 1:N. A thousand if neither seeds nor a time are given.
    time
        Stop after this wall time: `90s`, `5m`, `1.5h`.
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
    from scenarios.hunt.hunting import Hunt
    from scenarios.hunt.junit import junit_lines
    from scenarios.hunt.machines import machines
    from scenarios.hunt.report import report_lines
    from scenarios.hunt.seeds import seeds_of, wall_seconds_of
    from scenarios.kept_run import asked
    from scenarios.terminal import printable

    limit = wall_seconds_of(time)
    asked_for = seeds_of(seeds, limit is not None)
    request = asked(load(story), None, rules, None, bug, keep_going)
    with new_file("--junit", junit) as file:
        with closing(machines(jobs, on)) as where, _progress_line(json) as say_progress:
            found = Hunt(request, asked_for, limit, where, say_progress).run()
        if file is not None:
            print("\n".join(junit_lines(found.report)), file=file)
    if json:
        say_json(found.report.fields())
    else:
        for line in report_lines(found.report):
            print(printable(line))
    return INTERRUPTED if found.is_interrupted else _code(found.report)


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
