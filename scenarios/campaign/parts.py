"""The parts of a campaign, one line each, and the four kinds of part: seeds of a keeper, hostile files, proofs of bugs, long
tests.

A kind says which units a part has, judges one, and names the command that judges it again. Never here: the order of the
units, how they are kept and how they are told.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Protocol

from cluster.checks import Violation
from cluster.sim.run import HELD, STOPPED, Story, play
from cluster.sim.timeline import tail
from cluster.value import value
from scenarios.campaign import hostile_files
from scenarios.gallery import StoryError
from scenarios.meant_names import suggestion
from scenarios.zoo import all_bugs, bug_named
from scenarios.zoo.command import is_caught, proof_line
from scenarios.zoo.keeper import prove
from scenarios.zoo.night import migration, night
from scenarios.zoo.pantry import pantry
from scenarios.zoo.storm import crowd, drought, remnant, storm

PROGRAM = "python -m scenarios.campaign"
ROOT = Path(__file__).parents[2]
"""The checkout, in which the tests are."""
LONGEST = 600.0
"""The wall seconds after which a run of a keeper is a finding: each of them is played in seconds, few in a minute."""
LINES = 40
"""The number of lines of a finding that are kept: of a timeline, or of pytest's output, the last ones."""
LOT = 100
"""The most tests of one function that are run at a time, if the part says nothing else."""
running: list["subprocess.Popen[str]"] = []
"""The test process that this worker waits for, for whoever ends the worker."""


@value
class Finding:
    """What a unit was found to break."""

    text: str
    """What broke, in one line."""
    lines: tuple[str, ...] = ()
    """The last lines of the timeline or of the output."""


class Part(Protocol):
    """One part of a campaign."""

    @property
    def name(self) -> str:
        """What it is asked for by."""

    def says(self) -> str:
        """What is played, in a phrase."""

    def units(self, first: int, count: int) -> tuple[str, ...]:
        """The units, in their order: `count` seeds from `first` on, or all there are of what has no seeds."""

    def has(self, unit: str) -> bool:
        """Whether that is a unit of this part, among those that were not asked for too."""

    def judge(self, unit: str) -> Finding | None:
        """Play one unit; None if nothing broke."""

    def again(self, unit: str) -> str:
        """The command that plays one unit again."""


@value
class Keeper:
    """A story for any seed. A unit is a seed."""

    name: str
    story: Callable[[int], Story]
    """Makes the story for a seed."""
    rules: str = "unkindness"

    def says(self) -> str:
        """The rules, where there is a choice."""
        return f"seeds of a keeper, under {self.rules}"

    def units(self, first: int, count: int) -> tuple[str, ...]:
        """The seeds."""
        return tuple(str(seed) for seed in range(first, first + count))

    def has(self, unit: str) -> bool:
        """Any whole number is a seed."""
        return unit.isdecimal()

    def judge(self, unit: str) -> Finding | None:
        """Play the story on that seed. Whatever is not held is a finding, and so is a run that does not end."""
        seed, began = int(unit), perf_counter()
        with TemporaryDirectory(prefix="unkindness-") as folder:
            outcome = play(
                self.story(seed),
                seed,
                stop_asked=lambda: perf_counter() - began > LONGEST,
                places={"backups": folder},
                options={"rules": self.rules},
            )
        if outcome.verdict == HELD:
            return None
        lines = tuple(tail(outcome.history, outcome.names, LINES))
        if outcome.verdict == STOPPED:
            return Finding(f"not done after {LONGEST:.0f} s, at event {len(outcome.history)}", lines)
        failure = outcome.failure
        kind = "" if isinstance(failure, Violation) else f"{type(failure).__name__}: "
        return Finding(f"{outcome.verdict}: {kind}{failure}", lines)

    def again(self, unit: str) -> str:
        """The unit of this part alone."""
        return _again(self.name, unit)


@value
class HostileFiles:
    """Backup files of which something is not what was written. A unit is a seed."""

    name: str

    def says(self) -> str:
        """What is read."""
        return "seeds of damaged and hostile backup files"

    def units(self, first: int, count: int) -> tuple[str, ...]:
        """The seeds."""
        return tuple(str(seed) for seed in range(first, first + count))

    def has(self, unit: str) -> bool:
        """Any whole number is a seed."""
        return unit.isdecimal()

    def judge(self, unit: str) -> Finding | None:
        """Spoil a chain by that seed, and read it."""
        with TemporaryDirectory(prefix="unkindness-") as folder:
            hostile_files.written(Path(folder))
            what = hostile_files.spoilt(Path(folder), int(unit))
            wrong = hostile_files.judged(Path(folder))
        return Finding(f"{what}: {wrong}") if wrong else None

    def again(self, unit: str) -> str:
        """The unit of this part alone."""
        return _again(self.name, unit)


@value
class Zoo:
    """Every bug breaks its promise within its budget, and nothing breaks without it. A unit is a bug."""

    name: str

    def says(self) -> str:
        """The proof."""
        return "every bug is caught by its promise"

    def units(self, first: int, count: int) -> tuple[str, ...]:
        """The bugs."""
        return tuple(bug.name for bug in all_bugs())

    def has(self, unit: str) -> bool:
        """The name of a bug."""
        return unit in self.units(1, 1)

    def judge(self, unit: str) -> Finding | None:
        """Prove one bug."""
        proof = prove(bug_named(unit))
        return None if is_caught(proof) else Finding(" ".join(proof_line(proof).split()))

    def again(self, unit: str) -> str:
        """The proof of one bug."""
        return f"unkindness zoo --prove {unit}"


@value
class LongTests:
    """Tests that pytest selects by their marks. A unit is a lot of tests of one function, named by the first of them."""

    name: str
    marks: str
    """What `pytest -m` selects."""
    profile: str = "ci"
    """The profile of Hypothesis, from `tests/conftest.py`."""
    lot: int = LOT
    """The most tests of one function that are run at a time."""

    def says(self) -> str:
        """The selection."""
        return f"pytest -m '{self.marks}'"

    def units(self, first: int, count: int) -> tuple[str, ...]:
        """The first test of each lot, asked of pytest; StoryError if it cannot say."""
        if not (ROOT / "tests").is_dir():
            raise StoryError(f"part {self.name} needs the tests, and {ROOT} has none: play it in a checkout")
        functions: dict[str, list[str]] = {}
        for test in self._collected("tests"):
            functions.setdefault(_function(test), []).append(test)
        if not functions:
            raise StoryError(f"part {self.name}: pytest finds no tests with -m '{self.marks}' in {ROOT / 'tests'}")
        return tuple(test for tests in functions.values() for test in tests[:: self.lot])

    def has(self, unit: str) -> bool:
        """Any test that the part selects: a lot may begin anywhere."""
        return unit in self._collected(_function(unit))

    def judge(self, unit: str) -> Finding | None:
        """Run the tests of one lot."""
        tests = self._collected(_function(unit))
        place = tests.index(unit) if unit in tests else 0
        done = self._pytest("--timeout=0", "-p", "no:cacheprovider", *(tests[place : place + self.lot] or [unit]))
        if not done.returncode:
            return None
        lines = done.stdout.splitlines()
        failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return Finding(
            f"{failed[0] if failed else f'pytest ended with {done.returncode}'}{more}", tuple(lines[-LINES:])
        )

    def again(self, unit: str) -> str:
        """The unit of this part alone."""
        return _again(self.name, unit)

    def _collected(self, where: str) -> list[str]:
        """The tests that pytest selects there, in its order."""
        return [line for line in self._pytest("--collect-only", where).stdout.splitlines() if "::" in line]

    def _pytest(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pytest", "-n", "0", "-m", self.marks, *words]
        setting = os.environ | {"UNKINDNESS_PROFILE": self.profile, "UNKINDNESS_FROZEN": "1"}
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=setting,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            running.append(process)
            said, _ = process.communicate()
            running.remove(process)
        return subprocess.CompletedProcess(command, process.returncode, said)


def _again(part: str, unit: str) -> str:
    """The command that plays one unit of a part."""
    return f"{PROGRAM} {part} --only {shlex.quote(unit)}"


def _function(test: str) -> str:
    """The test function of a test: its name without the parameters."""
    return test.partition("[")[0]


def _night(names: str, rules: str = "unkindness") -> Keeper:
    """Nights on these nodes; on every second seed clocks are set as well."""
    return Keeper(f"night-{_short(names, rules)}", lambda seed: night(names, clocks=bool(seed % 2)), rules)


def _migration(names: str, joining: str, rules: str = "unkindness") -> Keeper:
    return Keeper(f"migration-{_short(names, rules)}", lambda _: migration(names, joining), rules)


def _short(names: str, rules: str) -> str:
    """`5`, or `5-6.2` under the rules of RavenDB 6.2."""
    return f"{len(names)}" + (f"-{rules.removeprefix('ravendb-')}" if rules != "unkindness" else "")


PARTS: tuple[Part, ...] = (
    Keeper("storm-3", lambda _: storm("ABC")),
    Keeper("storm-5", lambda _: storm("ABCDE")),
    Keeper("drought-3", lambda _: drought("ABC")),
    Keeper("drought-5", lambda _: drought("ABCDE")),
    Keeper("crowd-3", lambda _: crowd("ABC")),
    Keeper("crowd-5", lambda _: crowd("ABCDE", "F")),
    Keeper("remnant", lambda _: remnant()),
    Keeper("pantry", lambda _: pantry),
    _night("ABC"),
    _night("ABCDE"),
    _night("ABC", "ravendb-6.2"),
    _night("ABCDE", "ravendb-6.2"),
    _night("ABC", "ravendb-4.2"),
    _night("ABCDE", "ravendb-4.2"),
    Keeper("losses", lambda _: night("ABC", losses=True)),
    _migration("ABC", "DW"),
    _migration("ABCDE", "FW"),
    _migration("ABC", "DW", "ravendb-6.2"),
    _migration("ABCDE", "FW", "ravendb-6.2"),
    _migration("ABC", "DW", "ravendb-4.2"),
    _migration("ABCDE", "FW", "ravendb-4.2"),
    HostileFiles("files"),
    Zoo("zoo"),
    LongTests("weathers", "weathers", lot=1),
    LongTests("tests", "campaign and not hypothesis and not weathers"),
    LongTests("properties", "hypothesis", profile="campaign"),
)
"""All parts, in the order in which they are played: the quick ones first."""


def parts_named(names: tuple[str, ...]) -> tuple[Part, ...]:
    """The parts that these words name, each in full or by its beginning (`night`, `storm`); all of them for no word.

    StoryError for a word that names none.
    """
    chosen: list[Part] = []
    for name in names:
        exact = [part for part in PARTS if part.name == name]
        found = exact or [part for part in PARTS if part.name.startswith(name.removesuffix("s"))]
        if not found or not name:
            known = [part.name for part in PARTS]
            near = suggestion(name, known)
            raise StoryError(f"there is no part {name!r}.{near} The parts are {', '.join(known)}")
        chosen += [part for part in found if part not in chosen]
    return tuple(chosen) if names else PARTS


def part_named(name: str) -> Part:
    """The part of exactly that name."""
    return next(part for part in PARTS if part.name == name)
