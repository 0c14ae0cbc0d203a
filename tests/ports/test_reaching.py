"""How real clouds are reached: in bounded time, at the host that was named, with the keys that were meant, and no others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backup.destinations import ftp, store_options
from backup.destinations.azure import Azure
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.plain_listing import Listing, of_google
from backup.destinations.port import Destination, DestinationError, write
from backup.destinations.s3 import AmazonS3
from backup.destinations.store_options import client_options
from backup.destinations.waiting import oldest_wait
from tests.ports.odd_servers import answering, silent
from tests.ports.samples import ACCOUNT_KEY, SAS_TOKEN

FILE = "folder/2026-11-22-23-13-25.ravendb-full-backup"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no keys, no servers and no proxies."""
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def s3(port: int, **fields: Any) -> AmazonS3:
    """A bucket on a port of loopback."""
    given: dict[str, Any] = {"access_key": "AKIA", "secret_key": "the secret key", "session_token": "the token"}
    return AmazonS3("nightly", "us-east-1", custom_server_url=f"http://127.0.0.1:{port}", **(given | fields))


REACHED: dict[str, Callable[[int], Destination]] = {
    "s3": lambda port: s3(port).open(),
    "azure": lambda port: Azure("blobs", "account", ACCOUNT_KEY).connect(f"http://127.0.0.1:{port}"),
    "ftp": lambda port: Ftp(f"ftp://127.0.0.1:{port}/x").open(),
    "ftps": lambda port: Ftp(f"ftps://127.0.0.1:{port}/x").open(),
    "glacier": lambda port: AmazonGlacier("vault", "us-east-1", "AKIA", "x").connect(f"http://127.0.0.1:{port}"),
}


@pytest.mark.parametrize("kind", REACHED)
def test_a_server_that_keeps_silent_is_given_up(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In seconds here, in two minutes with a real one; and what is waited for can be told meanwhile."""
    monkeypatch.setattr(store_options, "STALLED", timedelta(seconds=0.3))
    monkeypatch.setattr("backup.destinations.glacier.STALLED", timedelta(seconds=0.3))
    monkeypatch.setattr(ftp, "TIMEOUT", 0.3)
    with silent() as port:
        place = REACHED[kind](port)
        with pytest.raises(DestinationError, match=r"kept silent for|cannot be asked \(ReadTimeout"):
            write(place, FILE, [b"x"])
    assert oldest_wait() is None


def test_a_server_that_stops_in_the_middle_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same when it has begun to answer."""
    monkeypatch.setattr(store_options, "STALLED", timedelta(seconds=0.3))
    with answering(stops=True) as (port, _), pytest.raises(DestinationError, match="kept silent for"):
        s3(port).open().folders()


@pytest.mark.parametrize("act", ["folders", "files", "read", "write"])
def test_a_redirect_to_another_host_is_refused(act: str) -> None:
    """The library would follow it, and take the token along: nobody else is asked, and the error names who was meant."""
    acts: dict[str, Callable[[Destination], object]] = {
        "folders": lambda place: place.folders(),
        "files": lambda place: place.files("folder"),
        "read": lambda place: b"".join(place.read(FILE)),
        "write": lambda place: write(place, FILE, [b"x"]),
    }
    with (
        answering() as (thief, stolen),
        answering(f"http://localhost:{thief}") as (port, asked),
        pytest.raises(DestinationError, match=r"sends whoever asks to localhost, and another host is not asked"),
    ):
        acts[act](s3(port).open())
    assert asked[0][2] == "the token"
    assert stolen == []


def test_where_a_proxy_is_named_it_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reaches the world through a proxy still does."""
    assert client_options("https://s3.example")["proxy_excludes"] == "s3.example"
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert "proxy_url" not in client_options("https://s3.example")
    monkeypatch.setenv("no_proxy", "s3.example")
    assert client_options("https://s3.example")["proxy_excludes"] == "s3.example"


def test_keys_of_the_settings_go_with_no_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token belongs to the keys that it was given with."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ANOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another token")
    with answering() as (port, asked):
        s3(port, session_token="").open().folders()
        s3(port, access_key="", secret_key="", session_token="").open().folders()
    assert [token for _, _, token in asked] == [None, "another token"]


NO_KEYS: list[tuple[Callable[[], Destination], str]] = [
    (lambda: AmazonS3("nightly").open(), "it has no keys; give access_key and secret_key, or AWS_ACCESS_KEY_ID and"),
    (lambda: AmazonGlacier("vault").open(), "it has no keys; give access_key"),
    (lambda: AmazonS3("nightly", access_key="AKIA").open(), "it has access_key, and no secret_key; give both"),
    (lambda: AmazonS3("nightly", secret_key="x").open(), "it has secret_key, and no access_key; give both"),
    (lambda: Azure("blobs").open(), "it has no account_name; give the account's name with its key or a SAS"),
    (lambda: Azure("blobs", "account").open(), "it has no key; give the account's name with its key or a SAS"),
]


@pytest.mark.parametrize(("opened", "says"), NO_KEYS)
def test_nobody_is_asked_for_keys(opened: Callable[[], Destination], says: str) -> None:
    """Where none are given there are none: a cloud's metadata address may be anybody's, and is not there in most places."""
    with pytest.raises(DestinationError, match=says):
        opened()


def test_a_machine_is_asked_for_its_keys_if_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable that Amazon's own libraries have for it, set to what nobody has to set it to."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    assert AmazonS3("nightly").open()  # type: ignore[truthy-bool]  # it is opened, and nothing is asked before it is used
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(DestinationError, match="it has no keys"):
        AmazonS3("nightly").open()
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "of somebody")
    monkeypatch.setenv("AZURE_CLIENT_ID", "somebody")
    monkeypatch.setenv("AZURE_TENANT_ID", "ours")
    assert Azure("blobs", "account").open()  # type: ignore[truthy-bool]  # the same


def test_an_account_is_asked_with_the_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the environment does not take the place of the token of the settings, nor the other way round."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY)
    with answering() as (port, asked):
        place = Azure("blobs", "account", sas_token=SAS_TOKEN).connect(f"http://127.0.0.1:{port}")
        with pytest.raises(DestinationError):  # it answers as S3 does
            place.folders()
        monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", SAS_TOKEN)
        monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
        with pytest.raises(DestinationError):
            Azure("blobs", "account", ACCOUNT_KEY).connect(f"http://127.0.0.1:{port}").folders()
    assert ["sig=" in path for _, path, _ in asked] == [True, False]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (AmazonS3("nightly", "eu-central-1"), "https://nightly.s3.eu-central-1.amazonaws.com"),
        (AmazonS3("nightly", "cn-north-1"), "https://nightly.s3.cn-north-1.amazonaws.com.cn"),
        (AmazonS3("night.ly", "eu-central-1"), "https://s3.eu-central-1.amazonaws.com"),
        (AmazonS3("nightly", "eu-central-1", force_path_style=True), "https://s3.eu-central-1.amazonaws.com"),
        (AmazonS3("nightly", custom_server_url="https://minio:9000/x"), "https://minio:9000/x"),
    ],
)
def test_amazons_own_servers_are_named_here(settings: AmazonS3, url: str) -> None:
    """So that the only host that may be asked is known; a bucket with dots is in the path, as no certificate is for more."""
    assert settings._server(settings.region)[0] == url


def test_a_bucket_of_googles_is_listed_with_a_token_of_its_account() -> None:
    """Where the library's own listing fails: the account signs the token itself, and nobody else is asked for one."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65_537, 2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {
        "client_email": "raven@nobody.example",
        "private_key_id": "17",
        "private_key": pem,
        "token_uri": "http://127.0.0.1:9/never-asked",
    }
    with answering() as (port, asked):
        found = of_google("bucket", f"http://127.0.0.1:{port}", account)("shop/")
    assert found == Listing((), ())
    ((method, path, token),) = asked
    assert (method, path.partition("?")[0]) == ("GET", "/bucket")
    assert "prefix=shop%2F" in path
    assert token is not None
    assert token.count(".") == 2
