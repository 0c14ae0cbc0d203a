"""A campaign from the first part to the last line: what is left of each part is played, kept and told.

The lines are for a terminal. Never here: how one unit is judged, or kept.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, perf_counter

import attrs

from cluster.value import value
from scenarios.campaign.parts import Part
from scenarios.campaign.place import Judged, Place, fingerprint
from scenarios.campaign.workers import Workers, WorkersDied

REDRAWN_EVERY = 1.0
"""The wall seconds between two updates of the line of progress, which only a terminal gets."""
HEADING = f"{'part':16} {'units':>7} {'held':>7} {'findings':>8} {'seconds':>9}"


@value
class PartResult:
    """How far a part has come."""

    part: str
    units: int
    """The number of its units."""
    judged: tuple[Judged, ...]
    """Those that are judged, in their order."""
    older: int
    """How many of them were judged in an earlier state of the code."""
    died: str = ""
    """What ended the part before its end; empty if nothing did."""

    @property
    def findings(self) -> list[Judged]:
        """The units that broke something."""
        return [each for each in self.judged if each.finding is not None]

    @property
    def holds(self) -> bool:
        """Whether every unit is judged and broke nothing."""
        return len(self.judged) == self.units and not self.findings and not self.died

    def line(self) -> str:
        """The part as a line of the table."""
        seconds = sum(each.seconds for each in self.judged)
        counts = f"{self.units:7,} {len(self.judged) - len(self.findings):7,} {len(self.findings):8,} {seconds:9,.1f}"
        notes = [f"{self.units - len(self.judged):,} not played yet"] if len(self.judged) < self.units else []
        notes += [f"{self.older:,} before the code changed"] if self.older else []
        return f"{self.part:16} {counts}" + "".join(f"  {note}" for note in notes)


def result_of(part: Part, place: Place, units: Sequence[str], code: str) -> PartResult:
    """What is kept of these units."""
    judged = tuple(place.judged[unit] for unit in units if unit in place.judged)
    return PartResult(part.name, len(units), judged, sum(each.code != code for each in judged))


def campaign(parts: Sequence[Part], folder: Path, first: int, count: int, processes: int, *, anew: bool) -> bool:
    """Play what is left of these parts; return whether everything held. Ctrl-C is raised with all places kept."""
    began, code = perf_counter(), fingerprint()
    results: dict[str, PartResult] = {}
    print(HEADING, flush=True)
    try:
        for part in parts:
            units = part.units(first, count)
            place = Place(folder, part.name)
            if anew or is_over(result_of(part, place, units, code)):
                place.forget()
            died = ""
            try:
                with Workers(processes) as workers:
                    _play(part, place, units, code, workers)
            except WorkersDied as error:
                died = str(error)
            finally:
                results[part.name] = attrs.evolve(result_of(part, place, units, code), died=died)
                print(results[part.name].line(), flush=True)
    finally:
        for line in last_lines(parts, results, perf_counter() - began):
            print(line, flush=True)
    return all(result.holds for result in results.values())


def is_over(result: PartResult) -> bool:
    """Whether a part has nothing to go on with: it held to its end in code that is no longer this."""
    return result.holds and result.older > 0


def _play(part: Part, place: Place, units: Sequence[str], code: str, workers: Workers) -> None:
    missing = place.missing(units, code)
    shown = monotonic()
    for number, (unit, seconds, finding) in enumerate(workers.judge(part.name, missing), 1):
        place.keep(Judged(unit, seconds, finding, code))
        if finding is not None:
            print(f"  {part.name} {unit}: {finding.text}", flush=True)
        if sys.stderr.isatty() and monotonic() - shown > REDRAWN_EVERY:
            shown = monotonic()
            print(f"{part.name}: {number:,} of {len(missing):,}", end="\r", file=sys.stderr, flush=True)


def show_one(part: Part, unit: str) -> bool:
    """Play one unit again, in this process, and show all that is known of it; return whether it held."""
    finding = part.judge(unit)
    lines = ["held"] if finding is None else [*finding.lines, "", finding.text]
    print("\n".join(lines), flush=True)
    return finding is None


def listed(parts: Sequence[Part], folder: Path) -> list[str]:
    """The parts and how far each has come, without playing anything."""
    code = fingerprint()
    lines = [f"{'part':16} {'judged':>7}  what is played"]
    for part in parts:
        judged = Place(folder, part.name).judged.values()
        older = sum(each.code != code for each in judged)
        note = f" ({older:,} before the code changed)" if older else ""
        lines.append(f"{part.name:16} {len(judged):7,}  {part.says()}{note}")
    return lines


def last_lines(parts: Sequence[Part], results: Mapping[str, PartResult], seconds: float) -> list[str]:
    """What all parts came to, each finding with the command that repeats it."""
    lines = [""]
    for part in parts:
        result = results.get(part.name)
        if result is None:
            continue
        if result.died:
            lines.append(f"broken: {result.died}: play the part again")
        for each in result.findings:
            said = each.finding.text if each.finding is not None else ""
            lines += [f"broken: {part.name} {each.unit}: {said}", f"  again: {part.again(each.unit)}"]
    units = sum(len(result.judged) for result in results.values())
    findings = sum(len(result.findings) for result in results.values())
    verdict = "held" if all(result.holds for result in results.values()) and len(results) == len(parts) else "not held"
    whole = sum(result.holds for result in results.values())
    lines.append(
        f"{verdict}: {whole} of {len(parts)} parts to their end, {units:,} units, {findings:,} findings; {seconds:.0f} s"
    )
    return lines
