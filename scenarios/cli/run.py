"""`unkindness run`: a story is found, played, shown, kept, and told how it ended.

Never here: how a run is played and kept (scenarios/kept_run.py), and how its end is worded (scenarios/inspect/result.py).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from cyclopts import Parameter

from scenarios.cli.base import (
    BROKEN,
    BUG,
    CODES,
    MISTAKE,
    NOBODY_READS,
    UNWRITABLE,
    Flag,
    Seed,
    app,
    check_data,
    complain,
    new_file,
    say_json,
)
from scenarios.cli.run_screen import RunScreen, interrupted
from scenarios.provenance import version

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.sim.run import Outcome
    from cluster.sim.world import World
    from scenarios.gallery import LoadedStory
    from scenarios.inspect.result import Result
    from scenarios.page.documents import PageDocuments
    from scenarios.terminal import Screen

PAGED = ("held", "broken", "inconclusive")
"""The verdicts of a run that has a page."""


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
    keep_going: Annotated[bool, Flag] = False,
    log: Path | None = None,
    html: Path | None = None,
    documents: Annotated[bool, Flag] = False,
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
        Keep the run in a new folder below this one: events, result, backup files, and the story with `***` for its secrets.
    bug
        Plant a bug of the zoo.
    keep_going
        Go on when a promise is broken, and list every promise that was.
    log
        Hand every event to structlog as well: one JSON line each in this file, a new one.
    html
        Write the run as a page with every moment in it: one new file, for any browser.
    documents
        Show on that page, with each restore point, the documents that it would give: whoever has the page can read them.
    json
        Print one JSON object instead of the timeline.
    quiet
        No timeline and no list of promises, only how it ended.
    verbose
        Every message, write and commit too, with the numbers of the events.
    """
    from scenarios.gallery import StoryError, load
    from scenarios.inspect.result import summary
    from scenarios.kept_run import BACKUPS, TRACE, asked, fresh_folder, keep, perform, secret_shown
    from scenarios.output_errors import OutputError
    from scenarios.zoo import planted

    loaded = load(story)
    request = asked(loaded, seed, rules, data, bug, keep_going)
    check_data(data)
    read = _documents_for(html) if documents else None
    if html is not None:  # before the story is played, so that no play is wasted
        from scenarios.page.command import check_target

        check_target(html)
    with new_file("--log", log) as log_file:  # before the story is played, so that no play is wasted
        folder = fresh_folder(out, request) if out is not None else None
        backups = folder / BACKUPS if folder is not None else None
        if loaded.foretold is not None and not (quiet or json):
            print(loaded.foretold(request.seed), end="\n\n", flush=True)
        with RunScreen(quiet=quiet or json, detail=verbose) as shown:
            outcome = perform(loaded, request, backups, follow=_both(shown.follow, read), stop_asked=shown.stop_asked)
            shown.catch_up(outcome)
        if log_file is not None:
            _write_log(log_file, outcome)
    result, story_text = summary(outcome, request, loaded), ""
    if folder is not None:
        with planted(bug):
            story_text = keep(folder, result, outcome, loaded).said()
        if result.verdict == "held" and (shows := secret_shown(folder / TRACE, outcome)):
            complain(f"broken: {shows}: {folder}")
            return BROKEN
    unpaged: StoryError | OutputError | None = None
    if html is not None and result.verdict in PAGED:
        from scenarios.page.command import page_text

        try:
            with new_file("--html", html) as page:
                print(page_text(outcome, request, loaded, version(), read), end="", file=page)
        except (StoryError, OutputError) as error:  # told after the verdict, which must not be lost
            unpaged = error
    shown.screen.check()
    if shown.screen.gone:
        return NOBODY_READS
    code = _tell(result, outcome, loaded, shown.screen, as_json=json, quiet=quiet, kept=folder, story_text=story_text)
    shown.screen.check()
    if unpaged is None:
        return code
    complain(str(unpaged))
    return code or (UNWRITABLE if isinstance(unpaged, OutputError) else MISTAKE)


def _documents_for(html: Path | None) -> "PageDocuments":
    from scenarios.gallery import StoryError
    from scenarios.page.documents import PageDocuments

    if html is None:
        raise StoryError("--documents: documents are shown on a page, so name its file: --html FILE")
    return PageDocuments()


def _both(follow: "Callable[[World], None]", read: "PageDocuments | None") -> "Callable[[World], None]":
    if read is None:
        return follow

    def both(world: "World") -> None:
        follow(world)
        read.follow(world)

    return both


def _write_log(file: TextIO, outcome: "Outcome") -> None:
    """Write every event through structlog as a JSON line, with node and time bound."""
    import structlog

    from cluster.structlog_listener import narrate

    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    logger = structlog.wrap_logger(structlog.WriteLogger(file), processors=processors)
    for event in outcome.history.events:
        narrate(event, logger)


def _tell(
    result: "Result",
    outcome: "Outcome",
    loaded: "LoadedStory",
    screen: "Screen",
    *,
    as_json: bool,
    quiet: bool,
    kept: Path | None,
    story_text: str,
) -> int:
    """Say how a run ended; return the exit code. `story_text`: what is to be known of the story in the folder of a kept run."""
    from scenarios.inspect.result import bug_text, failure_lines, mistake_lines, verdict_lines

    failure = outcome.failure
    match result.verdict:
        case "mistake" if failure is not None:
            complain("\n".join(mistake_lines(result, outcome, loaded)))
            return MISTAKE
        case "bug" if failure is not None:
            complain(bug_text(failure, result.request.command(), version()))
            return BUG
        case "stopped":
            return interrupted(outcome, result.request)
    if as_json:
        say_json(result.fields())
        if story_text:
            complain(f"kept in {kept} {story_text}")
        return CODES[result.verdict]
    screen.text("")
    if result.violations:
        for line in [*failure_lines(result, outcome, str(kept or "")), *_beside(result, outcome, kept), ""]:
            screen.text(line)
    for line in verdict_lines(result, outcome, " ".join(filter(None, (str(kept or ""), story_text))), brief=quiet):
        screen.text(line)
    return CODES[result.verdict]


def _beside(result: "Result", outcome: "Outcome", kept: Path | None) -> list[str]:
    """Where a broken run first differs from the newest run of its story that held and is kept in the same folder."""
    from scenarios.inspect.differences import beside_lines
    from scenarios.kept_run import newest_below

    held = newest_below(kept.parent, "held", result.request.story) if kept is not None else None
    return beside_lines(held, str(kept), outcome.history) if held is not None else []
