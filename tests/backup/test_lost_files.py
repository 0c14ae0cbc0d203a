"""Finished files that are lost behind the cluster's back: what may be lost, what is excused, and what is not."""

import json

import pytest

from backup.destinations.world_destinations import WorldDestinations
from backup.notes import FileLost
from cluster.sim.run import HELD, MISTAKE, play
from cluster.sim.world import World
from cluster.time_units import hours
from scenarios.backups import (
    FOLDER,
    AmazonGlacier,
    AmazonS3,
    Corrupted,
    Expired,
    LocalFolder,
    Removed,
    Task,
    backups,
)
from scenarios.cli import main
from scenarios.inspect.backup_results import lost_files
from scenarios.zoo.night import night

BUCKET = AmazonS3("nightly")


async def two_files(world: World) -> Task:
    """A task on B with a full backup and an incremental, in its folder and in a bucket."""
    shop = await backups(world).shop("ABC", members="B")
    task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), BUCKET))
    await task.ran()
    await shop.put({"orders/1": {}})
    await task.ran(within=hours(1.1))
    return task


@pytest.mark.parametrize("loss", [Removed, Corrupted, Expired])
@pytest.mark.parametrize("which", ["", "file", "folder and file"])
def test_what_is_lost_is_excused_by_name(loss: type, which: str) -> None:
    """The newest file or the oldest, the one that is named, and what needs it; the other place is checked as before."""

    async def story(world: World) -> None:
        task = await two_files(world)
        full = task.runs[0]
        name = {"": "", "file": full.file, "folder and file": f"{full.folder}/{full.file}"}[which]
        world.disturb("B", loss(BUCKET.address, name))
        lost = world.history.of(FileLost)[0].note
        expected = task.runs[-1].file if not which and loss is not Expired else full.file
        assert (lost.file, lost.how) == (expected, loss.__name__.lower())

    outcome = play(story)
    assert outcome.verdict == HELD, outcome.failure
    (said,) = [each.text() for each in lost_files(outcome.watchers)]
    assert "in s3://nightly" in said
    assert ("1 that needs it" in said) == bool(which or loss is Expired)


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (Removed("backup"), "there is no finished file in backup of B"),
        (Removed(FOLDER, "2023.ravendb-full-backup"), "there is no finished file 2023.ravendb-full-backup in backups"),
        (Expired(FOLDER), "only a bucket has a lifecycle rule; take Removed for a folder"),
        (Corrupted("s3://other"), "there is no finished file in s3://other"),
    ],
)
def test_what_cannot_be_lost_is_a_mistake(loss: object, says: str) -> None:
    """It names the place and the file, and nothing was lost."""

    async def story(world: World) -> None:
        await two_files(world)
        world.disturb("B", loss)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert says in str(outcome.failure)
    assert not outcome.history.of(FileLost)


def test_a_real_cloud_is_not_harmed() -> None:
    """A story that plays with real buckets cannot remove anything of them."""
    with pytest.raises(ValueError, match="a real cloud is not harmed"):
        WorldDestinations({"clouds": "real"}).lose("B", Removed("s3://nightly"))


def test_a_vault_may_lose_a_file_too() -> None:
    """Nobody can list it, and nothing is restored from it."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        vault = AmazonGlacier("vault")
        task = await shop.define(full="0 * * * *", to=(vault,))
        await task.ran()
        world.disturb("B", Removed(vault.address))

    assert play(story).verdict == HELD


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_a_file_lost_before_its_run_is_reported_is_excused(rules: str) -> None:
    """Whoever removes it is faster than the report: the run kept its word."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        task = await shop.define(full="0 * * * *")
        await task.ran()
        world.disturb("B", Removed(FOLDER))
        await task.reported()

    assert play(story, options={"rules": rules}).verdict == HELD


def test_the_audit_and_the_object_tell_of_a_lost_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it was and what befell it; what it excuses is in the object of the run."""
    assert main(["audit", "a_backup_file_is_lost@1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["losses"]
    assert [(each["node"], each["path"], each["how"]) for each in found] == [
        ("B", FOLDER, "removed"),
        ("B", FOLDER, "corrupted"),
        ("", "s3://nightly", "expired"),
    ]
    assert main(["audit", "a_backup_file_is_lost@1"]) == 0
    text = capsys.readouterr().out
    assert "lost files:" in text
    assert main(["run", "a_backup_file_is_lost", "--json"]) == 0
    assert [each.split()[2] for each in json.loads(capsys.readouterr().out)["lost"]] == [FOLDER, FOLDER, "s3://nightly"]


def test_a_night_may_lose_files() -> None:
    """By dice of its own: up to the first one the night is that of its seed without losses, and what is lost is excused."""
    lost = 0
    for seed in range(1, 5):
        outcome, other = (play(night("ABC", losses=losses), seed) for losses in (True, False))
        assert outcome.verdict == HELD, outcome.failure
        found = outcome.history.of(FileLost)
        lost += len(found)
        with_losses, without = ([repr(event) for event in each.history.events] for each in (outcome, other))
        first = next(place for place, event in enumerate(with_losses) if "Disturb(" in event)
        assert with_losses[:first] == without[:first]
    assert lost, "in four nights"
