"""A mistake in the place of a backup, as a user meets it: one line that names it and the line in the story, exit code 64."""

import base64
import os
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest

from backup.destinations import store_options
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.key_files import open_to_all
from backup.destinations.waiting import waiting_for
from scenarios.cli import HELD, MISTAKE, main
from scenarios.cli.patience import Patience
from tests.ports.odd_servers import silent
from tests.ports.samples import SERVICE_ACCOUNT

STORY = '''"""A mistake in a place."""
from scenarios.backups import *
from scenarios.backups import backups

{above}

async def story(world):
    client = backups(world)
    client.start("ABC", clouds="{clouds}")
    await world.elected()
    shop = await client.create_database("Shop", members="C")
    await shop.define(full="0 * * * *", to=({place},))
'''

IN_THE_STORY = [
    ('AmazonS3("my-backups/app1")', "give bucket 'my-backups', and the folder as remote_folder"),
    ('AmazonS3("mine", custom_server_url="minio.example.com:9000")', "write https://minio.example.com:9000"),
    ('AmazonS3("mine", storage_class="NOPE")', "no storage_class 'NOPE'"),
    ('Azure("mine", "account", "!!!a")', "account_key is no base64"),
    ('GoogleCloud("mine", "{}")', "credentials have no client_email"),
    ('Ftp("not a url")', "names no server"),
    ('Ftp("ftp://host", certificate="!!!a")', "certificate is no base64"),
    ('AmazonS3("", script=Script("keys", "\'a"))', "open a quotation that they never close"),
]


@pytest.mark.parametrize(("place", "says"), IN_THE_STORY)
@pytest.mark.parametrize("clouds", ["real", "simulated"])
def test_a_wrong_place_is_told_at_its_line(
    place: str, says: str, clouds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With real clouds and with simulated ones alike, and with no word of Python's."""
    path = tmp_path / "mine.py"
    path.write_text(STORY.format(above="", clouds=clouds, place=place))
    assert main(["run", str(path), "-q"]) == MISTAKE
    told = capsys.readouterr().err
    assert told.startswith(f"unkindness: {path}:12: ")
    assert says in told
    assert len(told.splitlines()) == 1


def test_a_wrong_place_above_the_story_is_told_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no world yet, and the file cannot be brought in."""
    path = tmp_path / "mine.py"
    path.write_text(STORY.format(above='PLACE = AmazonS3("my-backups/app1")', clouds="real", place="PLACE"))
    assert main(["run", str(path), "-q"]) == MISTAKE
    told = capsys.readouterr().err
    assert f"{path}, line 5: " in told
    assert "give bucket 'my-backups', and the folder as remote_folder" in told


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ('AmazonS3("mine")', "it has no keys"),
        ('AmazonS3("mine", "us-east-1", "AKIA")', "it has access_key, and no secret_key"),
        ('AmazonGlacier("mine")', "it has no keys"),
        ('Azure("mine")', "it has no account_name"),
        ('Azure("mine", "account")', "it has no key"),
        ('GoogleCloud("mine")', "it has no credentials"),
    ],
)
def test_a_real_place_without_a_key_is_refused_at_once(
    place: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for one, least of all the address at which a cloud's machines find theirs."""
    without_keys(monkeypatch)
    path = tmp_path / "mine.py"
    path.write_text(STORY.format(above="", clouds="real", place=place))
    assert main(["run", str(path), "-q"]) == MISTAKE
    told = capsys.readouterr().err
    assert f"{path}:12: " in told
    assert says in told


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("s3://my backups/x", "is no name of a bucket"),
        ("s3:///x", "is no address of backups|names no bucket"),
        ("s3://mine/x", "it has no keys"),
        ("azure://mine/x", "it has no account_name"),
        ("gs://mine/x", "it has no credentials"),
        ("ftp://host/x", "nothing is restored from"),
    ],
)
def test_a_wrong_address_is_told_by_a_restore(
    where: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for who restores."""
    without_keys(monkeypatch)
    assert main(["restore-points", where]) == MISTAKE
    assert re.search(says, capsys.readouterr().err)


@pytest.mark.parametrize("url", ["minio:9000", "http://h:99999", "nonsense"])
def test_a_wrong_server_in_the_environment_is_told(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what the library that reads it makes of it: a panic."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert main(["restore-points", "s3://mine/x"]) == MISTAKE
    assert f"AWS_ENDPOINT_URL {url!r}" in capsys.readouterr().err


def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no keys and no server of any cloud."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)


FTP_STORY = '''"""A backup goes to an FTP server."""
from scenarios.backups import Ftp, backups

async def story(world):
    shop = await backups(world).shop("ABC", documents=3)
    await shop.define(full="0 * * * *", to=(Ftp("{url}", user="raven", password="quoth-it"),))
'''


@pytest.mark.parametrize(("url", "warned"), [("ftp://files.example/x", True), ("ftps://files.example/x", False)])
def test_plain_ftp_is_warned_of(url: str, warned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the verdict, with what to write instead, and the password is not in it."""
    path = tmp_path / "mine.py"
    path.write_text(FTP_STORY.format(url=url))
    assert main(["run", str(path), "-q"]) == HELD
    told = capsys.readouterr().out
    said = (
        "  warning: ftp://files.example:21/x is plain FTP: backup and password travel in the clear; "
        "write ftps://files.example:21/x if its server takes TLS\n"
    )
    assert (said in told) is warned
    assert "quoth-it" not in told


@pytest.mark.parametrize(("mode", "who"), [(0o644, "everybody"), (0o640, "its group"), (0o600, "")])
def test_a_key_file_that_others_may_read_is_warned_of(
    mode: int, who: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, on standard error, with the command that mends it; the key is used all the same."""
    keys = tmp_path / "keys"
    keys.write_text(base64.b64encode(bytes(32)).decode())
    keys.chmod(mode)
    assert main(["restore-points", str(tmp_path), "--key-file", str(keys)]) == MISTAKE  # there is no backup below it
    told = capsys.readouterr().err
    said = f"unkindness: warning: {keys} holds keys, and {who} may read it: chmod 600 {keys}\n"
    assert (said in told) is bool(who)
    assert told.count("warning") == bool(who)


def test_a_service_accounts_file_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the environment names holds a key as well."""
    keys = tmp_path / "account.json"
    keys.write_text(SERVICE_ACCOUNT)
    keys.chmod(0o604)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(keys))
    assert "everybody may read it: chmod 600" in GoogleCloud("bucket").warning
    assert GoogleCloud("bucket", SERVICE_ACCOUNT).warning == ""
    assert open_to_all(tmp_path / "missing") == open_to_all(Path("/dev/null")) == ""


def test_a_word_is_said_while_a_place_keeps_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """After five looks, and then each time that the wait has doubled; what is answered in time is not mentioned."""
    with Patience(tick=0.01):
        with waiting_for("s3://quick"):
            time.sleep(0.01)
        with waiting_for("s3://nightly"):
            time.sleep(0.3)
    told = capsys.readouterr().err
    assert "unkindness: waiting for s3://nightly, which has not answered for 5 s\n" in told
    assert "s3://nightly, which has not answered for 10 s\n" in told
    assert "quick" not in told


def test_a_restore_says_what_it_waits_for(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """From a server that takes the connection and keeps silent; it is given up in bounded time."""
    without_keys(monkeypatch)
    monkeypatch.setattr(store_options, "STALLED", timedelta(seconds=1.5))
    monkeypatch.setattr("scenarios.cli.patience.SECONDS", 1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with silent() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        assert main(["restore-points", "s3://mine/x"]) == MISTAKE
    told = capsys.readouterr().err
    assert "unkindness: waiting for s3://mine/x, which has not answered for 1 s\n" in told
    assert (
        "unkindness: s3://mine/x: the server has kept silent for 1.5 s; see whether it can be reached, and try again\n"
        in told
    )
