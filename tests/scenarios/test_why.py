"""Why a task ran at a time of a run, or why not: a table of causes, each from a run in which it is so."""

import json
from pathlib import Path

import pytest

from backup.runs.scheduler import Scheduler
from scenarios import cli
from scenarios.cli import main

HEAD = '''"""A story about one cause."""
import attrs
import trio
from backup.requests.backup_requests import BackupNow
from backup.destinations.faults import Refusing
from backup.destinations.local import LocalFolder
from backup.record.rules import Rules
from scenarios.backups import FOLDER, backups

{constants}

async def story(world):
    async def at(minute):
        await trio.sleep(minute * 60 - world.now)

    client = backups(world)
    client.start("ABC"{rules})
    await world.elected()
    shop = await client.create_database("Shop", members={members!r}, replication_factor={count})
    await shop.fill()
{body}
    await trio.sleep(120)
'''
LIFE = """
    task = await shop.define(full="*/10 * * * *", name="Nightly")
    owner = await task.assigned()
    await at(18)
    await task.postpone(360)
    await at(28)
    await task.disable()
    await at(31)
    await task.enable()
    await at(38)
    world.short(owner, "memory")
    await at(45)
    world.short(owner, "memory", False)
    await at(59.5)
    world.crash(owner)
    await at(66)
    world.restart(owner)
    await at(69)
    world.pause(owner)
    await at(71)
    world.resume(owner)
    await at(75)
    await task.remove()
    await at(80)
"""
LEFT = """
    task = await shop.define(full="*/10 * * * *", mentor="B")
    await at(15)
    world.remove("B")
    await at(25)
"""
PINNED = """
    task = await shop.define(full="*/10 * * * *", mentor="B", pinned=True)
    await task.ran()
    await at(15)
    world.crash("B")
    await at(25)
"""
LEADERLESS = """
    task = await shop.define(full="*/10 * * * *", mentor="B")
    await task.ran()
    await at(15)
    world.crash("B")
    world.crash("A")
    await at(25)
    world.crash("C")
    await at(35)
"""
NEVER_ASSIGNED = """
    task = await shop.define(full="*/10 * * * *")
    world.crash("B")
    world.crash("C")
    await at(12)
"""
FAILED = """
    task = await shop.define(full="0 * * * *", incremental="*/10 * * * *", mentor="B")
    await task.ran()
    await shop.put({"orders/new": {"a": 1}})
    world.disturb("B", Refusing(FOLDER))
    await at(25)
"""
NOTHING_NEW = """
    task = await shop.define(full="0 * * * *", incremental="*/10 * * * *", mentor="B")
    await at(25)
"""
CANCELLED = """
    task = await shop.define(full="*/10 * * * *", mentor="B")
    await at(10 + 0.1 / 60)
    await task.cancel("B")
    await at(15)
"""
NOWHERE = """
    task = await shop.define(full="*/10 * * * *", mentor="B")
    await task.edit(destinations=(LocalFolder(FOLDER, disabled=True),))
    await at(12)
"""
ALONE = """
    task = await shop.define(full="*/10 * * * *")
    await task.ran()
    world.crash("A")
    await at(22)
"""
LICENCE = """
    task = await shop.define(full="*/10 * * * *")
    owner = (await task.ran()).node
    world.crash(owner)
    await at(22)
"""
CLOCK = """
    task = await shop.define(full="*/10 * * * *", mentor="B")
    await task.ran()
    await at(15)
    world.jump_clock("B", -3_600)
    await at(22)
"""
TWICE = """
    task = await shop.define(full="0 * * * *", mentor="B")
    await task.ran()
    await task.edit(mentor=None)
    world.isolate("B")
    await at(121)
"""
BY_HAND = """
    task = await shop.define(full="0 * * * *", mentor="B")
    await task.assigned()
    await at(5)
    await task.backup_now()
    await at(7)
"""
RAVEN_62 = """
    task = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    owner = (await task.ran()).node
    await at(115)
    world.crash(owner)
    await at(170)
"""
RAVEN_42 = """
    task = await shop.define(full="0 * * * *")
    owner = (await task.ran()).node
    await at(119.5)
    world.crash(owner)
    await at(124)
    world.isolate("ABC".replace(owner, "")[0])
    world.crash("ABC".replace(owner, "")[1])
    await at(182)
"""
SAVING = """
    task = await shop.define(full="* * * * *", mentor="B")
    await task.ran()
    await at(4.5)
    world.isolate("B")
    await at(9)
"""
UNAWARE = """
    task = await shop.define(full="*/10 * * * *", mentor="B")
    await task.ran()
    await at(19.8)
    world.isolate("C")
    await task.edit(on="B", mentor="C")
    await at(25)
"""
CONSTANTS_62, CONSTANTS_42 = 'RULES = "ravendb-6.2"', 'RULES = "ravendb-4.2"'
NO_LICENCE = ", Rules(highly_available_tasks=False)"

STORIES = {
    "life": (LIFE, "", "", "ABC"),
    "pinned": (PINNED, "", "", "ABC"),
    "left": (LEFT, "", "", "ABC"),
    "leaderless": (LEADERLESS, "", "", "ABC"),
    "never_assigned": (NEVER_ASSIGNED, "", "", "ABC"),
    "failed": (FAILED, "", "", "ABC"),
    "nothing_new": (NOTHING_NEW, "", "", "ABC"),
    "cancelled": (CANCELLED, "", "", "ABC"),
    "nowhere": (NOWHERE, "", "", "ABC"),
    "alone": (ALONE, "", "", "A"),
    "licence": (LICENCE, "", NO_LICENCE, "ABC"),
    "clock": (CLOCK, CONSTANTS_62, "", "ABC"),
    "twice": (TWICE, "", "", "ABC"),
    "by_hand": (BY_HAND, "", "", "ABC"),
    "raven_62": (RAVEN_62, CONSTANTS_62, "", "ABC"),
    "raven_42": (RAVEN_42, CONSTANTS_42, "", "ABC"),
    "saving": (SAVING, CONSTANTS_62, "", "ABC"),
    "unaware": (UNAWARE, "", "", "ABC"),
    "never_assigned_42": (NEVER_ASSIGNED, CONSTANTS_42, "", "ABC"),
}

CASES = [
    # it ran
    ("life", "10min", True, "as its time had come; full, as this node has no full backup to build on", "8.4, 8.6"),
    ("life", "31min", True, "for the occurrence at 2024-01-01 00:30:00", "8.5, 8.6"),
    ("nothing_new", "20min", True, "found nothing new, and wrote no file", "9.7"),
    ("failed", "20min", True, "and fails: ", "8.4, 8.6"),
    ("twice", "120min", True, "which holds itself responsible too", "8.4, 8.6, 10.8"),
    ("by_hand", "5min", True, "as somebody asked for it", "15.1"),
    # the task
    ("life", "0.1s", False, "the task was not defined before 00:00:0", "6.8"),
    ("life", "5min", False, "nothing had fallen due since the task was defined; the next is at", "8.4"),
    ("life", "15min", False, "nothing else was due; the next is at 2024-01-01 00:20:00", "8.4"),
    ("life", "20min", False, "it was put off by hand until 2024-01-01 00:24:00", "15.5"),
    ("life", "30min", False, "the task is disabled since 00:28:00", "7.9"),
    ("life", "80min", False, "the task was removed at 01:15:00", "9.2"),
    ("nowhere", "10min", False, "the task has no destination that is switched on", "7.9"),
    ("failed", "22min", False, "what failed is not tried again before the next occurrence; the next is at", "8.9"),
    ("cancelled", "12min", False, "somebody cancelled its run", "15.6"),
    # its owner
    ("life", "40min", False, "the node is in low memory state", "9.4"),
    ("life", "60min", False, "has not been silent for the 1 min after which it goes to Rehab", "5.5"),
    ("life", "61min", False, "the task moves at 2024-01-01 01:30:", "7.8"),
    ("life", "01:06:01", False, "hears the news for 10 s before it runs what it slept through", "8.5"),
    ("life", "70min", False, "is responsible and stands still", "5.5"),
    ("pinned", "20min", False, "the task is pinned to it and runs nowhere else", "7.12"),
    ("alone", "20min", False, "no other member is there to take it", "7.8.8"),
    ("licence", "20min", False, "the licence does not let tasks move", "7.8.7"),
    ("clock", "20min", False, "its last run seems to have begun at 2024-01-01 00:10:00", "8.2"),
    ("left", "20min", True, "C begins a full backup", "8.4, 8.6"),
    # the cluster
    ("leaderless", "20min", False, "nobody leads, so that the task cannot move", "10.3"),
    ("leaderless", "30min", False, "every node is down", "10.3"),
    ("never_assigned", "10min", False, "nobody leads, so that nobody could be made responsible for it", "10.3"),
    ("never_assigned_42", "10min", False, "no node may take itself for its owner", "7.6"),
    ("life", "2s", False, "nobody was responsible yet: the observer on", "7.8.3"),
    ("unaware", "20min", False, "C is responsible and does not know it yet", "7.9"),
    # other generations
    ("saving", "6min", False, "still holds the place of its last run, whose report is under way", "9.16"),
    ("raven_62", "160min", False, "a new owner counts from then: it waits for 2024-01-01 03:00:00", "8.11"),
    ("raven_42", "02:00:40", False, "ran it last: ", "8.5"),
    ("raven_42", "180min", False, "only the node that ran it last goes on", "10.2"),
]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the stories."""
    folder = tmp_path_factory.mktemp("stories")
    for name, (body, constants, rules, members) in STORIES.items():
        text = HEAD.format(constants=constants, rules=rules, members=members, count=len(members), body=body)
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.mark.parametrize(("story", "time", "ran", "says", "rule"), CASES)
def test_every_cause_has_its_sentence(
    stories: Path, capsys: pytest.CaptureFixture[str], story: str, time: str, ran: bool, says: str, rule: str
) -> None:
    """The answer says whether it ran, why, and by which rule."""
    assert main(["why", f"{stories / story}.py@1", "3", time, "--json"]) == cli.HELD

    found = json.loads(capsys.readouterr()[0])
    assert (found["ran"], says in found["sentence"], found["rule"]) == (ran, True, rule), found


def test_what_nobody_can_tell_is_not_made_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that restarts and never looks at its task again, of which it says nothing: why is not known."""
    body = """
    await shop.define(incremental="0 * * * *", mentor="B")
    await at(5)
    world.restart("B")
    await at(90)
"""
    story = tmp_path / "forgotten.py"
    story.write_text(HEAD.format(constants=CONSTANTS_42, rules="", members="ABC", count=3, body=body))
    monkeypatch.setattr(Scheduler, "_look_at_all", lambda self: None)
    assert main(["why", f"{story}@1", "3", "70min"]) == cli.HELD
    said = " ".join(capsys.readouterr()[0].split())
    assert "was not run, and why is not known; the next is at 2024-01-01 02:00:00 (no rule that is known)" in said


def test_the_sentence_stands_first_and_what_it_rests_on_below(
    stories: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Owner and reason, schedule and zone, leader, nodes, last run; no line is wider than eighty columns."""
    assert main(["why", f"{stories / 'pinned'}.py@1", "3", "20min"]) == cli.HELD

    said = capsys.readouterr()[0].splitlines()
    assert said[0].startswith("task 3 of Shop did not run at 00:20:00.000: B is responsible and is down since")
    assert [line.split()[0] for line in said if line.startswith("  ") and line[2] != " "] == (
        ["owner", "schedule", "last", "leader", "nodes", "last"]
    )
    assert max(map(len, said)) <= 80


def test_a_full_in_place_of_an_incremental_names_the_file_that_was_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """8.7: it was planned as an incremental, and what it was to go on from is gone; what is lost is shown from then on."""
    assert main(["why", "a_backup_file_is_lost@1", "3", "03:00"]) == cli.HELD
    gone = "2024-01-01-01-00-00.ravendb-full-backup in backups was removed at 02:00:01.701"
    said = " ".join(capsys.readouterr()[0].split())
    assert f"begins a full backup at 03:00:00.001, as its time had come; full, as {gone} (8.4, 8.7)." in said
    assert f"lost file {gone}" in said

    assert main(["why", "a_backup_file_is_lost@1", "3", "05:00"]) == cli.HELD
    said = " ".join(capsys.readouterr()[0].split())
    assert "begins an incremental backup" in said
    assert said.count("lost file") == 2
    assert "ravendb-incremental-backup in backups was corrupted at 04:00:01.701" in said


def test_two_nodes_that_hold_themselves_responsible_are_both_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its clock, and with what it did: one may have had nothing new, and wrote no file."""
    assert main(["why", "cut_off_owner_backs_up_twice@1", "3", "02:00"]) == cli.HELD
    said = " ".join(capsys.readouterr()[0].split())
    assert "B begins an incremental backup at 02:00:00.001" in said
    assert "; C, which holds itself responsible too, begins one as well" in said
    assert "owner B since 2024-01-01 00:00:10" in said
    assert "owner C since 2024-01-01 01:43:00" in said
    assert "the clock of B reads 2024-01-01 02:00:00 UTC; the clock of C reads 2024-01-01 02:00:00 UTC" in said
    assert main(["why", "cut_off_owner_backs_up_twice@1", "3", "03:00"]) == cli.HELD
    said = " ".join(capsys.readouterr()[0].split())
    assert "; C, which holds itself responsible too, finds nothing new and writes no file (9.7, 10.8)" in said


@pytest.mark.parametrize(
    ("task", "says"),
    [("9", "there is no task 9 up to then: name one of 3"), ("Nightly", "there is no task 'Nightly' in this run")],
)
def test_a_task_that_is_not_there_is_named(
    stories: Path, capsys: pytest.CaptureFixture[str], task: str, says: str
) -> None:
    """With those that are."""
    assert main(["why", f"{stories / 'pinned'}.py@1", task, "20min"]) == cli.MISTAKE
    assert says in capsys.readouterr()[1]
