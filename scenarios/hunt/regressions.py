"""What hunts have found is kept as stories, a file each, and played first the next time.

They lie below `tests/regressions` in a checkout of unkindness, below `unkindness-regressions` for everybody else; a folder for each story
that was hunted. A file that is taken away is forgotten. Never here: finding and shrinking.
"""

import os
import re
from pathlib import Path
from zlib import crc32

from scenarios.gallery import DEFAULT_RULES, ENDINGS, StoryError, is_a_story
from scenarios.hunt.cause import ROOT, Cause
from scenarios.hunt.shrink import Shrunk
from scenarios.inspect.result import RunRequest

OURS, OTHERS = Path("tests/regressions"), Path("unkindness-regressions")


def regressions_of(story: str) -> list[Path]:
    """The kept stories that broke something when this one was hunted, sorted."""
    return sorted(_folder(story).glob("*.py"))


def keep(request: RunRequest, cause: Cause, shrunk: Shrunk | None) -> Path:
    """Write the finding down as a story; the path. StoryError if that cannot be done.

    Without a shrunk story the file names the run that was found.
    """
    folder = _folder(request.story)
    place = cause.place.rpartition(".")[2]
    name = "_".join(filter(None, (_name(cause.promise)[:60], _name(place)[:40] if place else "", _seed(request.seed))))
    path = folder / f"{name}.py"
    number = 1
    while path.exists():  # somebody may have changed it
        number += 1
        path = folder / f"{name}_{number}.py"
    text = shrunk.story if shrunk is not None and shrunk.story else _as_found(request, cause)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoryError(f"{path} cannot be written ({error.strerror}), so that the finding is not kept") from error
    return path


def _as_found(request: RunRequest, cause: Cause) -> str:
    """The text of a story that plays the run as it was found, from any folder: a story's file is named from its own."""
    story, more = repr(request.story), list[str]()
    if not is_a_story(request.story):
        there = os.path.relpath(Path(request.story).absolute(), _folder(request.story).absolute())
        story, more = f"str(Path(__file__).parent / {Path(there).as_posix()!r})", ["from pathlib import Path", ""]
    rules = [f'RULES = "{request.rules}"'] if request.rules != DEFAULT_RULES else []
    lines = [f'"""Broken: {cause.promise}, as it was found."""', "", *more, "from scenarios.gallery import load", ""]
    return "\n".join([*lines, f"SEED = {request.seed}", *rules, f"story = load({story}).story", ""])


def _folder(story: str) -> Path:
    """The folder of a story: its name, and for a file what tells it from others of that name."""
    parent = OURS if Path.cwd() == ROOT else OTHERS
    path = Path(story)
    apart = f"_{crc32(path.absolute().parent.as_posix().encode()):08x}" if path.suffix in ENDINGS else ""
    return parent / f"{_name(path.stem)}{apart}"


def _seed(seed: int) -> str:
    return str(seed).replace("-", "minus_")


def _name(text: str) -> str:
    """The text as a part of a file's name."""
    return re.sub(r"\W+", "_", text.lower()).strip("_") or "it"
