"""The known bugs of Raft's implementations, row by row as in the table of README.md beside this file.

The numbers are those of a catalogue of bugs that real projects shipped: E elections, L the log, C committing, R reads, M members,
S snapshots, D disks, T transfers, V and Q liveness, K clients; sources stand with the bugs. A row names the bugs of the zoo that
plant it, or says why none can. The table is written there and nowhere else.
"""

import re
from functools import cache
from importlib.resources import files

from cluster.value import value

ROW = re.compile(r"\| ([A-Z]\d+p?) \| ([^|]+) \| ((?:`[a-z-]+`(?:, )?)*)(?: · )?([^|]*) \|")


@value
class Row:
    """One known bug."""

    number: str
    says: str
    planted: tuple[str, ...]
    """The bugs of the zoo that plant it, one for each variant."""
    because: str
    """Why it, or a part of it, cannot be expressed here."""


@cache
def rows() -> tuple[Row, ...]:
    """All rows of the table."""
    text = files("scenarios.zoo").joinpath("README.md").read_text(encoding="utf-8")
    found = [match.groups() for line in text.splitlines() if (match := ROW.fullmatch(line))]
    return tuple(Row(number, says, tuple(re.findall("[a-z-]+", names)), why) for number, says, names, why in found)


def rows_of(bug: str) -> str:
    """The numbers of the rows that a bug plants, such as `E10`; a dash if there are none."""
    return " ".join(row.number for row in rows() if bug in row.planted) or "-"
