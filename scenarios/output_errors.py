"""The error for output that the machine refuses: a full disk, a quota, a device that fails, a place where nobody may write.

It is no mistake of the user's, nor of ours, and has an exit code of its own. Never here: who writes what.
"""

from errno import EACCES, EDQUOT, EFBIG, EIO, ENOSPC, EPERM, EROFS

FULL = (ENOSPC, EDQUOT, EFBIG, EIO)
"""The errors of writing to a file that is open."""
REFUSED = (*FULL, EACCES, EPERM, EROFS)
"""The same, and the errors of opening one."""


class OutputError(Exception):
    """Something cannot be written. The text names what, the reason and the remedy."""

    def __init__(self, what: str, error: OSError) -> None:
        super().__init__(
            f"{what} cannot be written ({error.strerror}): free some space there, see who may write, or name another place"
        )
