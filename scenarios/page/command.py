"""The page of a run, and where it goes: to a file that is not there yet, or for `unkindness open` into a temporary folder.

Never here: what a page holds, and exit codes.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scenarios.gallery import LoadedStory, StoryError
from scenarios.inspect.played_run import PlayedRun, played
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import ReplayError, newest_below
from scenarios.page.document import document
from scenarios.page.documents import PageDocuments
from scenarios.page.recording import beside, recording

if TYPE_CHECKING:
    from cluster.sim.run import Outcome
    from scenarios.inspect.differences import Differences

MOST = 1_000_000
"""The events of the longest run that has a page: more take a browser more than a few seconds."""


def check_target(path: Path) -> None:
    """Raise StoryError if the page cannot be written there: before the story is played, so that no play is wasted."""
    if path.exists() or path.is_symlink():
        raise StoryError(f"--html {path} is there already: name another file, or remove that one")
    if not path.parent.is_dir():
        raise StoryError(f"--html {path}: there is no folder {path.parent}: make it, or name another file")


def page_text(
    outcome: "Outcome",
    request: RunRequest,
    loaded: LoadedStory,
    version: str,
    documents: PageDocuments | None = None,
) -> str:
    """The page of a finished run; with its documents, if they were read along. StoryError for too long a run."""
    check_length(outcome, request, loaded)
    return document(recording(outcome, request, loaded, version, documents))


def check_length(outcome: "Outcome", request: RunRequest, loaded: LoadedStory) -> None:
    """Raise StoryError for a run that is too long for a page."""
    if len(outcome.history) > MOST:
        raise StoryError(
            f"the run has {len(outcome.history):,} events, and a page holds {MOST:,}: "
            f"`unkindness draw {loaded.name}@{request.seed} --from … --to …` draws a part of it"
        )


def page_of(
    run: str, version: str, *, bug: str | None = None, rules: str | None = None, documents: bool = False
) -> tuple[Path, str, str]:
    """Play a run again: a path in a new temporary folder, the page that belongs there, and the hash of the moment that RUN names.

    Raises ReplayError, StoryError, Diverged.
    """
    read = PageDocuments() if documents else None
    found = played(run, bug, rules, follow=read.follow if read is not None else None)
    events = len(found.outcome.history)
    if found.seq is not None and not 1 <= found.seq <= events:
        raise ReplayError(f"there is no event {found.seq}: the run has events 1 to {events}")
    made = page_text(found.outcome, found.request, found.loaded, version, read)
    path = (
        Path(tempfile.mkdtemp(prefix="unkindness-"))
        / f"{found.loaded.name.replace('/', '_')}@{found.request.seed}.html"
    )
    return path, made, "" if found.seq is None else f"#e={found.seq}"


def diff_text(found: "Differences", one: PlayedRun, other: PlayedRun, version: str) -> str:
    """Two runs on one page: both with every moment, the first event that differs, and what came of it. StoryError as `page_text`."""
    for play in (one, other):
        check_length(play.outcome, play.request, play.loaded)
    first, second = (recording(play.outcome, play.request, play.loaded, version) for play in (one, other))
    return document(*beside(first, second, found))


def newest_kept(out: Path) -> Path:
    """The kept run below `out` that was written last. ReplayError says what to type if there is none."""
    if (found := newest_below(out)) is None:
        raise ReplayError(
            f"there is no kept run below {out}: keep one by `unkindness run STORY --out {out}`, "
            "or name one, for example `unkindness open no_leader_still_backed_up@1`"
        )
    return found
