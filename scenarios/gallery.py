"""The stories: the gallery, the lesson of each, and how one is loaded by name or from a file of the user's.

Whatever is wrong with a story file is one `StoryError` that says where and what to do. Never here: playing a story.
"""

import ast
import inspect
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cluster.value import value
from scenarios.meant_names import hint, suggestion

if TYPE_CHECKING:
    from cluster.sim.run import Story

STORIES = Path(__file__).parent / "stories"
DEFAULT_SEED = 1
DEFAULT_RULES = "unkindness"
SCRIPT = ".txt"
"""The ending of a story that is a script."""
ENDINGS = (".py", SCRIPT)
"""The endings of the file of a story."""
READER = "scenarios.script.reading"
"""The module that reads scripts, brought in when one is asked for: it stands on all that plays them."""


class StoryError(ValueError):
    """The story that was asked for cannot be played. One or two lines: the value, and the remedy."""


@value
class GalleryEntry:
    """A story of the gallery that is not loaded yet."""

    story: str
    """Its name."""
    lesson: str
    """The first line of its docstring."""


@value
class LoadedStory:
    """A story, ready to be played."""

    name: str
    """The story as the user named it: a name of the gallery, or a path."""
    story: "Story"
    lesson: str
    seed: int
    """The seed it is meant for."""
    rules: str
    """The rules it is meant for."""
    told_under: tuple[str, ...]
    """The rules that the story can be played under; empty: any."""
    source: str
    """The path of its file."""
    foretold: Callable[[int], str] | None = None
    """Says what the story will do with a seed, where it leaves that to the seed."""
    text: bytes = b""
    """What its file held when it was loaded."""


def gallery(folder: Path = STORIES) -> tuple[GalleryEntry, ...]:
    """Every story of a folder, sorted by name. Reads the files and runs none of them, so that it is quick."""
    return tuple(GalleryEntry(path.stem, _lesson(ast.get_docstring(_parse(path)))) for path in _files(folder))


def names(folder: Path = STORIES) -> tuple[str, ...]:
    """The name of every story of a folder, sorted."""
    return tuple(path.stem for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))


def is_a_story(name: str) -> bool:
    """Whether the gallery has a story of that name."""
    return name.replace("-", "_") in names()


def path_in_gallery(name: str) -> Path:
    """The file of that story of the gallery."""
    return STORIES / f"{name.replace('-', '_')}.py"


def suggested_story(name: str, folder: Path = STORIES) -> str:
    """` Did you mean …?` where the folder has a story with a name like that, else nothing."""
    return suggestion(name.replace("-", "_"), names(folder))


def load(story: str, folder: Path = STORIES) -> LoadedStory:
    """Load a story by its name in the gallery or by the path of a `.py` file or of a script. StoryError says what is wrong."""
    if story.endswith(ENDINGS) or "/" in story or "\\" in story:
        path = Path(story)
        if not path.is_file():
            raise StoryError(
                f"there is no story file {story}: give the path of a .py file or of a script, or a name from the list"
            )
        if story.endswith(SCRIPT):
            scripted: LoadedStory = import_module(READER).load_script(story, path)
            return scripted
        name = story
    else:
        name = story.replace("-", "_")
        path = folder / f"{name}.py"
        if name not in names(folder):
            close = suggested_story(name, folder)
            plain, _, seed = name.partition("@")
            if seed and plain in names(folder):
                close = f" To play {plain} with that seed, write `{plain} --seed {seed}`."
            if (beside := Path(f"{story}.py")).is_file():
                close = f" There is a file {beside}: to play that, write `{beside}`."
            raise StoryError(f"there is no story {story!r}.{close} `unkindness list` shows them all")
    return load_file(name, path, home="scenarios.stories" if path.parent == folder == STORIES else "story")


def load_file(name: str, path: Path, home: str = "story") -> LoadedStory:
    """Load the story in that file under a name; `home` is the package that its classes tell they are of. StoryError as `load`."""
    _parse(path)
    text = path.read_bytes()
    return _loaded(name, path, _module(path, home, text), text)


def brought_in(story: str) -> ModuleType:
    """The file of a story as a module, for a story that was made from it: its application, its requests. StoryError as for `load`."""
    path = Path(story)
    _parse(path)
    return _module(path, "story", path.read_bytes())


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        where = f"{path}, line {error.lineno}" if error.lineno else f"{path}"  # a zero byte is in no line
        raise StoryError(f"{where}: {error.msg}: the file is not Python, mend it there") from error
    except (OSError, ValueError) as error:
        raise StoryError(f"{path} cannot be read ({error}): give a .py file") from error


def _module(path: Path, home: str, text: bytes) -> ModuleType:
    """Load the file as a module, compiled here so that nothing is written beside the user's file."""
    from cluster.sim.fences import importing
    from scenarios.modules_beside import modules_beside

    module = ModuleType(f"{home}.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # classes of the story look up their module there
    try:
        # optimize=0: a story's asserts must run under -O as well
        code = compile(text, str(path), "exec", dont_inherit=True, optimize=0)
        with (
            importing(),
            modules_beside(str(path), fresh=True),
        ):  # code in class bodies and default arguments is guarded too
            exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        line = line_in(error, str(path))
        where = f"{path}, line {line}" if line else f"{path}"
        raise StoryError(
            f"{where}: {type(error).__name__}: {error}: the file cannot be brought in{hint(error)}"
        ) from error
    return module


def _loaded(name: str, path: Path, module: ModuleType, text: bytes) -> LoadedStory:
    story: Any = getattr(module, "story", None)
    foretold = getattr(module, "foretold", None)
    if story is None and hasattr(module, "application"):
        story, foretold = _weather_over(path, module)
    elif story is None:
        raise StoryError(
            f"{path} has no story: write `async def story(world):` in it, or name an `application` for the weather"
        )
    if not _is_coroutine_of_one(story):
        raise StoryError(f"{path}: `story` is no story: write it as `async def story(world):`")
    seed, rules = getattr(module, "SEED", DEFAULT_SEED), getattr(module, "RULES", DEFAULT_RULES)
    if type(seed) is not int:
        raise StoryError(f"{path}: SEED is {seed!r}: give a whole number")
    told_under = tuple(getattr(module, "TOLD_UNDER", ()))
    return LoadedStory(name, story, _lesson(module.__doc__), seed, str(rules), told_under, str(path), foretold, text)


def _weather_over(path: Path, module: ModuleType) -> "tuple[Story, Callable[[int], str]]":
    """The weather over a file's `application`, asked by its `client`, watched by what its `watchers` makes too."""
    from scenarios.weather.forecast import forecast
    from scenarios.weather.over import weather

    application, client, watchers = (getattr(module, name, None) for name in ("application", "client", "watchers"))
    if not callable(application):
        raise StoryError(
            f"{path}: `application` is {application!r}: give the class of your application, or what makes one"
        )
    if client is not None and not _is_coroutine_of_one(client):
        raise StoryError(
            f"{path}: `client` is no client: write it as `async def client(world):`, asking until it is cancelled"
        )
    if watchers is not None and not callable(watchers):
        raise StoryError(
            f"{path}: `watchers` is {watchers!r}: write `def watchers():`, which gives new watchers for each run"
        )
    return weather(application, client, watchers), lambda seed: forecast(seed).text()


def _is_coroutine_of_one(given: Any) -> bool:
    return inspect.iscoroutinefunction(given) and len(inspect.signature(given).parameters) == 1


def _lesson(docstring: str | None) -> str:
    lines = (docstring or "").strip().splitlines()
    return lines[0].strip() if lines else ""


def line_in(error: BaseException, source: str) -> int:
    """The last line of that file in the traceback of an exception; 0 if it is not in there."""
    lines = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == source]
    return lines[-1] if lines else 0
