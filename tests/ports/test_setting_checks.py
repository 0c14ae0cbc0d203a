"""What no real place would take is refused where it is written, in one sentence with the remedy and without a secret."""

import base64
from collections.abc import Callable

import pytest

from backup.destinations.azure import Azure
from backup.destinations.faults import Full
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.local import parts_of_path
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import DestinationError
from backup.destinations.registry import AnySettings, kind_of, normal_address, settings_at
from backup.destinations.s3 import AmazonS3
from backup.destinations.setting_checks import WrongSettings
from backup.destinations.settings import Script
from backup.destinations.world_destinations import WorldDestinations
from tests.ports.samples import ACCOUNT_KEY, CERTIFICATE, SAS_TOKEN, SERVICE_ACCOUNT

HUSH = "hush-hush-hush"


def of_account(**fields: object) -> str:
    """A service account's key file with other fields."""
    import json

    return json.dumps(json.loads(SERVICE_ACCOUNT) | fields)


WRONG: list[tuple[Callable[[], object], str]] = [
    # names
    (lambda: AmazonS3("my-backups/app1"), "bucket 'my-backups/app1' holds a folder: give bucket 'my-backups', and the"),
    (lambda: AmazonS3("my-backups\\app1"), "give bucket 'my-backups', and the folder as remote_folder"),
    (lambda: AmazonS3("/nightly"), "give bucket 'nightly', and the folder as remote_folder"),
    (lambda: AmazonS3("my backups"), "bucket 'my backups' is no name of a bucket: give 3 to 63 letters"),
    (lambda: AmazonS3("b"), "is no name of a bucket: give 3 to 63 letters, digits, dots"),
    (lambda: AmazonS3("é" * 5), "is no name of a bucket"),
    (lambda: AmazonS3("nightly\n"), r"holds a line end, or another character that cannot be typed: give it without"),
    (lambda: AmazonGlacier("vault/app1"), "vault 'vault/app1' holds a folder: give vault 'vault'"),
    (lambda: AmazonGlacier("my vault"), "is no name of a vault: give 1 to 255 letters"),
    (lambda: Azure("Backups"), "container 'Backups' is no name of a container: give 3 to 63 small letters"),
    (lambda: Azure("a--b"), "is no name of a container"),
    (lambda: Azure("blobs/app1"), "give container 'blobs', and the folder as remote_folder"),
    (lambda: GoogleCloud("My_Bucket"), "is no name of a bucket: give 3 to 63 small letters"),
    (lambda: GoogleCloud("bucket/app1"), "give bucket 'bucket', and the folder as remote_folder"),
    (lambda: Azure("blobs", "My.Account"), "account_name 'My.Account' is no name of a storage account: give 3 to 24"),
    # folders
    (lambda: AmazonS3("bucket", remote_folder="../other"), "leads out of the place: give one without '..'"),
    (lambda: AmazonS3("bucket", remote_folder="a\0b"), "holds a line end, or another character"),
    (lambda: Azure("blobs", remote_folder="x" * 256), "has 256 bytes in UTF-8, more than the 255"),
    (lambda: Ftp("ftp://host/a/%2e%2e/b"), "leads out of the place"),
    (lambda: Ftp("ftp://host/a%00b"), "give printable characters"),
    # servers
    (lambda: AmazonS3("bucket", custom_server_url="minio.example.com:9000"), "write https://minio.example.com:9000"),
    (lambda: AmazonS3("bucket", custom_server_url="http://"), "names no server: write https://minio.example.com:9000"),
    (lambda: AmazonS3("bucket", custom_server_url="https://h:99999"), "is no URL with a port from 1 to 65535"),
    (lambda: AmazonS3("bucket", custom_server_url="https://h:nine"), "is no URL with a port from 1 to 65535"),
    (lambda: AmazonS3("bucket", custom_server_url="https://h:0"), "has port 0, on which nothing listens"),
    (lambda: AmazonS3("bucket", custom_server_url="https://a b"), "names no server"),
    (lambda: AmazonS3("bucket", custom_server_url="https://[::1"), "is no URL"),
    (lambda: AmazonS3("bucket", custom_server_url="s3://minio"), "is no address of an HTTP server: write https://"),
    (lambda: AmazonS3("bucket", custom_server_url=f"https://me:{HUSH}@minio"), r"\*\*\*@minio"),
    (lambda: AmazonS3("bucket", "Frankfurt"), "region 'Frankfurt' is none: give one as Amazon writes it"),
    (lambda: AmazonGlacier("vault", "eu central 1"), "region 'eu central 1' is none"),
    (lambda: AmazonS3("bucket", storage_class="NOPE"), "no storage_class 'NOPE': give one of STANDARD, "),
    (lambda: AmazonS3("bucket", storage_class="glacier"), "no storage_class 'glacier'"),
    (lambda: Ftp("not a url"), "url 'ftp://not a url' names no server: write ftp://host:21/folder"),
    (lambda: Ftp("http://files.example"), "is no address of an FTP server: write ftp://host/folder or ftps://"),
    (lambda: Ftp("sftp://files.example"), "is no address of an FTP server"),
    (lambda: Ftp("ftp://"), "names no server"),
    (lambda: Ftp("ftp://host:99999/x"), "is no URL with a port"),
    (lambda: Ftp("ftp://host", 65_536), "port is 65536: give one from 1 to 65535"),
    (lambda: Ftp("ftp://host", -1), "port is -1: give one from 1 to 65535"),
    # secrets
    (lambda: Azure("blobs", "account", f"!!!{HUSH}"), "account_key is no base64: give the key as Azure shows it"),
    (lambda: Azure("blobs", "account", f"é{HUSH}"), "account_key is no base64"),
    (lambda: Azure("blobs", "account", sas_token=f"sv={HUSH}"), "sas_token has no signature: give the whole token"),
    (lambda: Ftp("ftp://host", certificate=f"!!!{HUSH}"), "certificate is no base64: give a PEM file"),
    (lambda: Ftp("ftp://host", certificate=base64.b64encode(HUSH.encode()).decode()), "certificate holds no PEM"),
    (lambda: Ftp("ftp://host", user="raven", password=f"{HUSH}\r\nDELE x"), "password .* holds a line end"),
    (lambda: AmazonS3("bucket", "us-east-1", "AKIA\n", HUSH), "access_key .* holds a line end"),
    (lambda: GoogleCloud("bucket", HUSH), "credentials are no JSON object: give the text of a service account's key"),
    (lambda: GoogleCloud("bucket", f'["{HUSH}"]'), "credentials are no JSON object"),
    (lambda: GoogleCloud("bucket", "[" * 100_000), "credentials are no JSON object"),
    (lambda: GoogleCloud("bucket", f'{{"private_key": "{HUSH}"}}'), "credentials have no client_email: give the text"),
    (lambda: GoogleCloud("bucket", of_account(private_key=HUSH)), "the private_key of credentials is no PEM"),
    (lambda: GoogleCloud("bucket", of_account(private_key=7)), "credentials have no private_key"),
    (
        lambda: GoogleCloud("bucket", of_account(gcs_base_url="host:1")),
        "the gcs_base_url of credentials 'host:1' has no",
    ),
    # programs
    (lambda: Script("/bin/keys", "--name 'nightly"), "open a quotation that they never close: close it"),
    (lambda: Script("/bin/keys\0", ""), "holds a zero byte, which no program is given"),
]


@pytest.mark.parametrize(("made", "says"), WRONG)
def test_a_mistake_is_told_where_it_is_written(made: Callable[[], object], says: str) -> None:
    """One line that names the field and the remedy, and none of its secrets."""
    with pytest.raises(ValueError, match=says) as caught:
        made()
    assert HUSH not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "made",
    [
        lambda: AmazonS3("", script=Script("/bin/keys")),
        lambda: AmazonS3("Old_Bucket.of-ours", "us-gov-west-1", custom_server_url="http://minio"),
        lambda: AmazonS3("bucket", custom_server_url="http://[::1]:9000/behind/a/proxy", storage_class="GLACIER_IR"),
        lambda: AmazonGlacier("My_vault.1", "eu-central-1"),
        lambda: Azure("$web", "account", ACCOUNT_KEY),
        lambda: Azure("blobs", "account", sas_token=f"?{SAS_TOKEN}"),
        lambda: GoogleCloud("of-ours.example.com", SERVICE_ACCOUNT),
        lambda: GoogleCloud("b_1"),
        lambda: Ftp("files.example", certificate=CERTIFICATE),
        lambda: Ftp("FTPS://Straße.example:2121/a b"),
        lambda: Ftp("ftp://[::1]/x", 0),
    ],
)
def test_what_some_place_takes_is_not_refused(made: Callable[[], object]) -> None:
    """Unusual is not wrong."""
    assert made()


# ---- one place, one address

SAME = [
    (AmazonS3("nightly", remote_folder="a/b"), "s3://nightly/a/b"),
    (AmazonS3("nightly", remote_folder="a//b"), "s3://nightly/a/b"),
    (AmazonS3("nightly", remote_folder="./a/b/"), "s3://nightly/a/b"),
    (AmazonS3("nightly", remote_folder="a\\b"), "s3://nightly/a/b"),
    (AmazonS3("nightly", remote_folder="/"), "s3://nightly"),
    (Azure("blobs", remote_folder="//a"), "azure://blobs/a"),
    (GoogleCloud("bucket", remote_folder="a/./b"), "gs://bucket/a/b"),
    (AmazonGlacier("vault", remote_folder="a/"), "glacier://vault/a"),
    (Ftp("ftp://h//x"), "ftp://h:21/x"),
    (Ftp("h/x/"), "ftp://h:21/x"),
    (Ftp("FTP://H:21/./x"), "ftp://h:21/x"),
    (Ftp("ftp://h/x", 2121), "ftp://h:2121/x"),
    (Ftp("ftp://h/a%20b"), "ftp://h:21/a b"),
    (Ftp("ftp://h/a%2520b"), "ftp://h:21/a%2520b"),
    (Ftp("ftps://[::1]/x"), "ftps://[::1]:21/x"),
]


@pytest.mark.parametrize(("settings", "address"), SAME)
def test_one_place_has_one_address(settings: AnySettings, address: str) -> None:
    """However a folder is written; and the address leads to where it came from."""
    assert settings.address == normal_address(settings.address) == address
    assert kind_of(address).of_address(address).address == address


class Real(MemoryDestination):
    """A real place, as far as whoever keeps it knows."""


@pytest.mark.parametrize(("settings", "address"), SAME)
def test_where_real_is_asked_nothing_is_simulated(
    settings: AnySettings, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files go to the place that the settings open, and whoever looks from outside sees them there."""
    real = Real()
    monkeypatch.setattr(type(settings), "connect", lambda self: real)
    destinations = WorldDestinations({"clouds": "real"})
    with pytest.raises(DestinationError, match="clouds are real here, and no task or restore has named this one"):
        destinations.place("A", address)
    place = destinations.of_settings("A", settings)
    place.start("folder/file").finish()
    assert real.files("folder") == ("file",)
    assert destinations.place("B", address) is real
    scheme, _, rest = address.partition("://")
    assert destinations.of_path("B", f"{scheme.upper()}://{rest}").files("folder") == ("file",)


def test_a_task_never_uses_the_keys_of_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two servers with a bucket of the same name are two places, and one address cannot name both."""
    monkeypatch.setattr(AmazonS3, "connect", lambda self: Real(self.secret_key))
    destinations = WorldDestinations({"clouds": "real"})
    first = AmazonS3("nightly", secret_key="one", remote_folder="a/b", custom_server_url="https://one.example")
    destinations.of_settings("A", first)
    destinations.of_settings("A", first.changed(secret_key="a new one", remote_folder="a//b"))
    assert repr(destinations.place("A", "s3://nightly/a/b")) == "MemoryDestination('a new one')"
    with pytest.raises(DestinationError, match="at another server or account, and an address can lead to one place"):
        destinations.of_settings("A", first.changed(custom_server_url="https://two.example"))


def test_a_fault_strikes_however_its_address_is_written() -> None:
    """What is full is the place, not a spelling of it."""
    for written in ("ftp://files.example/x/", "FTP://files.example:21//x"):
        destinations = WorldDestinations()
        destinations.disturb("A", Full(written))
        upload = destinations.of_settings("A", Ftp("files.example/x")).start("folder/file")
        with pytest.raises(DestinationError, match="no space is left"):
            upload.finish()
        assert destinations.never_struck() == ()


def test_a_folder_with_two_slashes_stays_inside_its_run() -> None:
    """Two at the front are a root of their own in some systems, and led out of the folder of the run."""
    assert parts_of_path("//srv//backups/./x") == ("srv", "backups", "x")


def test_an_address_without_a_name_is_none() -> None:
    """Nothing is taken for the name that stands behind too many slashes."""
    for wrong in ("s3:///nightly", "azure:////blobs"):
        with pytest.raises(ValueError, match=r"names no (bucket|container): write|no address"):
            settings_at(wrong)
        with pytest.raises(WrongSettings, match="names no"):
            normal_address(wrong)
