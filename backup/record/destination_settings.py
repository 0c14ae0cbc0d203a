"""The destination blocks of a task (section 12): what a user says about each of six kinds of places, and what is missing.

Values only. A secret in them travels and is kept, and no `repr` shows it. Never here: moving a byte (destinations/).
"""

from typing import ClassVar
from urllib.parse import urlsplit

import attrs

from cluster.value import value


@value
class Script:
    """A program of the operator's that prints the block as JSON (rule 12.1)."""

    exec: str
    arguments: str = ""
    timeout: int = 10_000_000
    """µs; RavenDB's default of ten seconds."""


class Block:
    """What every kind has."""

    __slots__ = ()

    word: ClassVar[str]
    """How a default name speaks of it (rule 6.2)."""
    allowed_as: ClassVar[str]
    """Its name in an administrator's list (rule 12.3)."""
    key_field: ClassVar[str]
    """What must be given for it to be usable, where no script gives it (section 12)."""
    scheme: ClassVar[str]
    """What its address begins with; empty: it belongs to the node that runs the backup."""

    disabled: bool
    script: Script | None

    @property
    def is_complete(self) -> bool:
        """Whether its key field is given, or a script that gives it."""
        return bool(getattr(self, self.key_field) or self.script)

    @property
    def usable(self) -> bool:
        """Whether files can be sent there, as far as the block says: enabled and complete."""
        return not self.disabled and self.is_complete


@value
class LocalFolder(Block):
    """A folder of the node that runs the backup."""

    path: str
    disabled: bool = False
    script: Script | None = None

    scheme: ClassVar[str] = ""
    word: ClassVar[str] = "Local"
    allowed_as: ClassVar[str] = "Local"
    key_field: ClassVar[str] = "path"


@value
class AmazonS3(Block):
    """A bucket of Amazon S3, or of what speaks like it."""

    bucket: str
    region: str = ""
    access_key: str = ""
    secret_key: str = attrs.field(default="", repr=False)
    session_token: str = attrs.field(default="", repr=False)
    remote_folder: str = ""
    custom_server_url: str = ""
    force_path_style: bool = False
    storage_class: str = ""
    disabled: bool = False
    script: Script | None = None

    scheme: ClassVar[str] = "s3"
    word: ClassVar[str] = "Amazon S3"
    allowed_as: ClassVar[str] = "AmazonS3"
    key_field: ClassVar[str] = "bucket"


@value
class AmazonGlacier(Block):
    """A vault of Amazon Glacier: nothing is restored from there directly (rule 12.4)."""

    vault: str
    region: str = ""
    access_key: str = ""
    secret_key: str = attrs.field(default="", repr=False)
    session_token: str = attrs.field(default="", repr=False)
    remote_folder: str = ""
    disabled: bool = False
    script: Script | None = None

    scheme: ClassVar[str] = "glacier"
    word: ClassVar[str] = "Amazon Glacier"
    allowed_as: ClassVar[str] = "AmazonGlacier"
    key_field: ClassVar[str] = "vault"


@value
class Azure(Block):
    """A container of Azure's blob storage."""

    container: str
    account_name: str = ""
    account_key: str = attrs.field(default="", repr=False)
    sas_token: str = attrs.field(default="", repr=False)
    remote_folder: str = ""
    disabled: bool = False
    script: Script | None = None

    scheme: ClassVar[str] = "azure"
    word: ClassVar[str] = "Azure"
    allowed_as: ClassVar[str] = "Azure"
    key_field: ClassVar[str] = "container"


@value
class GoogleCloud(Block):
    """A bucket of Google's cloud storage."""

    bucket: str
    credentials: str = attrs.field(default="", repr=False)
    """JSON text."""
    remote_folder: str = ""
    disabled: bool = False
    script: Script | None = None

    scheme: ClassVar[str] = "gs"
    word: ClassVar[str] = "Google Cloud"
    allowed_as: ClassVar[str] = "GoogleCloud"
    key_field: ClassVar[str] = "bucket"


@value
class Ftp(Block):
    """A folder of an FTP server: nothing is restored from there directly (rule 12.4)."""

    url: str
    port: int = 21
    user: str = ""
    password: str = attrs.field(default="", repr=False)
    certificate: str = attrs.field(default="", repr=False)
    """Base64."""
    certificate_file_name: str = ""
    disabled: bool = False
    script: Script | None = None

    scheme: ClassVar[str] = "ftp"
    word: ClassVar[str] = "FTP"
    allowed_as: ClassVar[str] = "FTP"
    key_field: ClassVar[str] = "url"

    @property
    def is_complete(self) -> bool:
        """Port 0 is no port (section 12)."""
        return bool((self.url and self.port) or self.script)


Destination = LocalFolder | AmazonS3 | AmazonGlacier | Azure | GoogleCloud | Ftp
"""Where files go."""
BLOCKS: tuple[type[Destination], ...] = (LocalFolder, AmazonS3, AmazonGlacier, Azure, GoogleCloud, Ftp)
"""Every kind, in the order in which a default name lists them (rule 6.2)."""
WORDS: tuple[type, ...] = (Script, AmazonS3, AmazonGlacier, Azure, GoogleCloud, Ftp)
"""What travels, beside `LocalFolder`."""


def address(destination: Destination) -> str:
    """What a place is called in notes, troubles and errors: a path, or `s3://bucket/folder`. Nothing secret is in it."""
    match destination:
        case LocalFolder(path=path):
            return path
        case Ftp(url=url, port=port):
            parts = urlsplit(url if "://" in url else f"ftp://{url}")
            return f"ftp://{parts.hostname or ''}:{parts.port or port}{parts.path.rstrip('/')}"
        case _:
            name = getattr(destination, destination.key_field)
            folder = destination.remote_folder.strip("/")
            return f"{destination.scheme}://{name}" + (f"/{folder}" if folder else "")


def is_remote(address: str) -> bool:
    """Whether such an address is that of a place that belongs to no node."""
    return "://" in address


def secrets(destination: Destination) -> tuple[str, ...]:
    """What in a block nobody is to see."""
    fields = [field for field in attrs.fields(type(destination)) if not field.repr]
    return tuple(found for field in fields if (found := str(getattr(destination, field.name))))


def in_order(destinations: tuple[Destination, ...]) -> list[Destination]:
    """The blocks in the order of `BLOCKS`."""
    return sorted(destinations, key=lambda block: BLOCKS.index(type(block)))


def appended(destination: Destination, part: str) -> Destination:
    """The same place, one folder further in: how a server-wide task keeps databases apart (rule 16.3)."""
    match destination:
        case LocalFolder(path=path):
            return attrs.evolve(destination, path=_joined(path, part))
        case Ftp(url=url):
            return attrs.evolve(destination, url=_joined(url, part))
        case _:
            return attrs.evolve(destination, remote_folder=_joined(destination.remote_folder, part))


def _joined(folder: str, part: str) -> str:
    return f"{folder.rstrip('/')}/{part}" if folder else part
