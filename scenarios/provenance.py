"""What plays here, for whoever reads a kept run elsewhere: the version and the code of unkindness, and the version of Python.

Never here: who says that they are others (kept_run.py).
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = ("cluster", "backup", "scenarios")
STORIES = Path("scenarios/stories")
"""Of the code alone is asked: the text of a story is kept with its run."""


class KeptElsewhere(UserWarning):
    """A kept run is read where something is not as it was when it was kept."""


def version() -> str:
    """The version of unkindness that is installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("unkindness")
    except PackageNotFoundError:
        return "not installed"


def provenance() -> dict[str, str]:
    """What plays here, as the fields of a kept run."""
    import platform

    return {"version": version(), "code_sha256": _code_sha256(), "python": platform.python_version()}


@cache
def _code_sha256() -> str:
    """The SHA-256 over every file of code, as between two releases the version does not tell."""
    whole = sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT)
            if not name.is_relative_to(STORIES):
                text = path.read_bytes()
                whole.update(f"{name.as_posix()} {len(text)}\n".encode() + text)
    return whole.hexdigest()


def other_provenance(run: str, fields: dict[str, Any]) -> str:
    """That what kept a run is another than what plays here, as a sentence; empty if it is the same."""
    here = provenance()
    there = {name: str(fields.get(name, "")) for name in here}
    named = [(f"unkindness {each['version']}", f"Python {each['python']}") for each in (there, here)]
    if named[0] != named[1]:
        return f"{run} was kept by {' with '.join(named[0])}, and {' with '.join(named[1])} plays it"
    if there["code_sha256"] != here["code_sha256"]:
        return f"{run} was kept by other code of {named[0][0]} than plays it"
    return ""
