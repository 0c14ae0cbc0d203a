"""The modules that stand beside a story's file and that it imports: found there, read anew with each story, and remembered.

Never here: keeping them (kept_story.py).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cluster.sim.user_code import is_users

GALLERY = Path(__file__).parent.resolve() / "stories"
"""Its stories import nothing that stands beside them."""
_brought: dict[str, tuple[Path, bytes]] = {}
"""By name, the modules that stories have brought in: the file, and what it held then."""


@contextmanager
def modules_beside(source: str, *, fresh: bool = False) -> Iterator[None]:
    """Let what is imported meanwhile be found beside that file too, behind everything that is installed.

    Nothing is written there. `fresh`: what earlier stories have brought in is forgotten first, as two may have modules of one name.
    """
    folder = Path(source).resolve().parent
    if folder == GALLERY:
        yield
        return
    if fresh:
        for name in _brought:
            sys.modules.pop(name, None)
        _brought.clear()
    before, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path.append(str(folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        if str(folder) in sys.path:
            sys.path.reverse()
            sys.path.remove(str(folder))
            sys.path.reverse()
        for name in [each for each in sys.modules if each not in before]:
            path = Path(str(getattr(sys.modules[name], "__file__", None) or "."))
            if path.suffix == ".py" and path.resolve().is_relative_to(folder) and is_users(str(path)):
                with suppress(OSError):  # taken away meanwhile
                    _brought[name] = (path.resolve(), path.read_bytes())


def brought_in(source: str) -> tuple[tuple[str, bytes], ...]:
    """The modules that a story's file has brought in from beside it: the path from its folder, and what the file held."""
    story = Path(source).resolve()
    found = {path: text for path, text in _brought.values() if path != story and path.is_relative_to(story.parent)}
    return tuple((path.relative_to(story.parent).as_posix(), found[path]) for path in sorted(found))
