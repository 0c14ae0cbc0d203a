"""The doctor: every row is probed, a probe that fails is named, and the README's table of faults is made of the rows."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from cluster.sim import fences
from cluster.sim.world import World
from cluster.steps import Step
from scenarios.cli import main
from scenarios.doctor import ending_probes, fence_probes
from scenarios.doctor.fence_probes import OF_KIND
from scenarios.doctor.probes import PROBES
from scenarios.doctor.probes import failure_of as fault_failure_of
from scenarios.doctor.report import COLUMNS, Examined, examine, examined, last_line, lines_of
from scenarios.doctor.rows import ALSO, FAULTS, FENCES, ProbedRow, faults_table, rows

README = Path(__file__).parents[2] / "scenarios" / "README.md"
TABLE = re.compile(r"(?<=<!-- faults: made of scenarios/doctor/rows.py by `make golden` -->\n).*(?=<!-- end)", re.S)
ROWS = 44
"""The most lines that one screen takes."""


def test_the_readme_has_the_table_of_faults() -> None:
    """As `make golden` writes it."""
    text = README.read_text(encoding="utf-8")
    if os.environ.get("UNKINDNESS_RECORD") == "1":
        text = TABLE.sub(lambda _: faults_table(), text)
        README.write_text(text, encoding="utf-8")
    found = TABLE.search(text)
    assert found is not None
    assert found[0] == faults_table()


def test_every_probe_is_in_a_row() -> None:
    """Once, but for the two verbs that are no fault."""
    probed = [name for fault in FAULTS for name in fault.probed()]
    assert sorted(probed) == sorted(set(PROBES) - set(ALSO))


def test_every_fence_is_in_a_row() -> None:
    """Whatever advice the table of fences gives, the doctor has a row for it."""
    assert {says for _, names, says in fences.TABLE if names} == set(OF_KIND.values())
    assert set(FENCES) == set(OF_KIND)


def test_the_doctor_says_it_in_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """All is well here: exit code 0."""
    assert main(["doctor"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{sum(len(row.probes) for row in rows())} probes, every one of them does what is said"
    assert len(lines) <= ROWS
    assert max(map(len, lines)) <= COLUMNS
    assert sum(line.startswith("ok  ") for line in lines) == len(list(rows()))


def test_the_doctor_finds_a_fault_that_does_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named with what was seen, and the exit code is 1; so it is as JSON."""
    real = World._apply

    def but_cuts(self: World, step: Step) -> None:
        if type(step).__name__ != "Cut":
            real(self, step)

    monkeypatch.setattr(World, "_apply", but_cuts)
    only = [row for row in rows() if "`cut`" in row.name]
    monkeypatch.setattr("scenarios.doctor.report.rows", lambda: iter(only))

    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "NO  cut cut_one_way split isolate heal: " in said
    assert re.search(r"^      cut: broken: AssertionError: .*\(link_probes.py:\d+: assert \(heard", said, re.M)
    assert said.splitlines()[-1] == "1 of 5 probes failed"
    assert main(["doctor", "--json"]) == 1
    told: Any = json.loads(capsys.readouterr().out)
    assert [row["wrong"] != [] for row in told["rows"]] == [True]


def test_the_doctor_finds_a_fence_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the strike nothing is refused; nothing happens by the probe's arguments either."""
    monkeypatch.setattr(fences, "_strike", lambda label, says: None)
    (sleep,) = fence_probes.fences(OF_KIND["sleep"])
    assert fence_probes.failure_of(sleep).startswith("time.sleep: mistake: TypeError")
    assert all(fence_probes.failure_of(each) for each in fence_probes.fences(OF_KIND["outside"])[:3])


def test_the_doctor_finds_another_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a story that is held where a mistake is due."""
    monkeypatch.setattr("cluster.sim.run._nothing_started", lambda world, story: None)
    ending = next(each for each in ending_probes.ENDINGS if each.says == "no node is started")
    assert ending_probes.failure_of(ending) == "no node is started: held: None"


def test_an_error_of_a_probe_is_its_finding() -> None:
    """The other rows are played all the same."""

    def breaks() -> str:
        raise KeyError("x")

    found = examine(ProbedRow("faults", "`x`", "does", (("x", breaks),)))
    assert found.wrong == ("x: KeyError: 'x'",)
    assert lines_of(found) == ["NO  x: does", "      x: KeyError: 'x'"]
    assert last_line([found]) == "1 of 1 probes failed"


def test_a_probe_that_is_held_has_nothing_wrong() -> None:
    """One of each group; the rest is played by the command."""
    assert fault_failure_of("heal") == ""
    assert isinstance(next(iter(examined())), Examined)
