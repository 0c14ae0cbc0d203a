"""What many seeds reached: the matrix fault x role x phase, the moments and the marks, and how much is still new.

It is the same whatever the order in which seeds were played. Never here: what one run reached (seen_states.py).
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from cluster.value import value
from scenarios.hunt.played_seed import PlayedSeed
from scenarios.hunt.seen_states import MOMENTS, PHASES, ROLES, FaultCell

SHOWN = 6
"""How many cells that were never reached are named for people."""


@value
class Reached:
    """How many seeds reached something, and the first of them."""

    seeds: int
    first: int

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        return {"seeds": self.seeds, "first": self.first}


@value
class Coverage:
    """What a hunt reached."""

    cells: tuple[tuple[FaultCell, Reached], ...]
    """Each fault with role and phase that was reached, sorted."""
    marks: tuple[tuple[str, Reached | None], ...]
    """Each moment, and each mark of the story's own; None: never seen."""
    curve: tuple[tuple[int, int], ...]
    """After so many seeds, in order: how many cells and marks were reached."""

    def never(self) -> list[FaultCell]:
        """The cells of these faults that no seed has reached, sorted; a fault either hits nodes or everybody."""
        there = {cell for cell, _ in self.cells}
        of_all = {cell.fault for cell in there if cell.role == "everybody"}
        faults = sorted({cell.fault for cell in there})
        every = (FaultCell(*each) for each in product(faults, ROLES, PHASES))
        return [
            cell
            for cell in every
            if (cell.role == "everybody") == (cell.fault in of_all)
            and (cell.role, cell.phase) != ("leader", "no leader")
            and cell not in there
        ]

    def unseen(self) -> list[str]:
        """The moments and marks that no seed has seen."""
        return [name for name, reached in self.marks if reached is None]

    def fields(self) -> dict[str, Any]:
        """The coverage as JSON."""
        return {
            "matrix": [cell.fields() | reached.fields() for cell, reached in self.cells],
            "never": [cell.fields() for cell in self.never()],
            "marks": {name: reached.fields() if reached is not None else None for name, reached in self.marks},
            "curve": [{"seeds": seeds, "reached": reached} for seeds, reached in self.curve],
        }

    def lines(self) -> Iterator[str]:
        """For people: how much was reached, whether more seeds still reach more, and what none did."""
        if not self.cells:
            return
        never = self.never()
        yield f"  reached {len(self.cells):,} of {len(self.cells) + len(never):,} cells of fault x role x phase{self._late()}"
        if never:
            shown = "; ".join(f"{cell.fault} of {cell.role}, {cell.phase}" for cell in never[:SHOWN])
            more = f" and {len(never) - SHOWN:,} more (--json)" if len(never) > SHOWN else ""
            yield f"  never: {shown}{more}"
        if unseen := self.unseen():
            yield f"  never: {'; '.join(unseen)}"

    def _late(self) -> str:
        """How much the second half of the seeds has added."""
        if len(self.curve) < 2:
            return ""
        (seeds, half), (_, whole) = self.curve[-2:]
        return f", {whole - half:,} of them only after seed number {seeds:,}"


def coverage_of(played: Iterable[PlayedSeed]) -> Coverage:
    """What these seeds reached."""
    cells: dict[FaultCell, list[int]] = {}
    marks: dict[str, list[int]] = {name: [] for name in MOMENTS}
    in_order = sorted(played, key=lambda each: each.seed)
    curve: list[tuple[int, int]] = []
    for number, each in enumerate(in_order, 1):
        for cell in each.cells:
            cells.setdefault(cell, []).append(each.seed)
        for name in each.missed:
            marks.setdefault(name, [])
        for name in each.marks:
            marks.setdefault(name, []).append(each.seed)
        if number & (number - 1) == 0 or number == len(in_order):  # 1, 2, 4, 8, … and the last
            curve.append((number, len(cells) + sum(map(bool, marks.values()))))
    return Coverage(
        tuple((cell, Reached(len(cells[cell]), cells[cell][0])) for cell in sorted(cells, key=_order)),
        tuple((name, Reached(len(seeds), seeds[0]) if seeds else None) for name, seeds in sorted(marks.items())),
        tuple(curve),
    )


def _order(cell: FaultCell) -> tuple[str, int, int]:
    return cell.fault, ROLES.index(cell.role), PHASES.index(cell.phase)
