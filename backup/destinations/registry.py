"""The list of all kinds of destinations. To add one, write its module and name it in `KINDS`: everything else reads the list.

Task JSON, scripts, secrets, addresses, the command line, the table of the README and the contract suite go through these
kinds and know none by name.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Union

from backup.destinations.address_secrets import masked
from backup.destinations.azure import Azure
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.local import LocalFolder
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import DestinationSettings, Script

KINDS: tuple[type[DestinationSettings], ...] = (LocalFolder, AmazonS3, AmazonGlacier, Azure, GoogleCloud, Ftp)
"""All kinds, in the order in which a task's default name lists them (rule 6.2). A new kind goes to the end."""
REMOTE = tuple(kind for kind in KINDS if kind.scheme)
"""The kinds whose destinations belong to no node: all but local folders."""
WORDS: tuple[type, ...] = (Script, *KINDS[1:6])
"""The classes for the codec, besides `LocalFolder`. Their codes on the wire lie between those of commands."""
LATER_WORDS: tuple[type, ...] = KINDS[6:]
"""The kinds that were added later: their codes come after all others, which therefore stay. Digests depend on codes."""
BY_SCHEME = {scheme: kind for kind in REMOTE for scheme in (kind.scheme, *kind.other_schemes)}

if TYPE_CHECKING:
    AnySettings = DestinationSettings
else:
    AnySettings = Union[KINDS]  # noqa: UP007  # the codec must know every class that it may have to encode
"""Settings of any kind, as a task may have them."""


def is_remote(address: str) -> bool:
    """Whether an address is that of a destination that belongs to no node."""
    return "://" in address


def kind_of(address: str) -> type[DestinationSettings]:
    """The kind of destination that an address or a path names. Raises ValueError if no kind has its scheme."""
    if not is_remote(address):
        return LocalFolder
    found = BY_SCHEME.get(address.partition("://")[0].lower())
    if found is None:
        raise ValueError(f"{masked(address)} is no address of a destination: write {examples()}")
    return found


@lru_cache(maxsize=1_024)
def normal_address(address: str) -> str:
    """The address of the place to which a remote address leads, however it is written. Raises ValueError if it is none."""
    return kind_of(address).of_address(address).address


def settings_at(address: str) -> AnySettings:
    """The settings of a remote address that a user has typed, for a restore.

    Raises ValueError if it is no remote address, or one from which nothing can be restored directly.
    """
    scheme, _, rest = address.partition("://")
    kind = BY_SCHEME.get(scheme.lower())
    if kind is not None and not kind.restores:
        raise ValueError(
            f"nothing is restored from {masked(address)} directly (12.4): copy it into a folder, and give that"
        )
    if kind is None or not rest.strip("/"):
        raise ValueError(
            f"{masked(address)} is no address of backups: write {examples(kind for kind in REMOTE if kind.restores)}"
        )
    return kind.of_address(address)


def examples(kinds: Iterable[type[DestinationSettings]] = REMOTE) -> str:
    """How addresses of these kinds are written: `s3://bucket/folder, azure://container/folder or gs://bucket/folder`."""
    *others, last = [kind.example for kind in kinds]
    return f"{', '.join(others)} or {last}" if others else last


def in_order(destinations: Iterable[AnySettings]) -> list[AnySettings]:
    """The settings in the order of `KINDS`."""
    return sorted(destinations, key=lambda settings: KINDS.index(type(settings)))
