"""The destination kind for a vault of Amazon Glacier, reached through `boto3`.

An upload succeeds if the tree hash in Amazon's answer is that of the file. Reading and listing a vault takes jobs of
hours, so both raise DestinationError here. Amazon accepts no new customers for vaults since the end of 2025; they can use
S3 with the storage class GLACIER.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterator
from typing import Any, ClassVar

import attrs

from backup.destinations.amazon_keys import amazon_keys, as_arguments
from backup.destinations.port import DestinationError, parts_of
from backup.destinations.setting_checks import check_region
from backup.destinations.settings import CloudSettings, Script, named
from backup.destinations.store_options import CONNECT, STALLED
from backup.destinations.waiting import waiting_for
from cluster.value import value

PART = 1 << 20
"""Size in bytes of a leaf of the tree hash, as Amazon defines it."""
IN_MEMORY = 1 << 24
LARGEST = 4 << 30
"""Largest size in bytes of an archive that one request may carry."""
CLOSED = "Amazon takes no new customers for vaults since 2025-12-15"
INSTEAD = "name an Amazon S3 block with StorageClass GLACIER or DEEP_ARCHIVE instead"


@value
class AmazonGlacier(CloudSettings):
    """The settings of a vault of Amazon Glacier. Nothing is restored from there directly (rule 12.4)."""

    vault: str = attrs.field(metadata=named("VaultName", is_place=True))
    region: str = attrs.field(default="", metadata=named("AwsRegionName"))
    access_key: str = attrs.field(default="", metadata=named("AwsAccessKey", in_files=False))
    secret_key: str = attrs.field(default="", repr=False, metadata=named("AwsSecretKey"))
    session_token: str = attrs.field(default="", repr=False, metadata=named("AwsSessionToken"))
    remote_folder: str = attrs.field(default="", metadata=named("RemoteFolderName"))
    disabled: bool = False
    script: Script | None = None

    json_name: ClassVar[str] = "GlacierSettings"
    word: ClassVar[str] = "Amazon Glacier"
    allowed_as: ClassVar[str] = "AmazonGlacier"
    key_field: ClassVar[str] = "vault"
    login_fields: ClassVar[tuple[str, ...]] = ("access_key", "secret_key", "session_token")
    scheme: ClassVar[str] = "glacier"
    example: ClassVar[str] = "glacier://vault/folder"
    through: ClassVar[str] = "boto3; the tree hash that comes back is compared"
    gives_back: ClassVar[bool] = False
    restores: ClassVar[bool] = False
    retention_applies: ClassVar[bool] = False

    names: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9._-]{1,255}")
    name_rule: ClassVar[str] = "1 to 255 letters, digits, dots, hyphens and underscores"

    def check(self) -> None:
        CloudSettings.check(self)
        check_region(self.region)

    @property
    def aws_region(self) -> str:
        return self.region

    def connect(self, url: str = "") -> "GlacierVault":
        """The vault. `url`: the URL of the server, if it is not Amazon's own."""
        import boto3
        from botocore.config import Config

        keys = amazon_keys(self.address, self.access_key, self.secret_key, self.session_token)
        client = boto3.client(
            "glacier",
            region_name=self.region or "us-east-1",
            endpoint_url=url or None,
            config=Config(
                retries={"max_attempts": 0},
                connect_timeout=CONNECT.total_seconds(),
                read_timeout=STALLED.total_seconds(),
            ),
            **as_arguments(keys),
        )
        return GlacierVault(client, self)


class GlacierVault:
    """A vault as a destination. It can be written to, but not read or listed."""

    gives_back = False

    def __init__(self, client: Any, settings: AmazonGlacier) -> None:
        """`client`: a Glacier client of boto3."""
        self.client = client
        self.vault = settings.vault
        self._where = settings.address
        self._folder = settings.folder
        self._archives: dict[str, str] = {}
        """Name of each file that this object has sent to its archive id, with which it can be deleted."""

    def __repr__(self) -> str:
        return f"GlacierVault({self._where!r})"

    def start(self, name: str) -> "GlacierUpload":
        """Begin an archive. Archives have no names, so the name of the file becomes the description."""
        folder, file = parts_of(name, 2)
        return GlacierUpload(self, name, "/".join(part for part in (self._folder, folder, file) if part))

    def read(self, name: str) -> Iterator[bytes]:
        raise self._asleep()

    def folders(self) -> tuple[str, ...]:
        raise self._asleep()

    def files(self, folder: str) -> tuple[str, ...]:
        raise self._asleep()

    def delete(self, name: str) -> None:
        """Delete an archive that this object has sent; does nothing for others, whose archive id is not known here."""
        parts_of(name, 2)
        archive = self._archives.pop(name, None)
        if archive is not None:
            self.asked("delete_archive", archiveId=archive)

    def delete_folder(self, folder: str) -> None:
        for name in [name for name in self._archives if name.startswith(f"{folder}/")]:
            self.delete(name)

    def keep(self, name: str, archive: str) -> None:
        """Remember the archive id of the file of that name."""
        self._archives[name] = archive

    def asked(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Amazon's answer to one request. Raises DestinationError for every failure."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with waiting_for(self._where):
                answer: dict[str, Any] = getattr(self.client, operation)(vaultName=self.vault, **arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "an error"))
            if code.startswith("NoLongerSupported"):
                raise DestinationError(self._where, CLOSED, INSTEAD) from None
            raise DestinationError(
                self._where, f"Amazon says {code}", "check the vault, its region and the keys"
            ) from None
        except BotoCoreError as error:
            what = type(error).__name__
            raise DestinationError(
                self._where, f"Amazon cannot be asked ({what})", "the next run tries again"
            ) from None
        return answer

    def _asleep(self) -> DestinationError:
        return DestinationError(
            self._where,
            "a vault is read by jobs that take hours",
            "retrieve the archives into a local folder, and look there",
        )


class GlacierUpload:
    """One archive that is being sent. It is first collected in a file, because a request begins with the archive's hash."""

    def __init__(self, vault: GlacierVault, name: str, description: str) -> None:
        self._vault = vault
        self._name = name
        self._description = description
        self._file: Any = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # closed when the upload ends

    def write(self, chunk: bytes) -> None:
        """Add a chunk."""
        assert self._file is not None, f"{self._name} has ended: start another upload"
        self._file.write(chunk)
        if self._file.tell() > LARGEST:
            raise DestinationError(self._name, "it is larger than the 4 GiB that a vault takes at once", INSTEAD)

    def finish(self) -> None:
        """Send the archive. Raises DestinationError, and deletes it, if the hash in the answer is not that of the file."""
        assert self._file is not None, f"{self._name} has ended: start another upload"
        ours = tree_hash(self._parts())
        self._file.seek(0)
        answer = self._vault.asked("upload_archive", archiveDescription=self._description, body=self._file)
        self._vault.keep(self._name, answer["archiveId"])
        self.abandon()
        if answer["checksum"] != ours:
            self._vault.delete(self._name)
            raise DestinationError(
                self._name, "the hash that came back is not that of the file", "the next run tries again"
            )

    def abandon(self) -> None:
        """Drop what was collected; nothing of it has been sent."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def discard(self) -> None:
        self.abandon()

    def _parts(self) -> Iterator[bytes]:
        self._file.seek(0)
        while part := self._file.read(PART):
            yield part


def tree_hash(parts: Iterator[bytes]) -> str:
    """Amazon's tree hash in hexadecimal: SHA-256 of a binary tree over parts of `PART` bytes."""
    level = [hashlib.sha256(part).digest() for part in parts] or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [hashlib.sha256(b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()
