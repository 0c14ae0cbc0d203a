"""The base class of all kinds of destinations (section 12), and the settings that they share.

A kind is one `@value` class in a module of its own, listed in registry.py. It declares the fields that a user gives,
RavenDB's names for them, which of them are secret, and how the destination is opened, real or simulated. Other modules
ask the class and name no kind. A secret is sent between nodes and stored in the record, but no `repr`, address or backup
file shows it.
"""

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs

from backup.destinations.address_secrets import masked, refuse_secret
from backup.destinations.port import Destination, DestinationError
from backup.destinations.setting_checks import WrongSettings, check_fields, check_name, folder_in_cloud
from backup.destinations.simulated import SimulatedCloud
from cluster.value import value


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
            refuse_secret(text, "script", "let the program read it from a file", is_place=False)
            if "\0" in text:
                raise WrongSettings(f"the script's {text!r} holds a zero byte, which no program is given: leave it out")
        self.words()

    def words(self) -> list[str]:
        """The program and its arguments, read as a shell would. Raises WrongSettings if a quotation is not closed."""
        try:
            return [self.exec, *shlex.split(self.arguments)]
        except ValueError:
            raise WrongSettings(
                f"the script's arguments {self.arguments!r} open a quotation that they never close: close it, or put a "
                "backslash before the quotation mark"
            ) from None


def named(
    json_name: str, *, in_files: bool = True, is_place: bool = False, has_lines: bool = False
) -> Mapping[str, Any]:
    """Metadata of a field: its name in RavenDB's JSON, and whether backup files hold it. What has no `repr` they never hold.

    `is_place`: it is the address or the name of a place, in which nothing that lets somebody in may stand. `has_lines`: it
    is a text of several lines.
    """
    return {"json_name": json_name, "in_files": in_files, "is_place": is_place, "has_lines": has_lines}


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
        """WrongSettings for a field of a wrong kind, or one that no real place of the kind would take.

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
        for name, field in json_fields(type(self)).items():
            text = getattr(self, field.name)
            if self.scheme and isinstance(text, str) and not field.metadata["has_lines"] and not text.isprintable():
                raise WrongSettings(
                    f"{field.name} ({name}) holds a line end, or another character that cannot be typed: give it without"
                )
        self.check()

    # ---- what each kind defines

    @abstractmethod
    def check(self) -> None:
        """Raise WrongSettings for a field that no real place of the kind would take. What is empty is not given yet."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The destination's name in notes, faults and errors: a path, or `s3://bucket/folder`. It holds no secret.

        It is in normal form: what leads to one place has one address, however it was written.
        """

    @classmethod
    @abstractmethod
    def of_address(cls, address: str) -> Self:
        """The settings of an address that a user has typed; keys and passwords are taken from the environment.

        Raises WrongSettings for an address that names no place.
        """

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
    def account(self) -> str:
        """The server or the account that decides, beside the address, which real place is meant; no secret."""
        return ""

    @property
    def warning(self) -> str:
        """What is unsafe about a place that works, and what to write instead, as a sentence without a full stop; empty: nothing is."""
        return ""

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
        except WrongSettings as error:  # of a variable of the environment
            what, _, remedy = str(error).rpartition(": ")
            raise DestinationError(self.address, what, remedy) from None
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

    names: ClassVar[re.Pattern[str]]
    """The names that the cloud gives."""
    name_rule: ClassVar[str]
    """The same in words."""

    remote_folder: str

    def check(self) -> None:
        """Raise WrongSettings for a name that the cloud gives to nothing, and for a folder that leads out of it."""
        if name := self.place_name:
            check_name(name, self.key_field, self.names, self.name_rule)
        folder_in_cloud(self.remote_folder)

    @property
    def place_name(self) -> str:
        """The name of the bucket, container or vault."""
        return str(getattr(self, self.key_field))

    @property
    def folder(self) -> str:
        """The folder in normal form; empty for the top."""
        return folder_in_cloud(self.remote_folder)

    @property
    def address(self) -> str:
        """The address of the form `SCHEME://NAME/FOLDER`."""
        folder = self.folder
        return f"{self.scheme}://{self.place_name}" + (f"/{folder}" if folder else "")

    def subfolder(self, name: str) -> Self:
        """The settings of a folder inside this one, in the same bucket, container or vault."""
        return self.changed(remote_folder=joined(self.remote_folder, name))

    @classmethod
    def of_address(cls, address: str) -> Self:
        """The settings with that `address`."""
        name, _, folder = address.partition("://")[2].partition("/")
        if not name:
            raise WrongSettings(f"{masked(address)} names no {cls.key_field}: write {cls.example}")
        made: Any = cls
        return made(**{cls.key_field: name, "remote_folder": folder})  # type: ignore[no-any-return]  # as `from_json`


def joined(folder: str, part: str) -> str:
    """The path of `part` inside `folder`, which may be empty."""
    return f"{folder.rstrip('/')}/{part}" if folder else part
