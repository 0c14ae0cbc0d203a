"""The base class of all kinds of destinations (section 12), and the settings that they share.

A kind is one `@value` class in a module of its own, listed in registry.py. It declares the fields that a user gives,
RavenDB's names for them, which of them are secret, and how the destination is opened, real or simulated. Other modules
ask the class and name no kind. A secret is sent between nodes and stored in the record, but no `repr`, address or backup
file shows it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs

from backup.destinations.address_secrets import refuse_secret
from backup.destinations.port import Destination, DestinationError
from backup.destinations.simulated import SimulatedCloud
from cluster.argument_kinds import misfit
from cluster.value import value


class WrongSettings(ValueError):
    """A field of the settings of a destination, or of a fault of one, is of a wrong kind. The text names it and the remedy."""


def check_fields(given: object) -> None:
    """Raise WrongSettings for a field of a wrong kind."""
    said = misfit(given)
    if said:
        raise WrongSettings(f"{type(given).__name__}: {said}")


@value
class Script:
    """A program of the operator that prints the settings as JSON (rule 12.1)."""

    exec: str
    arguments: str = ""
    timeout: int = 10_000_000
    """How long the program may run in µs; RavenDB's default of ten seconds."""

    def __attrs_post_init__(self) -> None:
        """WrongSettings for a field of a wrong kind. SecretInAddress: program and arguments are shown."""
        check_fields(self)
        for text in (self.exec, self.arguments):
            refuse_secret(text, "script", "let the program read it from a file or its environment", is_place=False)


def named(json_name: str, *, in_files: bool = True, is_place: bool = False) -> Mapping[str, Any]:
    """Metadata of a field: its name in RavenDB's JSON, and whether backup files hold it. What has no `repr` they never hold.

    `is_place`: it is the address or the name of a place, in which nothing that lets somebody in may stand.
    """
    return {"json_name": json_name, "in_files": in_files, "is_place": is_place}


class DestinationSettings(ABC):
    """The settings of one destination of a task. The subclasses are the kinds of destinations."""

    __slots__ = ()

    json_name: ClassVar[str]
    """The kind's name in RavenDB's record: `S3Settings`."""
    word: ClassVar[str]
    """The kind's name in the default name of a task (rule 6.2)."""
    allowed_as: ClassVar[str]
    """The kind's name in an administrator's list of allowed destinations (rule 12.3)."""
    key_field: ClassVar[str]
    """The field that must be given for the settings to be usable, unless a script gives it (section 12)."""
    login_fields: ClassVar[tuple[str, ...]] = ()
    """The fields for what gets in to the place."""
    scheme: ClassVar[str]
    """The scheme of the kind's addresses, which no other kind has; empty for folders of the node that runs the backup."""
    other_schemes: ClassVar[tuple[str, ...]] = ()
    """Further schemes that a user may write."""
    example: ClassVar[str]
    """An example of an address."""
    through: ClassVar[str]
    """The library that reaches the real destination, and how: a cell of the table of destinations in backup/destinations/README.md."""
    gives_back: ClassVar[bool] = True
    """Whether files can be listed and read at once."""
    restores: ClassVar[bool] = True
    """Whether a restore may read from the destination directly (rule 12.4)."""
    retention_applies: ClassVar[bool] = True
    """Whether retention removes old chains from the destination (rule 14.6)."""
    shows_progress: ClassVar[bool] = False
    """Whether a file is visible while it is written, so that a crash leaves it there in progress."""

    disabled: bool
    script: Script | None

    def __attrs_post_init__(self) -> None:
        """WrongSettings for a field of a wrong kind.

        SecretInAddress if what is shown of the settings lets somebody in: an event, a file or an error would tell it."""
        check_fields(self)
        *others, last = self.login_fields or ("",)
        fields = f"{', '.join(others)} and {last}" if others else last
        instead = f"leave that out, and give it as {fields} of {type(self).__name__}" if fields else "leave that out"
        every: Any = type(self)
        places = self.place_fields()
        for field in attrs.fields(every):
            text = getattr(self, field.name)
            if field.repr and isinstance(text, str):
                refuse_secret(text, field.name, instead, is_place=field.name in places)

    # ---- what each kind defines

    @property
    @abstractmethod
    def address(self) -> str:
        """The destination's name in notes, faults and errors: a path, or `s3://bucket/folder`. It holds no secret."""

    @classmethod
    @abstractmethod
    def of_address(cls, address: str) -> Self:
        """The settings of an address that a user has typed; keys and passwords are taken from the environment."""

    @abstractmethod
    def subfolder(self, name: str) -> Self:
        """The settings of a folder inside this destination. A server-wide task has one for each database (rule 16.3)."""

    @abstractmethod
    def connect(self) -> Destination:
        """The real destination. Raises ImportError without its library, and DestinationError for impossible settings."""

    @classmethod
    def simulated(cls, kept: Destination, address: str) -> Destination:
        """The simulated destination of that address. `kept` holds its files for as long as the world lasts."""
        return SimulatedCloud(kept, address, shows_progress=cls.shows_progress, gives_back=cls.gives_back)

    # ---- what all kinds share

    @property
    def is_complete(self) -> bool:
        """Whether the key field is given, or a script that gives it."""
        return bool(getattr(self, self.key_field) or self.script)

    @property
    def usable(self) -> bool:
        """Whether the settings are enabled and complete, so that files can be sent to the destination."""
        return not self.disabled and self.is_complete

    @property
    def aws_region(self) -> str | None:
        """The region of a destination of Amazon, which an administrator may restrict (rule 12.3); None for other kinds."""
        return None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values of the secret fields that are given, which nothing may show."""
        return tuple(found for field in secret_fields(type(self)) if (found := str(getattr(self, field.name))))

    @classmethod
    def place_fields(cls) -> tuple[str, ...]:
        """The names of the fields that hold the address or the name of a place."""
        every: Any = cls
        return tuple(field.name for field in attrs.fields(every) if field.metadata.get("is_place", False))

    def changed(self, **fields: Any) -> Self:
        """The same settings with other values in some fields."""
        whole: Any = self
        return attrs.evolve(whole, **fields)  # type: ignore[no-any-return]  # every kind is an attrs class

    def open(self) -> Destination:
        """The real destination. Raises DestinationError if its library is missing, or for impossible settings."""
        try:
            return self.connect()
        except ImportError as error:
            raise DestinationError(
                self.address, f"this needs the library {error.name}", "pip install 'unkindness[clouds]'"
            ) from None

    def as_json(self) -> dict[str, Any]:
        """The settings as an object of RavenDB's record, without secrets and fields that only matter with them (6.1, 18.4)."""
        kept = {name: getattr(self, field.name) for name, field in json_fields(type(self)).items() if in_files(field)}
        return {"Disabled": self.disabled, **kept}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The settings of an object of RavenDB's record. Raises KeyError if a field is missing."""
        made: Any = cls
        known: dict[str, Any] = {
            field.name: field.type(fields[name])
            for name, field in json_fields(cls).items()
            if in_files(field) and field.type is not None
        }
        return made(disabled=bool(fields["Disabled"]), **known)  # type: ignore[no-any-return]  # every kind is an attrs class


def json_fields(kind: type[DestinationSettings]) -> dict[str, "attrs.Attribute[Any]"]:
    """RavenDB's name of each field of a kind to the field, in order; without `disabled` and `script`, which all have."""
    every: Any = kind
    return {field.metadata["json_name"]: field for field in attrs.fields(every) if "json_name" in field.metadata}


def secret_fields(kind: type[DestinationSettings]) -> list["attrs.Attribute[Any]"]:
    """The secret fields of a kind: those that its `repr` leaves out."""
    every: Any = kind
    return [field for field in attrs.fields(every) if not field.repr]


def in_files(field: "attrs.Attribute[Any]") -> bool:
    """Whether a backup file holds the field."""
    return bool(field.repr and field.metadata["in_files"])


class CloudSettings(DestinationSettings):
    """A kind whose destinations have a name (of a bucket, a container or a vault) and a folder in it."""

    __slots__ = ()

    remote_folder: str

    @property
    def address(self) -> str:
        """The address of the form `SCHEME://NAME/FOLDER`."""
        folder = self.remote_folder.strip("/")
        return f"{self.scheme}://{getattr(self, self.key_field)}" + (f"/{folder}" if folder else "")

    def subfolder(self, name: str) -> Self:
        """The settings of a folder inside this one, in the same bucket, container or vault."""
        return self.changed(remote_folder=joined(self.remote_folder, name))

    @classmethod
    def of_address(cls, address: str) -> Self:
        """The settings with that `address`."""
        name, _, folder = address.partition("://")[2].strip("/").partition("/")
        made: Any = cls
        return made(**{cls.key_field: name, "remote_folder": folder})  # type: ignore[no-any-return]  # as `from_json`


def joined(folder: str, part: str) -> str:
    """The path of `part` inside `folder`, which may be empty."""
    return f"{folder.rstrip('/')}/{part}" if folder else part
