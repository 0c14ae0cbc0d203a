"""Whose code a file is: the user's (a story, an application, a module beside them), or else ours or an installed package's.

It is asked by whoever names a line to the user, and by the fences, which hold for the user's code alone.
"""

import os
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

_ROOT = Path(__file__).parents[2]
"""Where the packages of the product stand side by side."""
_INSTALLED = tuple(
    os.path.join(sysconfig.get_paths()[kind], "") for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)
_stories: set[str] = set()
"""Files of stories that were played: those of the gallery stand among our own."""


def remember_story(story: Any) -> None:
    """The file of this story counts as the user's if it stands in a gallery, a folder `stories`; other code of ours does not."""
    code = getattr(story, "__code__", None)
    if isinstance(code, CodeType) and Path(code.co_filename).parent.name == "stories":
        _stories.add(code.co_filename)


def is_users(filename: str) -> bool:
    """Whether the user wrote this file."""
    return not _is_others(filename) or filename in _stories


@cache
def _is_others(filename: str) -> bool:
    if not filename or filename.startswith("<"):
        return True
    path = os.path.abspath(filename)
    if path.startswith(_INSTALLED) or "site-packages" in path or "dist-packages" in path:
        return True
    if not path.startswith(os.path.join(_ROOT, "")):
        return False
    top = Path(path).relative_to(_ROOT).parts[0]
    return (_ROOT / top / "py.typed").exists()  # a package of the product has one, the user's tests beside it have not


def place_in(failure: BaseException) -> str:
    """`FILE:LINE` of the user's innermost line that an exception went through; empty if it went through none."""
    place = ""
    step: TracebackType | None = failure.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if is_users(filename):
            place = f"{filename}:{step.tb_lineno}"
        step = step.tb_next
    return place


def users_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the user's that led to this one, itself included."""
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return frame
