"""The audit of a run: owners and why, double runs, unplanned fulls, gaps, late reports, chains (section 23)."""

import json
from pathlib import Path

import pytest

from scenarios import cli
from scenarios.cli import main
from tests.scenarios.test_secrets import key_of

MOVED = '''"""Under RavenDB's own rules the owner dies before one o'clock, and two and three are never covered by its heir."""
import trio
from scenarios.backups import backups

RULES = "ravendb-6.2"

async def story(world):
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    await shop.fill()
    task = await shop.define(full="0 0 * * *", incremental="*/15 * * * *")
    owner = (await task.ran()).node
    await trio.sleep(20 * 60 - world.now)
    world.crash(owner)
    await trio.sleep(80 * 60 - world.now)
'''


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a run that was kept."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "moved.py").write_text(MOVED)
    assert main(["run", str(folder / "moved.py"), "-q", "--out", str(folder)]) == cli.HELD
    return str(folder / "moved@1")


def test_every_question_has_its_answer(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A move leaves two owners with reasons, an unplanned full, a gap of occurrences, and chains that are whole."""
    assert main(["audit", kept, "--json"]) == cli.HELD

    found = json.loads(capsys.readouterr()[0])
    first, second = found["owners"]
    assert (first["rule"], second["rule"]) == ("7.8.3", "7.8.8")
    assert first["node"] != second["node"]
    assert found["doubles"] == []
    (full,) = found["unplanned_fulls"]
    assert full["node"] == second["node"]
    assert full["why"].startswith("full, as this node has no full backup")
    (gap,) = found["gaps"]
    assert gap["first"] == "2024-01-01T00:30:00.0000000Z"
    assert gap["last"] == "2024-01-01T00:45:00.0000000Z"
    assert gap["count"] == 2
    assert gap["covered_at"].startswith("2024-01-01T01:00:00")
    (lag,) = found["lags"]
    assert (lag["late"], lag["given_up"], lag["open"]) == (0, 0, 0)
    assert [chain["whole"] for chain in found["chains"]] == [True, True]


HEIR = '''"""The owner dies between two full backups, and its heir makes the next one."""
import trio
from scenarios.backups import backups

async def story(world):
    shop = await backups(world).shop("ABC")
    task = await shop.define(full="0 * * * *")
    owner = (await task.ran()).node
    await trio.sleep(70 * 60 - world.now)
    world.crash(owner)
    await trio.sleep(121 * 60 - world.now)
'''


def test_a_full_at_its_hour_is_planned_by_whomever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An heir has no full to build on, which is the first reason of its plan; the frequency wanted one all the same."""
    (tmp_path / "heir.py").write_text(HEIR)
    assert main(["audit", f"{tmp_path / 'heir.py'}@1", "--json"]) == cli.HELD
    found = json.loads(capsys.readouterr()[0])
    assert len(found["owners"]) == 2
    assert found["unplanned_fulls"] == []


def test_a_cut_off_owner_runs_twice_and_reports_late(capsys: pytest.CaptureFixture[str]) -> None:
    """A minority's owner goes on while the majority gives its task to another (rule 10.8), and tells of it later."""
    assert main(["audit", "cut_off_owner_backs_up_twice@1"]) == cli.HELD

    said = capsys.readouterr()[0]
    started, _, written = said.partition("two files of one hour:\n")
    assert "started twice:\n  2024-01-01 02:00:00  task 3 of Shop: on B and C\n  2024-01-01 03:00:00  task 3" in started
    assert written.startswith("  2024-01-01 02:00:00  task 3 of Shop: on B and C\nfull without"), (
        "at three nobody wrote"
    )
    assert "7 reported, 2 late" in said
    assert "gaps:\n  none" in said
    assert "the files were not kept" in said
    assert max(map(len, said.splitlines())) <= 80


def test_chains_under_keys_are_verified_with_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the key a chain is not whole; with it each file is read; and a key file that is none is never quoted."""
    assert main(["run", "the_key_is_lost", "--out", str(tmp_path), "-q"]) == cli.HELD
    run, key_file, wrong = str(tmp_path / "the_key_is_lost@1"), tmp_path / "envelope", tmp_path / "wrong"
    key_file.write_text(key_of("shop").as_text())
    wrong.write_text("hunter2hunter2")

    def chains(*more: str) -> list[tuple[bool, str]]:
        capsys.readouterr()
        assert main(["audit", run, "--json", *more]) == cli.HELD
        return [(each["whole"], each["problem"]) for each in json.loads(capsys.readouterr().out)["chains"]]

    ((whole, problem),) = chains()
    assert not whole
    assert "is encrypted and no key was given" in problem
    assert chains("--key-file", str(key_file)) == [(True, "")]
    assert main(["audit", run, "--key-file", str(wrong)]) == cli.MISTAKE
    assert "hunter2" not in capsys.readouterr().err
