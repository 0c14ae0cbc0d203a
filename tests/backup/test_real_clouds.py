"""A simulated cluster and real clouds, on servers of loopback: the same runs, the same promises, real bytes."""

import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs
import pytest
import trio

from backup.destinations.local import LocalFolder
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import Script
from backup.notes import BackupFailed, FolderRemoved, Uploaded, UploadRepeated
from backup.restore.restore_points import chains
from cluster.sim.run import Outcome, play
from cluster.sim.world import World
from cluster.time_units import days, hours
from scenarios.backups import FOLDER, Client, Database, backups
from scenarios.cli import HELD, main
from tests.backup.test_cleaning import notes
from tests.ports.clouds import ACCOUNT, Clouds
from tests.ports.odd_servers import away


def told(
    story: Callable[[World, Client, Database], Awaitable[None]],
    places: dict[str, str],
    record: list[Outcome] | None = None,
) -> Outcome:
    """Play it with real clouds."""

    async def whole(world: World) -> None:
        client = backups(world)
        client.start("ABC", clouds="real")
        await world.elected()
        shop = await client.create_database("Shop", members="C")
        await shop.fill(10)
        await story(world, client, shop)

    outcome = play(whole, 1, places=places)
    if outcome.failure is not None:
        raise outcome.failure
    return outcome


def test_a_run_fills_every_cloud(clouds: Clouds, tmp_path: Path) -> None:
    """S3, Google's cloud and FTP at once: whole chains, restored on another node; old ones go, but not from FTP (14.6)."""
    s3, google, server = clouds.s3_block(remote_folder="shop"), clouds.google_block(), clouds.ftp_block()

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(
            full="0 0 * * *", incremental="0 12 * * *", to=(LocalFolder(FOLDER), s3, google, server), keep=days(1.5)
        )
        for number in range(6):
            await shop.put({f"orders/new-{number}": {}})
            assert (await task.ran(within=hours(13))).outcome == "written"
        await trio.sleep(60)
        for block, count in ((s3, 2), (google, 2), (server, 4)):
            found = chains(client.destinations.place("C", block.address))
            assert len(found) == count
            assert all(chain.whole for chain in found)
        for name, source in (("S3", s3), ("Google", google)):
            assert (await task.restore_newest(name, source, on="A")).compared()

    outcome = told(story, {"backups": str(tmp_path)})
    assert {note.path for note in notes(outcome, Uploaded)} == {each.address for each in (s3, google, server)}
    assert {note.path for note in notes(outcome, FolderRemoved)} == {FOLDER, s3.address, google.address}


def test_azure(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for Azure, whose server is named by the environment, as its library has it."""
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", clouds.azure_url())
    block = clouds.azure_block()

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(block,))
        await task.ran()
        assert (await task.restore_newest("Copy", on="B")).compared()
        assert not client.destinations.place("C", ".temporary").folders()

    told(story, {})
    assert block.account_name == ACCOUNT


def test_a_cloud_that_is_not_there(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is told as it is, in virtual time, and the local file stays; a lost way may be simulated all the same."""
    monkeypatch.setattr("backup.destinations.waiting.PAUSE", 0.01)
    nowhere = attrs.evolve(clouds.s3_block(), custom_server_url="http://127.0.0.1:9")

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), nowhere))
        assert (await task.ran()).outcome == "failed"
        assert len(task.files("C")) == 1

    first, again = told(story, {}), told(story, {})
    assert first.digest == again.digest
    assert "error sending request; see whether it can be reached" in notes(first, BackupFailed)[0].error


@pytest.mark.parametrize("with_folder", [False, True])
def test_a_cloud_that_comes_back_in_time(with_folder: bool, clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away as the run begins, it is asked again in a few seconds of real time; with a folder beside it, as the file is sent."""
    with away(clouds.ports["amazon"]) as (port, is_back):
        block = attrs.evolve(clouds.s3_block(), custom_server_url=f"http://127.0.0.1:{port}")

        def come_back() -> None:
            is_back.set()
            waited = 0
            while waited < 100 and not _listens(port):
                waited += 1

        monkeypatch.setattr("backup.runs.uploads.wait_a_little", come_back)

        async def story(world: World, client: Client, shop: Database) -> None:
            places = (LocalFolder(FOLDER), block) if with_folder else (block,)
            task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=places)
            assert (await task.ran()).outcome == "written"

        outcome = told(story, {})
    (again,) = notes(outcome, UploadRepeated)
    assert (again.attempt, again.path) == (1, block.address)
    assert again.text().startswith(f"will try again, as attempt 1 failed: {block.address}")
    assert [note.path for note in notes(outcome, Uploaded)] == [block.address]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    threading.Event().wait(0.05)
    return False


def test_a_bucket_that_others_use_as_well(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keys that are no paths, and objects that stand for folders: backups, retention and a restore go on beside them."""
    block = clouds.s3_block(remote_folder="app1")
    for key in ("app1//", "app1/./x", "app1/", "app1//2023-01-01-01-00-00.ravendb-Shop-C-backup/x"):
        clouds.boto3("s3").put_object(Bucket=block.bucket, Key=key, Body=b"")

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", to=(block,), keep=days(1.5))
        for number in range(4):
            await shop.put({f"orders/new-{number}": {}})
            assert (await task.ran(within=25 * 3_600)).outcome == "written"
        await trio.sleep(60)
        assert len(chains(client.destinations.place("C", block.address))) == 2
        assert (await task.restore_newest("Copy", block, on="A")).compared()

    told(story, {})
    for name, content in (("ENDPOINT_URL", clouds.amazon_url), ("ACCESS_KEY_ID", "AKIA"), ("SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(f"AWS_{name}", content)
    assert main(["restore-points", block.address]) == HELD
    assert capsys.readouterr().out.count("1 file, whole") == 2


def test_a_script_says_where(clouds: Clouds, tmp_path: Path) -> None:
    """12.1: what it prints is used and shown nowhere; when it fails, the run has failed, and the next one asks again."""
    block = clouds.s3_block()
    program = tmp_path / "block.sh"
    program.write_text(
        "#!/bin/sh\n"
        f"test -e {tmp_path}/broken && exit 1\n"
        f'echo \'{{"BucketName": "{block.bucket}", "AwsAccessKey": "AKIA", "AwsSecretKey": "a printed secret", '
        f'"CustomServerUrl": "{clouds.amazon_url}"}}\'\n'
    )
    program.chmod(0o700)
    scripted = AmazonS3("", "us-east-1", script=Script(str(program)))

    async def story(world: World, client: Client, shop: Database) -> None:
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), scripted))
        assert (await task.ran()).outcome == "written"
        (tmp_path / "broken").touch()
        await shop.put({"orders/new": {}})
        assert (await task.ran()).outcome == "failed"
        (tmp_path / "broken").unlink()
        assert (await task.ran()).outcome == "written"
        assert "a printed secret" in client.keys.secrets

    outcome = told(story, {})
    assert [note.path for note in notes(outcome, Uploaded)] == [block.address] * 2
    assert "ended with exit code 1; run it by hand" in notes(outcome, BackupFailed)[0].error
    assert "a printed secret" not in "".join(repr(event.note) for event in outcome.history.events)
