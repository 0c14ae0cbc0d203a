"""The story of a kept run: its text and the modules beside it, kept without secrets, and found again from any folder.

The folder of a kept run has them below `story/`; the line about the run has the hash of each. Never here: what a secret is
(story_secrets.py), and the rest of a kept run (kept_run.py).
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cluster.value import value
from scenarios.gallery import LoadedStory, StoryError, is_a_story, load_file, path_in_gallery
from scenarios.modules_beside import brought_in

if TYPE_CHECKING:
    from cluster.sim.run import Outcome

FOLDER = "story"


class StoryChanged(StoryError):
    """What is kept of a story is not what was kept."""


@value
class StoryText:
    """The text of a story and of the modules beside it, as it is kept."""

    files: tuple[tuple[str, bytes], ...] = ()
    """By name, the story first; none if the text is withheld."""
    replaced: int = 0
    """For how many texts in them `***` stands, as they hold a secret."""
    withheld: str = ""
    """Why nothing is kept; empty if it is."""

    def fields(self) -> dict[str, Any]:
        """What the line about the run says of it."""
        if self.withheld:
            return {"story_withheld": self.withheld}
        fields: dict[str, Any] = {"story_files": {name: _sha256(text) for name, text in self.files}}
        return fields | ({"secrets_replaced": self.replaced} if self.replaced else {})

    def said(self) -> str:
        """What is to be known of it, as a clause; empty if the text is kept as it is."""
        if self.withheld:
            return f"without the story's text: {self.withheld}"
        if not self.replaced:
            return ""
        return f"with *** for {self.replaced} text{'' if self.replaced == 1 else 's'} of the story that held secrets"

    def write(self, folder: Path) -> None:
        """Write the files below the folder of a run. OSError if that cannot be done."""
        for name, text in self.files:
            path = folder / FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)


def text_of(loaded: LoadedStory, outcome: "Outcome") -> StoryText:
    """What is kept of a story that was played: every secret that its watchers know, or that looks like one, is replaced."""
    from backup.checks.secrets import KeysStaySecret
    from scenarios.story_secrets import NotSure, without_secrets

    files = ((Path(loaded.source).name, loaded.text), *brought_in(loaded.source))
    rings = [each.ring for each in outcome.watchers if isinstance(each, KeysStaySecret)]
    try:
        clean = without_secrets([text for _, text in files], rings)
    except NotSure as error:
        return StoryText(withheld=str(error))
    names = [name for name, _ in files]
    return StoryText(
        tuple(zip(names, (each.content for each in clean), strict=True)), sum(each.replaced for each in clean)
    )


@value
class FoundStory:
    """The file that is played for a kept run."""

    path: Path
    remark: str = ""
    """What is to be known of it, as a sentence; empty: it has the text that was played."""

    def load(self, name: str) -> LoadedStory:
        """The story, under the name that it was played by. StoryError as `load`."""
        if is_a_story(name):
            return load_file(name.replace("-", "_"), self.path, "scenarios.stories")
        return load_file(name, self.path)


def find_story(name: str, fields: dict[str, Any], run: Path) -> FoundStory:
    """The story `name` of a kept run, of whose trace or result, the file `run`, `fields` are the line about it.

    It is the file that was played, if it has the same text still, so that what stands beside it is found; else the text that was
    kept; else the file as it is now. StoryChanged if what was kept was changed, StoryError if no text is found at all.
    """
    folder = run.parent
    found = list(_files(name, folder))
    replaced, hashes, kept = 0, dict[str, str](), dict[str, bytes]()
    if "story_files" in fields:
        replaced, hashes = fields.get("secrets_replaced", 0), _hashes(fields)
        kept = _kept_texts(hashes, folder / FOLDER)
    for path in found:
        if hashes and (kept or not replaced) and _is_same(path, hashes, kept, replaced):
            return FoundStory(path)
    shown = name if is_a_story(name) else str(next(iter(found), name))
    changed = f"{shown} has another text than {run} was played with" if found else ""
    if kept and not replaced:
        return FoundStory(
            folder / FOLDER / next(iter(kept)), f"{changed}: the one that was kept is played" if changed else ""
        )
    if kept:
        why = f"{run} has *** for {replaced} of its texts, which held secrets"
    else:
        changed = f"{run} has no text of its story" if not hashes or replaced else changed
        why = str(fields.get("story_withheld") or f"{run} has no text of it")
    if not found:
        raise StoryError(f"there is no {name} here, nor in a folder above {run}, and {why}: put the story's file there")
    return FoundStory(found[0], f"{changed}: {shown} is played as it is now")


def _files(name: str, folder: Path) -> Iterator[Path]:
    """The files that may be the story: in the gallery, or by the name it was given here and above the kept run."""
    if is_a_story(name):
        yield path_in_gallery(name)
        return
    for each in above(name, folder):
        if each.is_file():
            yield each


def above(name: str, folder: Path) -> Iterator[Path]:
    """Where a file may be that a run was given by this path: from here, and from each folder that the kept run is in."""
    yield Path(name)
    if not Path(name).is_absolute():
        for each in folder.resolve().parents:
            yield each / name


def _hashes(fields: dict[str, Any]) -> dict[str, str]:
    """By name, the hash of each kept file. TypeError if that is not what the line says."""
    hashes = fields["story_files"]
    if not isinstance(hashes, dict) or not hashes or type(fields.get("secrets_replaced", 0)) is not int:
        raise TypeError("the files of the story are not named")
    for name, hashed in hashes.items():
        if not isinstance(hashed, str) or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise TypeError(f"{name!r} is no file of a story")
    return hashes


def _kept_texts(hashes: dict[str, str], folder: Path) -> dict[str, bytes]:
    """What is kept, by name; nothing if no file is there, as beside a trace that was copied alone. StoryChanged if it was changed."""
    if not folder.is_dir():
        return {}
    kept = {}
    for name, hashed in hashes.items():
        try:
            kept[name] = (folder / name).read_bytes()
        except OSError as error:
            raise StoryChanged(
                f"{folder / name} cannot be read ({error.strerror}): put back what was kept, or take {folder} away"
            ) from error
        if _sha256(kept[name]) != hashed:
            raise StoryChanged(
                f"{folder / name} was changed after it was kept: put back what was kept, or play it as a story of its own"
            )
    return kept


def _is_same(path: Path, hashes: dict[str, str], kept: dict[str, bytes], replaced: int) -> bool:
    """Whether the file, and what stands beside it, are what was kept. Without what was kept, hashes tell, if nothing was replaced."""
    from scenarios.story_secrets import is_the_same

    story, *_ = hashes
    for name, hashed in hashes.items():
        try:
            now = (path if name == story else path.parent / name).read_bytes()
        except OSError:
            return False
        if not (is_the_same(kept[name], now, replaced) if kept else _sha256(now) == hashed):
            return False
    return True


def _sha256(text: bytes) -> str:
    return sha256(text).hexdigest()
