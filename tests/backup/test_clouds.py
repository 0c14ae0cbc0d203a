"""Several places a task: sent to all of them at once, failed if one of them fails, and each of them whole (9.6, 9.8, 11.8)."""

from pathlib import Path

import pytest
import trio

from backup.content.encryption import WrongKey
from backup.destinations.azure import Azure
from backup.destinations.faults import Cutting, Disconnected, Full, Losing, Refusing, Slow, Well, slowness
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.local import LocalFolder
from backup.destinations.port import write
from backup.destinations.s3 import AmazonS3
from backup.destinations.world_destinations import WorldDestinations
from backup.notes import BackupFailed, BackupFinished, BackupStarted, Uploaded, UploadFailed, UploadRepeated
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.task import Kind
from backup.restore.chain_reader import BrokenChain, restore
from backup.restore.restore_points import chains
from cluster.member import Refused
from cluster.sim.run import play
from cluster.sim.world import World
from cluster.time_units import days, hours, minutes
from scenarios.backups import FOLDER, Client, Database
from tests.backup.test_cleaning import notes, told

S3 = AmazonS3("nightly", secret_key="a secret of S3")
BLOB = Azure("container", remote_folder="shop")
GS = GoogleCloud("bucket")
FTP = Ftp("ftp://files.example/backups", user="me", password="a password")
GLACIER = AmazonGlacier("vault")
ALL = (LocalFolder(FOLDER), S3, GLACIER, BLOB, GS, FTP)


def test_a_file_goes_to_every_place(tmp_path: Path) -> None:
    """All six at once; in each of them the chain is whole, and the status has a result for each (9.6, 9.13)."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=ALL)
        await task.ran()
        await shop.put({"orders/new": {}})
        last = await task.ran()
        assert last.outcome == "written"
        for block in ALL:
            found = chains(client.destinations.place("C", block.address))
            assert [chain.whole for chain in found] == [True], block
            assert len(found[0].points) == 2
        await task.reported()
        status = world["A"].state.database("Shop").statuses[task.id]
        assert [each.address for each in status.uploads] == [block.address for block in ALL[1:]]
        assert all(each.last_incremental == last.started_at and not each.error for each in status.uploads)
        assert status.sent(AmazonS3).last_full is not None

    outcome, _ = told(story, tmp_path)
    assert len(notes(outcome, Uploaded)) == 10
    assert not list(tmp_path.rglob(".temporary"))


@pytest.mark.parametrize("trouble", [Refusing, Full, Losing, Cutting, Disconnected])
def test_one_of_three_fails_and_so_has_the_run(trouble: type) -> None:
    """9.8: the local file and the other cloud's are there, the cluster is told of a failure, and the next run mends all."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), S3, BLOB))
        first = await task.ran()
        await shop.put({"orders/new": {}})
        world.disturb("C", trouble(S3.address))
        assert (await task.ran()).outcome == "failed"
        await task.reported()
        assert len(task.files("C")) == len(task.files("C", BLOB.address)) == 2
        assert len(task.files("C", S3.address)) == 1, "what failed leaves nothing (9.6c)"
        status = world["A"].state.database("Shop").statuses[task.id]
        assert status.error is not None
        assert "1 of 2 uploads failed, and with that the backup" in status.error
        assert status.folder == first.folder
        assert status.last_incremental is None
        assert status.sent(AmazonS3).error
        assert not status.sent(Azure).error
        assert status.sent(Ftp).skipped
        world.disturb("C", Well(S3.address))
        await shop.put({"orders/newer": {}})
        again = await task.ran()
        assert (again.outcome, again.full) == ("written", False)
        for block in (LocalFolder(FOLDER), S3, BLOB):
            chain = chains(client.destinations.place("C", block.address))[0]
            assert chain.whole, "the file of the failed run is covered by the next one, where it is"
            assert chain.last is not None
            assert len(chain.last.files) == 2
        for name, source in (("Near", None), ("Far", S3), ("Other", BLOB)):
            assert (await task.restore_newest(name, source)).compared()

    outcome, _ = told(story)
    attempts = 3
    assert len(notes(outcome, UploadRepeated)) == attempts - 1
    assert [note.path for note in notes(outcome, UploadFailed)] == [S3.address]
    assert "the file is in backups and azure://container/shop" in notes(outcome, BackupFailed)[0].error


def test_without_a_local_folder(tmp_path: Path) -> None:
    """11.8: the same names, nothing on the node; a run of another node opens a chain of its own in the same cloud."""

    async def story(world: World) -> None:
        client = Client(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", 3)
        await shop.fill(10)
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(S3,))
        first = await task.ran()
        assert task.files(first.node) == [f"{first.folder}/{first.file}"]
        world.crash(first.node)
        await shop.put({"orders/new": {}})
        second = await task.ran(within=hours(4))
        assert second.node != first.node
        assert second.full
        assert {file.partition("/")[0] for file in task.files("A")} == {first.folder, second.folder}
        other = next(node for node in "ABC" if node not in (first.node, second.node))
        assert (await task.restore_newest("Copy", on=other)).compared(), "the cloud belongs to no node"
        with world.expecting(Refused):
            await client.restore("Never", other, source=GLACIER, folder=first.folder)
        with world.expecting(Refused):
            await client.restore("Never", other, S3.address, folder=first.folder)

    assert play(story, 1, places={"backups": str(tmp_path)}).failure is None
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.parts[len(tmp_path.parts)] != "clouds"]


@pytest.mark.parametrize("delay", [0.3, 0.9, 1.2, 1.5, 1.9])
def test_a_node_that_dies_leaves_nothing_in_the_cloud(delay: float) -> None:
    """Whenever in a run it dies: what is there is whole, and the next run does not mind the rest."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(S3, FTP))
        await trio.sleep(hours(1) + delay - world.now)
        world.crash("C")
        await trio.sleep(1)
        assert all(chain.whole for chain in chains(client.destinations.place("C", S3.address)))
        await trio.sleep(60)
        world.restart("C")
        assert (await task.ran()).outcome == "written"
        assert (await task.restore_newest("Copy")).compared()

    told(story)


def test_retention_looks_at_all_nodes_chains_in_a_cloud() -> None:
    """14.1, 14.4: a cloud has the chains of every node that ran the task; whoever runs it now removes what is old, of all."""

    async def story(world: World) -> None:
        client = Client(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", 3)
        await shop.fill(10)
        task = await shop.define(full="0 0 * * *", to=(S3, GLACIER, FTP), keep=days(2))
        first = await task.ran(within=hours(25))
        world.crash(first.node)
        for _ in range(4):
            last = await task.ran(within=hours(25))
        assert last.node != first.node
        await trio.sleep(60)
        kept = {file.partition("/")[0] for file in task.files("A")}
        assert first.folder not in kept
        assert len(kept) == 2
        for block in (GLACIER, FTP):
            assert len(task.files("A", block.address)) == 5, "nothing is removed there (14.6)"

    assert play(story, 1).failure is None


def test_a_cut_off_node_and_the_cloud_of_all() -> None:
    """A lost way concerns one node and its cloud; what ails the cloud ails it for every node."""
    destinations = WorldDestinations()
    where = S3.address
    destinations.disturb("A", Disconnected(where))
    with pytest.raises(OSError, match=r"^s3://nightly: the connection is lost"):
        destinations.of_path("A", where).folders()
    assert destinations.of_path("B", where).folders() == ()
    destinations.disturb("A", Refusing(where))
    with pytest.raises(OSError, match="permission is denied"):
        destinations.of_path("B", where).folders()
    destinations.disturb("B", Slow(where, 3))
    assert Refusing(where).says("A") == "s3://nightly refuses everything"
    assert Slow(where, 3).says("B") == "the way from B to s3://nightly is 3 times slower"
    destinations.disturb("A", Well(where))
    assert slowness(destinations.of_path("A", where)) == 1
    assert slowness(destinations.of_path("B", where)) == 3


def test_an_upload_that_takes_too_long() -> None:
    """CloudStorageOperationTimeoutInMin: after twelve hours it is given up, and not tried again."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 1 * *", to=(LocalFolder(FOLDER), S3))
        world.disturb("C", Slow(S3.address, 200_000))
        await task.assigned()
        await trio.sleep(5)
        operation = await task.backup_now()
        assert operation.full
        ran = await task.ran(within=hours(40))
        assert ran.outcome == "failed"

    outcome, _ = told(story)
    assert "has taken 720 minutes and is not done; see how much" in notes(outcome, BackupFailed)[0].error
    assert not notes(outcome, UploadRepeated)


def test_what_somebody_else_has_put_there_stays() -> None:
    """11.5: a file of the name that an upload wants is not ours: it is kept, and the run has failed."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 1 * * *", to=(LocalFolder(FOLDER), S3, FTP))
        for block in (S3, FTP):
            theirs = client.destinations.place("C", block.address)
            for second in range(3):
                folder = f"2024-01-01-01-00-0{second}.ravendb-Shop-C-backup"
                write(theirs, f"{folder}/2024-01-01-01-00-00.ravendb-full-backup", [b"theirs"])
        client.destinations.place("C", S3.address).delete_folder("2024-01-01-01-00-00.ravendb-Shop-C-backup")
        ran = await task.ran()
        assert ran.outcome == "written"
        assert ran.folder == "2024-01-01-01-00-03.ravendb-Shop-C-backup", "a folder that is free in every place"

    async def meanwhile(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 1 * * *", to=(LocalFolder(FOLDER), S3, FTP))
        started = await world.seen(BackupStarted, within=hours(2))
        for block in (S3, FTP):
            name = f"{started.note.folder}/{started.note.file}"
            write(client.destinations.place("C", block.address), name, [b"theirs"])
        assert (await task.ran()).outcome == "failed"
        for block in (S3, FTP):
            assert b"".join(client.destinations.place("C", block.address).read(name)) == b"theirs"

    told(story)
    outcome, _ = told(meanwhile)
    assert not notes(outcome, UploadRepeated)


def test_a_run_that_is_cancelled_takes_back_what_it_sent() -> None:
    """9.12: nothing of it is kept, in no place."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), S3, BLOB))
        world.disturb("C", Slow(BLOB.address, 100))
        await world.seen(Uploaded, within=hours(2))
        await task.cancel(on="C")
        await trio.sleep(minutes(10))
        for block in task.places:
            assert not task.files("C", block.address), block

    outcome, _ = told(story)
    assert not notes(outcome, BackupFinished)


PRESETS = ("unkindness", "ravendb-6.2", "ravendb-4.2")


@pytest.mark.parametrize("rules", PRESETS)
def test_a_place_that_is_new_gets_a_full_backup_in_ours_alone(rules: str) -> None:
    """26.3: RavenDB goes on with an incremental, which the new place cannot restore; retention and restore go on."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(
            full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER),), kind=Kind.SNAPSHOT, mentor="C"
        )
        await task.ran()
        await task.edit(destinations=(LocalFolder(FOLDER), S3))
        await shop.put({"orders/new": {}})
        second = await task.ran()
        assert second.full is (rules == "unkindness")
        assert len(task.files("C", S3.address)) == 1
        cloud = client.destinations.place("C", S3.address)
        if second.full:
            restore(cloud, second.folder)
        else:
            with pytest.raises(BrokenChain, match="holds no full backup"):
                restore(cloud, second.folder)

    told(story, rules=rules)


@pytest.mark.parametrize("rules", PRESETS)
def test_a_full_that_is_missing_in_the_cloud(rules: str) -> None:
    """26.3: ours writes a full; RavenDB looks at the local folder alone, and goes on."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), S3), mentor="C")
        first = await task.ran()
        await task.reported()
        cloud = client.destinations.place("C", S3.address)
        kept = b"".join(cloud.read(f"{first.folder}/{first.file}"))
        cloud.delete(f"{first.folder}/{first.file}")
        await shop.put({"orders/new": {}})
        second = await task.ran()
        assert second.full is (rules == "unkindness")
        write(cloud, f"{first.folder}/{first.file}", [kept])

    told(story, rules=rules)


@pytest.mark.parametrize("rules", PRESETS)
def test_without_any_full_in_the_local_folder_every_generation_begins_anew(rules: str) -> None:
    """8.7: what is asked is whether a full is there; of an incremental that is missing only ours takes notice."""

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="C")
        first = await task.ran()
        folder = client.destinations.place("C", FOLDER)
        await shop.put({"orders/1": {}})
        second = await task.ran()
        await task.reported()
        lost = b"".join(folder.read(f"{second.folder}/{second.file}"))
        folder.delete(f"{second.folder}/{second.file}")
        await shop.put({"orders/2": {}})
        third = await task.ran()
        await task.reported()
        assert third.full is (rules == "unkindness")
        write(folder, f"{second.folder}/{second.file}", [lost])
        if not third.full:
            whole = b"".join(folder.read(f"{first.folder}/{first.file}"))
            folder.delete(f"{first.folder}/{first.file}")
            await shop.put({"orders/3": {}})
            assert (await task.ran()).full
            write(folder, f"{first.folder}/{first.file}", [whole])

    told(story, rules=rules)


@pytest.mark.parametrize("rules", PRESETS)
def test_a_key_that_is_changed_in_mid_chain(rules: str) -> None:
    """26.3: ours begins a chain of the new key; RavenDB's chain has two keys, of which a restore takes one."""

    async def story(world: World, client: Client, shop: Database) -> None:
        old, new = client.key("old"), client.key("new")
        task = await shop.define(
            full="0 0 * * *",
            incremental="0 * * * *",
            mentor="C",
            encryption=Encryption(EncryptionMode.USE_PROVIDED_KEY, old),
        )
        first = await task.ran()
        await task.edit(encryption=Encryption(EncryptionMode.USE_PROVIDED_KEY, new))
        await shop.put({"orders/new": {}})
        second = await task.ran()
        place = client.destinations.place("C", FOLDER)
        assert second.full is (rules == "unkindness")
        assert (second.folder == first.folder) is not second.full
        if second.full:
            restore(place, second.folder, keys=[new])
        else:
            for key in (old, new):
                with pytest.raises(WrongKey):
                    restore(place, second.folder, keys=[key])

    told(story, rules=rules)


def test_addresses() -> None:
    """What a cloud is called holds nothing secret, and leads nowhere else."""
    assert Ftp("ftps://files.example:2121/a/b/", user="me").address == "ftps://files.example:2121/a/b"
    assert AmazonS3("bucket", remote_folder="/a/b/").address == "s3://bucket/a/b"
    with pytest.raises(ValueError, match="leads out of the place: give one without"):
        AmazonS3("bucket", remote_folder="../other")
    with pytest.raises(ValueError, match="is an address: name it in the block of its kind"):
        WorldDestinations().of_settings("A", LocalFolder("s3://bucket"))
    with pytest.raises(ValueError, match="clouds cannot be 'heavenly': choose real or simulated"):
        WorldDestinations({"clouds": "heavenly"})
