"""The Backups page of a run at any time of it (section 20): what a node shows, and what is said to a wrong question."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import cli
from scenarios.cli import main
from scenarios.inspect.moment import true_time
from scenarios.kept_run import ReplayError

STORY = '''"""The owner of a task that runs every ten minutes dies, and the task is disabled within the grace."""
import trio
from scenarios.backups import backups

async def story(world):
    client = backups(world)
    client.start("ABCD")
    await world.elected()
    shop = await client.create_database("Shop", members=["A", "B", "C"])
    await shop.fill()
    task = await shop.define(full="0 * * * *", incremental="*/10 * * * *", mentor="B", keep=86_400)
    await task.ran()
    await trio.sleep(1500 - world.now)
    world.crash("B")
    await trio.sleep(600)
    await task.disable()
    await trio.sleep(1)
    assert not (await shop.tasks(on="C")).tasks[0].enabled
    await trio.sleep(30)
'''

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a run that was kept."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "mine.py").write_text(STORY)
    assert main(["run", str(folder / "mine.py"), "-q", "--out", str(folder)]) == cli.HELD
    return str(folder / "mine@1")


@pytest.fixture
def ask(kept: str, capsys: pytest.CaptureFixture[str]) -> Ask:
    """What the command says of that run."""

    def ask(*words: str, code: int = cli.HELD) -> str:
        assert main(["tasks", kept, *words]) == code
        said, wrong = capsys.readouterr()
        return " ".join((said if code == cli.HELD else wrong).split())

    return ask


def test_the_owner_shows_what_the_panel_of_the_studio_shows(ask: Ask) -> None:
    """On the responsible node the task is active; every field of rule 20.1 is there, with its kind and its reason."""
    said = ask("--at", "24min", "--on", "B")

    assert "Shop (on A B C) at 00:24:00.000, as node B knows it" in said
    assert "Recent backup: 4 min ago, 2024-01-01 00:20:00" in said
    assert "(Backup) - Enabled, Active" in said
    assert "Responsible node: B since 2024-01-01 00:00:" in said
    assert "it is the task's preferred node" in said
    assert "Destinations: Local" in said
    assert "Last executed on: B" in said
    assert "Last Full Backup: 14 min ago, 2024-01-01 00:10:00" in said
    assert "Last Incremental: 4 min ago, 2024-01-01 00:20:00" in said
    assert "Next Estimated Backup: in 6 min (incremental), 2024-01-01 00:30:00" in said
    assert "Retention Policy: 1 days" in said
    assert "Encryption: Not encrypted" in said


def test_another_node_says_that_it_is_not_on_it(ask: Ask) -> None:
    """The status depends on the node that is asked (rule 20.2)."""
    assert "(Backup) - Enabled, Not on node" in ask("--at", "24min", "--on", "A")


def test_while_the_grace_runs_the_page_says_when_the_task_moves(ask: Ask) -> None:
    """Within the grace of rule 7.8 the dead node keeps the task, and everybody who is asked knows until when."""
    said = ask("--at", "28min", "--on", "C")

    assert "keeps it for a while although it does not respond" in said
    assert "Will move: 2024-01-01 00:56:" in said


def test_a_disabled_task_has_no_next_backup(ask: Ask) -> None:
    """Disabled is not active, and its next estimated backup is empty (rules 20.2, 20.4); the end is what is shown first."""
    said = ask()

    assert "- Disabled, Not active" in said
    assert "Next Estimated Backup: N/A" in said


def test_a_run_under_way_is_shown_where_it_runs(ask: Ask) -> None:
    """On-going is known to the node that runs it alone (rule 20.1)."""
    assert "On-going Backup: full, operation 1, since 2024-01-01 00:10:00" in ask("--at", "00:10:00.1", "--on", "B")
    assert "0 of 40 items" in " ".join(ask("--at", "00:10:00.1", "--on", "B").split())
    assert "On-going" not in ask("--at", "00:10:00.1", "--on", "A")


def test_json_is_complete(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The object holds every field of the view; instants are written as RavenDB writes them."""
    assert main(["tasks", kept, "--at", "24min", "--on", "B", "--json"]) == cli.HELD

    found = json.loads(capsys.readouterr()[0])
    assert found["at"] == "00:24:00.000"
    shop = found["databases"][0]
    assert (shop["node"], shop["zone"]) == ("B", "UTC")
    task = shop["backups"]["tasks"][0]
    assert task["connection"] == "Active"
    assert task["state"] == "ActiveByCurrentNode"
    assert task["next"]["at"].startswith("2024-01-01T00:30:00")
    assert task["retention"] == 86_400_000_000


def test_no_line_is_wider_than_the_terminal(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Eighty columns where there is no terminal, and no colour."""
    main(["tasks", kept, "--at", "28min"])

    said = capsys.readouterr()[0]
    assert max(map(len, said.splitlines())) <= 80
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--at", "noon"), "'noon' is no time: write '02:30' or '90min' after the start"),
        (("--at", "9d"), "the run ended at 00:35:31."),
        (("--at", "2023-01-01 12:00"), "is before the run, which starts at 2024-01-01 00:00 in UTC"),
        (("--at", "28min", "--on", "B"), "node B is down at that time: ask A or C or D"),
        (("--at", "28min", "--on", "Q"), "there is no node 'Q' in this run: ask one of A B C D"),
        (("--at", "28min", "--database", "Ship"), "there is no database 'Ship' at that time"),
        (("--at", "28min", "--on", "D", "--database", "shop"), "database Shop is not on node D: ask one of"),
    ],
)
def test_a_wrong_question_gets_one_sentence(ask: Ask, words: tuple[str, ...], says: str) -> None:
    """It names what was wrong, and what can be asked instead."""
    said = ask(*words, code=cli.MISTAKE)

    assert says in said


def test_a_run_that_was_changed_is_not_looked_into(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the kept events are not those of the run played again, nothing is shown of it: exit code 3."""
    lines = (Path(kept) / "trace.ndjson").read_text().splitlines()
    lines[20] = lines[20].replace('"seq":20', '"seq":21')
    (tmp_path / "trace.ndjson").write_text("\n".join(lines) + "\n")

    assert main(["tasks", str(tmp_path), "--at", "24min"]) == cli.DIVERGED
    assert "played again differs in event 20" in capsys.readouterr()[1]


def test_a_story_without_backups_has_no_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Its nodes are something else."""
    assert main(["tasks", "split_vote@1", "--at", "1s"]) == cli.MISTAKE
    assert "keep no backups" in capsys.readouterr()[1]


@pytest.mark.parametrize(
    ("text", "t"),
    [
        ("12:00", 43_200_000_000),
        ("1d 02:00:00.5", 93_600_500_000),
        ("90min", 5_400_000_000),
        ("1.5 h", 5_400_000_000),
        ("2024-01-02 00:00", 86_400_000_000),
        ("2024-01-02T01:00+01:00", 86_400_000_000),
    ],
)
def test_a_time_is_written_in_many_ways(text: str, t: int) -> None:
    """After the start, as the timeline writes it, or by the calendar."""
    assert true_time(text) == t


def test_what_is_no_time_is_refused() -> None:
    """With what to write instead."""
    with pytest.raises(ReplayError, match="write '02:30'"):
        true_time("half past one")


def test_a_story_can_show_the_panels_in_its_timeline(kept: str) -> None:
    """`await shop.tasks(on="C")` says each line of them, and returns the view."""
    said = [json.loads(line)["text"] for line in (Path(kept) / "trace.ndjson").read_text().splitlines()[1:]]

    assert "task 3: Backup to Local (Backup) - Disabled, Not active" in said
    assert "  Next Estimated Backup: N/A" in said


def test_server_wide_tasks_are_shown_with_what_they_leave_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Rule 16: the template, the databases without a copy, and each copy with its id and owner."""
    assert main(["tasks", "one_backup_for_all@1", "--at", "1:05"]) == cli.HELD
    said = " ".join(capsys.readouterr().out.split())
    assert "server-wide task 4: Backup to Local (Backup) - Enabled, as node A knows it Full: at '0 1 * * *'" in said
    assert said.endswith("Left out: Scratch Copies: Shop (task 5, on C), Bank (task 6, on C)")
    assert main(["tasks", "one_backup_for_all@1", "--at", "1:05", "--json"]) == cli.HELD
    template = json.loads(capsys.readouterr().out)["server_wide"][0]
    assert (template["name"], template["excluded"], template["copies"]) == (
        "Backup to Local",
        ["Scratch"],
        [["Shop", 5, "C"], ["Bank", 6, "C"]],
    )
    assert main(["tasks", "one_backup_for_all@1", "--at", "1:05", "--database", "Bank"]) == cli.HELD
    assert "Left out" not in capsys.readouterr().out
