"""Files that hold keys, and who may read them."""

import stat
from pathlib import Path


def open_to_all(path: Path) -> str:
    """That others may read a file of keys, and what to do about it, as a sentence without a full stop; empty: nobody else may.

    What is no file, such as a pipe, nobody else reads.
    """
    try:
        found = path.stat()
    except OSError:
        return ""
    if not stat.S_ISREG(found.st_mode) or not found.st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return ""
    who = "everybody" if found.st_mode & stat.S_IROTH else "its group"
    return f"{path} holds keys, and {who} may read it: chmod 600 {path}"
