"""What gets in to a place is refused where it would be shown, before anybody records it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backup.destinations.address_secrets import SecretInAddress, masked
from backup.destinations.azure import Azure
from backup.destinations.faults import Refusing
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.local import LocalFolder
from backup.destinations.registry import kind_of, settings_at
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import Script
from backup.destinations.settings_script import ScriptFailed, given
from backup.requests.restore_requests import RestoreDatabase
from scenarios.cli import MISTAKE, main

REFUSED: list[tuple[Callable[..., Any], dict[str, str], str]] = [
    (Ftp, {"url": "ftp://user:hunter2@ftp.example.com/dir"}, "url 'ftp://***@ftp.example.com/dir'"),
    (Ftp, {"url": "user:hunter2@ftp.example.com/dir"}, "url '***@ftp.example.com/dir'"),
    (Ftp, {"url": "ftp://hunter2@host"}, "'ftp://***@host'"),
    (Ftp, {"url": "ftp://user:hun/ter2@host/dir"}, "'ftp://***@host/dir'"),
    (Ftp, {"url": "ftp://user:hun@ter2@host/dir"}, "'ftp://***@host/dir'"),
    (Ftp, {"url": "ftp://user:hun#ter2@host/dir"}, "'ftp://***@host/dir'"),
    (Ftp, {"url": "ftp://user:21#hunter2@host/dir"}, r"'ftp://user:21#\*\*\*'"),
    (Ftp, {"url": "ftp://user%3Ahunter2%40host/dir"}, "'ftp://***@host/dir'"),
    (Ftp, {"url": r"ftps:\\user:hunter2@host"}, "***@host'"),
    (AmazonS3, {"bucket": "b", "custom_server_url": "https://me:hunter2@minio:9000"}, "'https://***@minio:9000'"),
    (AmazonS3, {"bucket": "b", "custom_server_url": "https://minio/?X-Amz-Signature=hunter2"}, "'https://minio/?***'"),
    (AmazonS3, {"bucket": "me:hunter2@b"}, "bucket '***@b'"),
    (AmazonGlacier, {"vault": "me:hunter2@v"}, "vault '***@v'"),
    (Azure, {"container": "box?sv=1&sig=hunter2"}, "container 'box?***'"),
    (Azure, {"container": "box&sig=hunter2"}, "'box&sig=***'"),
    (Azure, {"container": "box%3Fsig%3Dhunter2"}, "'box?sig=***'"),
    (Azure, {"container": "box", "account_name": "Name=x;AccountKey=hunter2"}, "account_name 'Name=x;AccountKey=***'"),
    (Azure, {"container": "box", "remote_folder": "shop?sv=1&sig=hunter2"}, "remote_folder 'shop?sv=1&sig=***'"),
    (GoogleCloud, {"bucket": "b?x-goog-signature=hunter2"}, "bucket 'b?***'"),
    (LocalFolder, {"path": "ftp://me:hunter2@host/dir"}, "path 'ftp://***@host/dir'"),
    (Script, {"exec": "curl", "arguments": "https://me:hunter2@vault/x"}, "script 'https://***@vault/x'"),
    (Script, {"exec": "get", "arguments": "--password=hunter2"}, "script '--password=***'"),
    (Refusing, {"path": "s3://me:hunter2@bucket"}, "'s3://***@bucket'"),
    (RestoreDatabase, {"name": "x", "node": "A", "path": "ftp://me:hunter2@h"}, "'ftp://***@h'"),
]


@pytest.mark.parametrize(("kind", "fields", "shown"), REFUSED)
def test_what_lets_somebody_in_is_refused_and_not_shown(
    kind: Callable[..., Any], fields: dict[str, str], shown: str
) -> None:
    """By the constructor; the text has `***` in the place of the secret."""
    with pytest.raises(SecretInAddress) as caught:
        kind(**fields)
    assert shown.replace("\\", "") in str(caught.value)
    assert "ter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "name", "fields"),
    [
        (Ftp, "url", "user and password of Ftp"),
        (AmazonS3, "bucket", "access_key, secret_key and session_token of AmazonS3"),
        (AmazonGlacier, "vault", "access_key, secret_key and session_token of AmazonGlacier"),
        (Azure, "container", "account_name, account_key and sas_token of Azure"),
        (GoogleCloud, "bucket", "credentials of GoogleCloud"),
    ],
)
def test_the_refusal_names_the_fields_for_it(kind: Callable[..., Any], name: str, fields: str) -> None:
    """What lets somebody in has a field of its own in every kind, and that one is never shown."""
    with pytest.raises(SecretInAddress, match=f"give it as {fields}$"):
        kind(**{name: "me:hunter2@place"})


@pytest.mark.parametrize(
    "settings",
    [
        lambda: Ftp("ftp://host:21/a@b"),
        lambda: Ftp("ftp://[::1]:21/a@b"),
        lambda: Ftp("host/a@b", user="raven", password="a@b?sig=1"),
        lambda: AmazonS3("nightly", "eu", "AKIA", "x=y", custom_server_url="http://[::1]:9000"),
        lambda: Azure("$root", "account", remote_folder="a@b/?"),
        lambda: LocalFolder(r"C:\backups@home?x"),
        lambda: LocalFolder("/b/a:b@c", script=Script("get", "--url https://vault/x")),
        lambda: Refusing("backups@home"),
    ],
)
def test_what_only_looks_like_it_is_taken(settings: Callable[[], Any]) -> None:
    """Folders may hold an at sign, hosts a port, and secrets anything."""
    assert settings()


def test_an_address_typed_by_a_user_is_not_repeated() -> None:
    """What is no address of a destination is refused without what it carries."""
    for refused in (kind_of, settings_at):
        with pytest.raises(ValueError, match="address") as caught:
            refused("sftp://me:hunter2@host/dir")
        assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match=r"nothing is restored from ftp://\*\*\*@host directly"):
        settings_at("ftp://me:hunter2@host")
    assert masked("ftp://host/dir") == "ftp://host/dir"


def test_a_script_that_prints_such_an_address_has_failed(tmp_path: Path) -> None:
    """The run fails with the reason, which is without the secret."""
    program = tmp_path / "block"
    program.write_text('#!/bin/sh\necho \'{"Url": "ftp://me:hunter2@host"}\'\n')
    program.chmod(0o755)
    with pytest.raises(ScriptFailed, match=r"\*\*\*@host") as caught:
        given(Ftp("", script=Script(str(program))))
    assert "hunter2" not in str(caught.value)


STORY = '''"""A task's server is named with its password."""
from backup.destinations.ftp import Ftp
from scenarios.backups import backups

async def story(world):
    shop = await backups(world).shop("ABC")
    await shop.define(full="0 * * * *", to=(Ftp("ftp://user:hunter2@ftp.example.com/dir"),))
'''


def test_a_kept_run_never_holds_a_password_of_an_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run ends with the mistake before the request is recorded."""
    (tmp_path / "named.py").write_text(STORY)
    assert main(["run", str(tmp_path / "named.py"), "--out", str(tmp_path / "out")]) == MISTAKE
    printed = capsys.readouterr()
    assert "ftp://***@ftp.example.com/dir" in " ".join((printed.out + printed.err).split())
    kept = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert "hunter2" not in printed.out + printed.err
    assert not any(b"hunter2" in content for content in kept)
