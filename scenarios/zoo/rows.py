"""The bugs that are known of Raft's implementations, as the table of README.md beside this file has them, row by row.

The numbers are those of a catalogue of bugs that real projects shipped: E elections, L the log, C committing, R reads, M members,
S snapshots, D disks, T transfers, V and Q liveness, K clients; sources stand with the bugs. A row says what plants it here, or why
nothing can. The table is written there and nowhere else.
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
    """The residents that plant it, each variant one."""
    because: str
    """Why it cannot be expressed here, or the part of it that cannot."""


@cache
def rows() -> tuple[Row, ...]:
    """The whole table."""
    text = files("scenarios.zoo").joinpath("README.md").read_text(encoding="utf-8")
    found = [match.groups() for line in text.splitlines() if (match := ROW.fullmatch(line))]
    return tuple(Row(number, says, tuple(re.findall("[a-z-]+", names)), why) for number, says, names, why in found)


def rows_of(bug: str) -> str:
    """The numbers that a resident plants, or a dash: `E10`."""
    return " ".join(row.number for row in rows() if bug in row.planted) or "-"
