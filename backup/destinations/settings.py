"""What every kind of destination says of itself (section 12), and the settings that all kinds share.

A kind is one `@value` class in a module of its own, listed in registry.py: the fields that a user gives, RavenDB's names of
them, what is secret, and how the place is opened, real and simulated. Whoever needs any of that asks the class, so that no
other module names a kind. A secret in the settings travels and is kept, and no `repr`, address or file shows it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs

from backup.destinations.port import Destination, DestinationError
from backup.destinations.simulated import SimulatedCloud
from cluster.value import value


@value
class Script:
    """A program of the operator's that prints the settings as JSON (rule 12.1)."""

    exec: str
    arguments: str = ""
    timeout: int = 10_000_000
    """µs; RavenDB's default of ten seconds."""


def named(json_name: str, *, in_files: bool = True) -> Mapping[str, Any]:
    """Metadata of a field: its name in RavenDB's JSON, and whether backup files hold it. What has no `repr` they never hold."""
    return {"json_name": json_name, "in_files": in_files}


class DestinationSettings(ABC):
    """What a user says about one destination of a task. Its subclasses are the kinds of destinations."""

    __slots__ = ()

    json_name: ClassVar[str]
    """Its name in RavenDB's record: `S3Settings`."""
    word: ClassVar[str]
    """How a default name speaks of it (rule 6.2)."""
    allowed_as: ClassVar[str]
    """Its name in an administrator's list (rule 12.3)."""
    key_field: ClassVar[str]
    """What must be given for it to be usable, where no script gives it (section 12)."""
    scheme: ClassVar[str]
    """What its address begins with, and no other kind's does; empty: it belongs to the node that runs the backup."""
    other_schemes: ClassVar[tuple[str, ...]] = ()
    """What a user may write instead."""
    example: ClassVar[str]
    """How its address is written."""
    through: ClassVar[str]
    """What reaches the real place, and how: a cell of the table of destinations in backup/destinations/README.md."""
    gives_back: ClassVar[bool] = True
    """What it keeps can be listed and read at once."""
    restores: ClassVar[bool] = True
    """A restore may read from it directly (rule 12.4)."""
    retention_applies: ClassVar[bool] = True
    """Old chains are removed from it (rule 14.6)."""
    shows_progress: ClassVar[bool] = False
    """A file on its way is to be seen, and a crash leaves it there."""

    disabled: bool
    script: Script | None

    # ---- what a kind says for itself

    @property
    @abstractmethod
    def address(self) -> str:
        """What the place is called in notes, troubles and errors: a path, or `s3://bucket/folder`. Nothing secret is in it."""

    @classmethod
    @abstractmethod
    def of_address(cls, address: str) -> Self:
        """The settings of an address that a user has typed; what gets in to the place is in the environment."""

    @abstractmethod
    def subfolder(self, name: str) -> Self:
        """The same place, one folder further in: how a server-wide task keeps databases apart (rule 16.3)."""

    @abstractmethod
    def connect(self) -> Destination:
        """The real place. ImportError if its library is not installed, DestinationError if the settings cannot be."""

    @classmethod
    def simulated(cls, kept: Destination, address: str) -> Destination:
        """Such a place as a simulation has it; `kept` holds its files for as long as the world lasts."""
        return SimulatedCloud(kept, address, shows_progress=cls.shows_progress, gives_back=cls.gives_back)

    # ---- what follows for all kinds

    @property
    def is_complete(self) -> bool:
        """Whether its key field is given, or a script that gives it."""
        return bool(getattr(self, self.key_field) or self.script)

    @property
    def usable(self) -> bool:
        """Whether files can be sent there, as far as the settings say: enabled and complete."""
        return not self.disabled and self.is_complete

    @property
    def aws_region(self) -> str | None:
        """Where it is, if it is Amazon's: an administrator may allow some regions only (rule 12.3)."""
        return None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody is to see."""
        return tuple(found for field in secret_fields(type(self)) if (found := str(getattr(self, field.name))))

    def changed(self, **fields: Any) -> Self:
        """The same settings with other values in some fields."""
        whole: Any = self
        return attrs.evolve(whole, **fields)  # type: ignore[no-any-return]  # every kind is an attrs class

    def open(self) -> Destination:
        """The real place. DestinationError if a library lacks, or if what the settings say cannot be."""
        try:
            return self.connect()
        except ImportError as error:
            raise DestinationError(
                self.address, f"this needs the library {error.name}", "pip install 'unkindness[clouds]'"
            ) from None

    def as_json(self) -> dict[str, Any]:
        """The object of RavenDB's record; without secrets, and without what only goes with them (rules 6.1, 18.4)."""
        kept = {name: getattr(self, field.name) for name, field in json_fields(type(self)).items() if in_files(field)}
        return {"Disabled": self.disabled, **kept}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The settings that such an object holds. KeyError if it lacks a field."""
        made: Any = cls
        known: dict[str, Any] = {
            field.name: field.type(fields[name])
            for name, field in json_fields(cls).items()
            if in_files(field) and field.type is not None
        }
        return made(disabled=bool(fields["Disabled"]), **known)  # type: ignore[no-any-return]  # every kind is an attrs class


def json_fields(kind: type[DestinationSettings]) -> dict[str, "attrs.Attribute[Any]"]:
    """The fields of a kind by RavenDB's names of them, in their order; `disabled` and `script` are every kind's."""
    every: Any = kind
    return {field.metadata["json_name"]: field for field in attrs.fields(every) if "json_name" in field.metadata}


def secret_fields(kind: type[DestinationSettings]) -> list["attrs.Attribute[Any]"]:
    """The fields of a kind that nobody is to see: those that its `repr` leaves out."""
    every: Any = kind
    return [field for field in attrs.fields(every) if not field.repr]


def in_files(field: "attrs.Attribute[Any]") -> bool:
    """Whether a backup file holds the field."""
    return bool(field.repr and field.metadata["in_files"])


class CloudSettings(DestinationSettings):
    """A kind whose places have a name (of a bucket, a container or a vault) and a folder in it."""

    __slots__ = ()

    remote_folder: str

    @property
    def address(self) -> str:
        """`SCHEME://NAME/FOLDER`."""
        folder = self.remote_folder.strip("/")
        return f"{self.scheme}://{getattr(self, self.key_field)}" + (f"/{folder}" if folder else "")

    def subfolder(self, name: str) -> Self:
        """The same bucket, container or vault, one folder further in."""
        return self.changed(remote_folder=joined(self.remote_folder, name))

    @classmethod
    def of_address(cls, address: str) -> Self:
        """The inverse of `address`."""
        name, _, folder = address.partition("://")[2].strip("/").partition("/")
        made: Any = cls
        return made(**{cls.key_field: name, "remote_folder": folder})  # type: ignore[no-any-return]  # as `from_json`


def joined(folder: str, part: str) -> str:
    """A path, one folder further in."""
    return f"{folder.rstrip('/')}/{part}" if folder else part
