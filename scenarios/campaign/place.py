"""The place of a part: what each of its units came to, a line of JSON each, in a file of its own.

A line is written when a unit is done, and a line that a kill has torn is not read: nothing that was played is lost but what
was under way. Never here: playing.
"""

import json
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from cluster.value import value
from scenarios.campaign.parts import ROOT, Finding
from scenarios.gallery import StoryError


@value
class Judged:
    """What one unit came to."""

    unit: str
    seconds: float
    """The wall seconds that it took."""
    finding: Finding | None
    code: str
    """The fingerprint of the code that was played."""


def fingerprint() -> str:
    """Sixteen hex digits over every Python file of the product: two states of the code have two."""
    digest = blake2b(digest_size=8)
    for package in ("backup", "cluster", "scenarios"):
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


class Place:
    """The kept results of one part. What is judged twice counts as it was judged last."""

    def __init__(self, folder: Path, part: str) -> None:
        self.path = folder / f"{part}.ndjson"
        self.judged: dict[str, Judged] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = self.path.read_bytes() if self.path.exists() else b""
            if kept and not kept.endswith(b"\n"):  # torn by a kill: the next line must not continue it
                with self.path.open("ab") as file:
                    file.write(b"\n")
        except OSError as error:
            raise StoryError(
                f"{self.path} cannot be used ({error.strerror}): give another folder by --place"
            ) from error
        for line in kept.decode("utf-8", "replace").splitlines():
            each = _read(line)
            if each is not None:
                self.judged[each.unit] = each

    def keep(self, judged: Judged) -> None:
        """Write one result down."""
        self.judged[judged.unit] = judged
        finding = judged.finding
        fields = {"unit": judged.unit, "seconds": round(judged.seconds, 3), "code": judged.code}
        if finding is not None:
            fields |= {"finding": finding.text, "lines": finding.lines}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fields, ensure_ascii=False) + "\n")

    def forget(self) -> None:
        """Begin anew: the file is set aside under `.before`, in place of an older one."""
        if self.path.exists():
            self.path.replace(self.path.with_suffix(".before"))
        self.judged = {}

    def missing(self, units: Iterable[str], code: str) -> list[str]:
        """What is to be played of these units: first what broke something in other code, then what is not judged yet."""
        broken = [unit for unit in units if (each := self.judged.get(unit)) and each.finding and each.code != code]
        return broken + [unit for unit in units if unit not in self.judged]


def _read(line: str) -> Judged | None:
    """The result in one line; None for a torn one."""
    try:
        fields = json.loads(line)
        text = fields.get("finding")
        finding = None if text is None else Finding(str(text), tuple(map(str, fields["lines"])))
        return Judged(str(fields["unit"]), float(fields["seconds"]), finding, str(fields["code"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
