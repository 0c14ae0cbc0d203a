"""The doctor's findings as lines for one screen, and as JSON. Never here: the probes."""

import platform
import re
import textwrap
from collections.abc import Iterable
from importlib.metadata import version

from cluster.value import value
from scenarios.doctor.rows import ProbedRow, rows

COLUMNS = 80
HEADS = {
    "fences": "what a story and its application may not do: a mistake, at its line",
    "endings": "what a story does, and the verdict",
    "faults": "what befalls a world, verb by verb",
}


@value
class Examined:
    """A row and what its probes found."""

    group: str
    name: str
    does: str
    probes: int
    wrong: tuple[str, ...]
    """What each probe that failed found."""


def examine(row: ProbedRow) -> Examined:
    """Play the probes of a row. An error of ours in one of them is what it found."""
    wrong = []
    for name, probe in row.probes:
        try:
            said = probe()
        except Exception as error:
            said = f"{name}: {type(error).__name__}: {error}"
        if said:
            wrong.append(said)
    return Examined(row.group, row.name, row.does, len(row.probes), tuple(wrong))


def examined() -> Iterable[Examined]:
    """Every row, examined, one after the other."""
    return map(examine, rows())


def about() -> str:
    """The versions on which it is played."""
    return f"Python {platform.python_version()}, trio {version('trio')}, {platform.system()} {platform.machine()}"


def lines_of(found: Examined) -> list[str]:
    """A row: `ok` or `NO`, what it is, what it does, and below it what is wrong."""
    sign = "NO" if found.wrong else "ok"
    lead = " ".join(re.findall(r"`(\w+)", found.name)) or found.name
    text = f"{lead}: {found.does.replace('`', '')}"
    lines = textwrap.wrap(text, COLUMNS - 4)
    return [f"{sign}  {lines[0]}", *[f"    {line}" for line in lines[1:]], *[f"      {said}" for said in found.wrong]]


def last_line(found: Iterable[Examined]) -> str:
    """How many probes were played, and how many of them failed."""
    every = list(found)
    count, wrong = sum(each.probes for each in every), sum(len(each.wrong) for each in every)
    return f"{count} probes, every one of them does what is said" if not wrong else f"{wrong} of {count} probes failed"
