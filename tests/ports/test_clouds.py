"""What each cloud has of its own, on servers of loopback: storage classes, hashes, sessions, and errors without secrets."""

import builtins
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from backup.destinations import glacier, settings_script
from backup.destinations.azure import Azure
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.local import LocalDestination, LocalFolder
from backup.destinations.port import AlreadyThere, Destination, DestinationError, write
from backup.destinations.registry import AnySettings
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import Script
from tests.ports.clouds import WORD_OF_GOOGLE, Clouds, put_blob
from tests.ports.samples import CERTIFICATE, SERVICE_ACCOUNT

FILE = "folder/2026-11-22-23-13-25.ravendb-full-backup"


def test_s3_storage_class(clouds: Clouds) -> None:
    """A class that sleeps takes files, is seen to have them whole, and is never asked to give one back."""
    block = clouds.s3_block(storage_class="GLACIER", force_path_style=True)
    place = block.connect()
    assert not place.gives_back
    write(place, FILE, [b"x" * 100])
    found = clouds.boto3("s3").head_object(Bucket=block.bucket, Key=FILE)
    assert (found["StorageClass"], found["ContentLength"]) == ("GLACIER", 100)
    with pytest.raises(DestinationError, match="it sleeps in GLACIER; have S3 restore the object first"):
        b"".join(place.read(FILE))
    assert clouds.s3_block(storage_class="STANDARD_IA").connect().gives_back


def test_s3_leaves_no_parts_behind(clouds: Clouds) -> None:
    """An upload of many parts that is given up leaves neither an object nor parts that somebody pays for."""
    block = clouds.s3_block()
    place = block.connect()
    upload = place.start(FILE)
    for _ in range(3):
        upload.write(os.urandom(9 << 20))
    upload.discard()
    s3 = clouds.boto3("s3")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=block.bucket)
    assert place.folders() == ()
    large = [b"y" * (9 << 20)] * 2
    assert write(place, FILE, large) == 18 << 20
    assert b"".join(place.read(FILE)) == b"".join(large)


def test_an_upload_to_a_vault_counts_when_its_hash_comes_back(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's hash is no tree hash, so that ours is put in its place: with it the archive is kept, without it taken back."""
    block = clouds.glacier_block()
    place = block.connect(clouds.amazon_url)
    assert not place.gives_back
    content = [bytes([n]) * (1 << 20) for n in range(3)]
    with pytest.raises(DestinationError, match="the hash that came back is not that of the file"):
        write(place, FILE, content)
    asked: list[dict[str, Any]] = []
    of_moto = place.client.upload_archive

    def of_amazon(**arguments: Any) -> dict[str, Any]:
        asked.append({**arguments, "body": arguments["body"].read()})
        arguments["body"].seek(0)
        return {**of_moto(**arguments), "checksum": glacier.tree_hash(iter(content))}

    monkeypatch.setattr(place.client, "upload_archive", of_amazon)
    write(place, FILE, content)
    assert asked[0]["archiveDescription"] == FILE
    assert asked[0]["body"] == b"".join(content)
    place.delete(FILE)
    for look in (place.folders, lambda: place.files("folder"), lambda: place.read(FILE)):
        with pytest.raises(
            DestinationError, match="read by jobs that take hours; retrieve the archives into a local folder"
        ):
            look()


def test_the_tree_hash_is_amazons() -> None:
    """As the library that Amazon gives away has it."""
    from io import BytesIO

    from botocore.utils import calculate_tree_hash

    for size in (0, 1, 1 << 20, (1 << 20) + 1, 5 << 20, (7 << 20) - 3):
        content = os.urandom(size)
        parts = [content[at : at + glacier.PART] for at in range(0, size, glacier.PART)]
        assert glacier.tree_hash(iter(parts)) == calculate_tree_hash(BytesIO(content))


def test_who_comes_too_late_for_vaults_is_told_what_to_do() -> None:
    """Amazon's own name for it, and the way out."""
    from botocore.exceptions import ClientError

    class Closed:
        def upload_archive(self, **arguments: Any) -> Any:
            raise ClientError({"Error": {"Code": "NoLongerSupportedException"}}, "UploadArchive")

    with pytest.raises(
        DestinationError, match=r"no new customers .*; name an Amazon S3 block with StorageClass GLACIER"
    ):
        write(glacier.GlacierVault(Closed(), AmazonGlacier("vault")), FILE, [b"x"])


def test_an_ftp_server_whose_certificate_nobody_trusts(clouds: Clouds) -> None:
    """With TLS a server is who it says it is, or nothing is sent, not even the name of the user."""
    with pytest.raises(DestinationError, match=r"ftps://localhost:.*certificate verify failed"):
        clouds.ftp_block("ftps").connect().folders()


def test_a_server_and_settings_that_disagree_on_tls(clouds: Clouds) -> None:
    """Which side wants it is named, with what to write; and neither is taken for a file that is not there."""
    for act in (lambda place: place.folders(), lambda place: write(place, FILE, [b"x"])):
        secure = clouds.ftp_block("ftps")
        with pytest.raises(
            DestinationError, match=r"the server takes TLS only \(550 SSL/TLS .*; write ftps://localhost:"
        ):
            act(secure.changed(url=secure.url.replace("ftps://", "ftp://")).connect())
        plain = clouds.ftp_block("ftp")
        with pytest.raises(
            DestinationError, match=r"the server offers no TLS \(5.*; have it offered there, or write ftp:"
        ):
            act(plain.changed(url=plain.url.replace("ftp://", "ftps://")).connect())
        with pytest.raises(DestinationError, match=r"the server lets nobody in \(530 .*; give the right user, and its"):
            act(plain.changed(password="wrong").connect())


def test_a_certificate_that_is_none_is_named(clouds: Clouds) -> None:
    """It looks like one, and has no key that would go with it."""
    with pytest.raises(
        DestinationError, match="its certificate cannot be used; give a PEM file with a certificate and"
    ):
        clouds.ftp_block("ftps").changed(certificate=CERTIFICATE).connect().folders()


def test_ftp_takes_the_session_of_its_control_connection(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers may ask for that, and the standard library does not do it."""
    seen: list[object] = []
    wrap = ssl.SSLContext.wrap_socket

    def noted(context: ssl.SSLContext, *arguments: Any, **others: Any) -> Any:
        seen.append(others.get("session"))
        return wrap(context, *arguments, **others)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", noted)
    write(clouds.ftp_place("ftps"), FILE, [b"x"])
    assert [session is not None for session in seen] == [False, True]


def test_a_file_that_arrived_short_keeps_its_unfinished_name(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken upload leaves a part of a file: its size is asked for before it gets its name."""
    place = clouds.ftp_place("ftp")
    monkeypatch.setattr("backup.destinations.ftp._size", lambda client, path: 3)
    with pytest.raises(DestinationError, match="5 bytes were sent and 3 have arrived"):
        write(place, FILE, [b"whole"])
    assert place.files("folder") == ()


def test_no_error_shows_a_secret(clouds: Clouds, tmp_path: Path) -> None:
    """Wrong keys, a bucket that is not there, a server that is not: one line, the address, and what helps."""
    nowhere = "http://127.0.0.1:9"
    secret = "c2VjcmV0LXNlY3JldA=="
    blocks: list[AnySettings] = [
        AmazonS3("nowhere", "us-east-1", "AKIA", secret, custom_server_url=nowhere),
        attrs.evolve(clouds.s3_block(), bucket="nosuchbucket", secret_key=secret),
        Ftp(f"ftp://127.0.0.1:{clouds.ports['ftp']}/x", user="raven", password=secret),
        Ftp("ftp://127.0.0.1:9/x", user="raven", password=secret),
    ]
    places: list[Destination] = [block.open() for block in blocks]
    places.append(Azure("box", "account", secret).connect(nowhere))
    places.append(Azure("box", "account", sas_token=f"?sv=1&sig={secret}").connect(nowhere))
    for place in places:
        for act in (place.folders, lambda place=place: write(place, FILE, [b"x"])):
            with pytest.raises(DestinationError) as caught:
                act()
            text = str(caught.value)
            assert secret not in text
            assert secret.rstrip("=") not in text
            assert "\n" not in text
            assert text.count("; ") >= 1, "with a remedy"
    bad = attrs.evolve(clouds.google_block(), bucket="nosuchbucket").connect()
    with pytest.raises(DestinationError) as caught:
        bad.folders()
    assert WORD_OF_GOOGLE not in str(caught.value)
    assert isinstance(LocalFolder(str(tmp_path)).open(), LocalDestination)


def test_who_lacks_a_library_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries are an extra of this package."""
    real_import = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] in ("obstore", "boto3"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])
        return real_import(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    lacking: tuple[AnySettings, ...] = (
        AmazonS3("bucket"),
        Azure("container"),
        GoogleCloud("bucket", SERVICE_ACCOUNT),
        AmazonGlacier("vault"),
    )
    for block in lacking:
        with pytest.raises(
            DestinationError, match=r"needs the library (obstore|boto3); pip install 'unkindness\[clouds\]'"
        ):
            block.open()


# ---- scripts (rule 12.1)


def script(tmp_path: Path, text: str, timeout: int = 10_000_000) -> Script:
    """A program of that text."""
    path = tmp_path / "block.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return Script(str(path), "an-argument 'and another'", timeout)


def test_a_script_gives_the_block(tmp_path: Path) -> None:
    """What it prints counts, what it leaves out is as the block has it, and its arguments are words as a shell's."""
    gives = script(
        tmp_path, """printf '{"BucketName": "%s", "AwsSecretKey": "%s", "ForcePathStyle": true}' "$1" "$2" """
    )
    found = settings_script.given(AmazonS3("", remote_folder="shop", script=gives))
    assert found == AmazonS3("an-argument", secret_key="and another", force_path_style=True, remote_folder="shop")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("echo a secret >&2; exit 3", "ended with exit code 3; run it by hand"),
        ("sleep 5", "has not ended in 0.2 s; give it more time"),
        ("echo not json", "what it prints is no JSON object"),
        ("echo '[1]'", "what it prints is no JSON object"),
        ("echo '{}'", "it prints no BucketName; let it print the Amazon S3 block"),
        ("""echo '{"BucketName": 7}'""", "its BucketName is no str"),
        ("""echo '{"BucketName": "nightly/x"}'""", "what it prints is refused: bucket 'nightly/x' holds a folder"),
        ("yes 'a secret'", "prints more than the 1,048,576 bytes that a block can need; let it print the block, and"),
        ("yes 'a secret' >&2", "has not ended in 0.2 s"),
        ("sleep 30 & echo '{}'; wait", "has not ended in 0.2 s"),
        ("head -c 100000 /dev/zero | tr '\\0' '['", "what it prints is no JSON object"),
        ("printf '\\200'", "what it prints is no JSON object"),
    ],
)
def test_a_script_that_gives_none(text: str, says: str, tmp_path: Path) -> None:
    """An error of the run, which does not repeat what was printed."""
    with pytest.raises(settings_script.ScriptFailed, match=says) as caught:
        settings_script.given(AmazonS3("", script=script(tmp_path, text, 200_000)))
    assert "a secret" not in str(caught.value)


def test_a_script_is_given_what_programs_need_and_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever plays may hold the keys of other clouds: the program gets eight variables of it at most."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of another cloud")
    gives = script(tmp_path, f"""env > {tmp_path}/seen; echo '{{"BucketName": "nightly"}}'""")
    settings_script.given(AmazonS3("", script=gives))
    seen = {line.partition("=")[0] for line in (tmp_path / "seen").read_text().splitlines()}
    assert "PATH" in seen
    assert seen <= {*settings_script.ENVIRONMENT, "PWD", "SHLVL", "_"}


def test_what_a_script_has_started_ends_with_it(tmp_path: Path) -> None:
    """A program that is given up leaves nothing behind that works on."""
    with pytest.raises(settings_script.ScriptFailed):
        settings_script.given(
            AmazonS3("", script=script(tmp_path, f"(sleep 1; touch {tmp_path}/late) & wait", 200_000))
        )
    time.sleep(1.2)
    assert not (tmp_path / "late").exists()


def test_a_script_that_is_not_there() -> None:
    """It is named."""
    with pytest.raises(
        settings_script.ScriptFailed, match=r"/no/such/program: it cannot be started \(No such file or directory\)"
    ):
        settings_script.given(LocalFolder("", script=Script("/no/such/program")))


# ---- what others put into the same bucket

STRANGE = (
    "shop//",
    "shop/",
    "shop/./x",
    "shop/../x",
    "shop/a\x01b",
    "shop/ordinary",
    "shop//folder/file",
    "shop/folder//x",
    f"shop/{'é' * 200}/x",
)


def strange_amazon(clouds: Clouds) -> tuple[Destination, str]:
    """A bucket of S3 with keys of others."""
    block = clouds.s3_block(remote_folder="shop")
    for key in STRANGE:
        clouds.boto3("s3").put_object(Bucket=block.bucket, Key=key, Body=b"")
    return block.open(), block.address


def strange_google(clouds: Clouds) -> tuple[Destination, str]:
    """A bucket of Google's with keys of others."""
    block = clouds.google_block(remote_folder="shop")
    for key in STRANGE:
        clouds.boto3("s3").put_object(Bucket=block.bucket, Key=key, Body=b"")
    return block.open(), block.address


def strange_azure(clouds: Clouds) -> tuple[Destination, str]:
    """A container with blobs of others."""
    block = clouds.azure_block(remote_folder="shop")
    for key in STRANGE:
        if "\x01" not in key:  # Azure gives nothing such a name
            put_blob(clouds.azure_url(), block.container, key)
    return block.connect(clouds.azure_url()), block.address


@pytest.mark.parametrize("made", [strange_amazon, strange_google, strange_azure])
def test_keys_of_others_are_passed_over(made: Callable[[Clouds], tuple[Destination, str]], clouds: Clouds) -> None:
    """One key such as `shop//`, which is no path, fails neither a listing nor a backup; what is ours is all there."""
    place, _ = made(clouds)
    write(place, FILE, [b"ours"])
    write(place, "another/file", [b"ours"])
    assert place.folders() == ("another", "folder")
    assert place.files("folder") == (FILE.partition("/")[2],)
    assert b"".join(place.read(FILE)) == b"ours"
    place.delete_folder("folder")
    assert "folder/file" not in place.files("folder")


def test_an_object_that_stands_for_a_folder_is_no_file(clouds: Clouds) -> None:
    """Consoles and tools put empty objects there whose key ends with a slash."""
    block = clouds.s3_block(remote_folder="shop")
    for key in ("shop/", "shop/folder/"):
        clouds.boto3("s3").put_object(Bucket=block.bucket, Key=key, Body=b"")
    place = block.open()
    assert place.files("folder") == ()
    write(place, FILE, [b"ours"])
    assert place.files("folder") == (FILE.partition("/")[2],)
    assert place.folders() == ("folder",)


def test_a_listing_that_nobody_can_make_says_why(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is in the way, and what to do about it."""
    block = clouds.s3_block(remote_folder="shop")
    clouds.boto3("s3").put_object(Bucket=block.bucket, Key="shop//", Body=b"")
    place = block.open()

    def failing(*given: object, **others: object) -> None:
        raise OSError("the secret key is wrong")

    monkeypatch.setattr("boto3.session.Session.client", failing)
    with pytest.raises(
        DestinationError, match=r"a key there is no path, and it cannot be passed over \(… is wrong\); rem"
    ):
        place.folders()


# ---- what is not whole stays nowhere


def test_an_object_that_arrived_short_goes_again(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store says that it is there, and half of it is: nothing stays under the final name."""
    block = clouds.s3_block()
    place = block.connect()
    upload = place.start(FILE)
    upload.write(b"half of it")
    monkeypatch.setattr(upload, "_length", 20)
    with pytest.raises(DestinationError, match="20 bytes were sent and 10 are there"):
        upload.finish()
    assert place.files("folder") == ()
    assert "Contents" not in clouds.boto3("s3").list_objects_v2(Bucket=block.bucket)


def test_an_object_whose_making_nobody_confirmed_goes_again(clouds: Clouds) -> None:
    """The store makes it and its answer is lost: the upload has failed, so that the object is no backup."""
    block = clouds.s3_block()
    place = block.connect()
    upload = place.start(FILE)
    upload.write(b"all of it")
    upload._writer = Unconfirmed(upload._writer)
    with pytest.raises(DestinationError, match="the answer is lost"):
        upload.finish()
    assert place.files("folder") == (FILE.partition("/")[2],)
    upload.discard()
    assert place.files("folder") == ()


def test_the_object_of_somebody_else_never_goes(clouds: Clouds) -> None:
    """It came while ours was sent: ours is given up, and theirs stays (rule 11.5)."""
    place = clouds.s3_block().connect()
    upload = place.start(FILE)
    upload.write(b"ours")
    write(place, FILE, [b"theirs"])
    with pytest.raises(AlreadyThere):
        upload.finish()
    upload.discard()
    assert b"".join(place.read(FILE)) == b"theirs"


class Unconfirmed:
    """A writer whose object is made, and of which nobody hears."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def close(self) -> None:
        """Make the object, and lose the answer."""
        self._writer.close()
        raise OSError("the answer is lost")

    def __exit__(self, *failure: object) -> None:
        """It has ended."""
