"""What the fields of a destination's settings may hold: names, folders, URLs and secrets of the form that the real place has.

A field that no real place would take is refused as the settings are made, at the line where it is written, and alike
whether clouds are simulated or real. No text shows a secret. Which kind has which fields is said in its module.
"""

import base64
import binascii
import re
from urllib.parse import SplitResult, urlsplit

from backup.destinations.address_secrets import masked
from backup.destinations.port import check_parts, path_parts
from cluster.argument_kinds import misfit

LONGEST_FOLDER = 640
"""Bytes of the longest folder in a cloud: the names of a chain and a file must fit behind it into the 1,024 of a key."""
HIGHEST_PORT = 65_535


class WrongSettings(ValueError):
    """A field of the settings of a destination, or of a fault of one, cannot be. The text names it and the remedy."""


def check_fields(given: object) -> None:
    """Raise WrongSettings for a field of a wrong kind."""
    said = misfit(given)
    if said:
        raise WrongSettings(f"{type(given).__name__}: {said}")


def check_name(name: str, field: str, pattern: re.Pattern[str], rule: str) -> None:
    """Raise WrongSettings for a name that the cloud gives to no bucket, container or vault. `rule`: which names it gives."""
    if "/" in name or "\\" in name:
        first = masked(name).replace("\\", "/").strip("/").partition("/")[0]
        raise WrongSettings(
            f"{field} {masked(name)!r} holds a folder: give {field} {first!r}, and the folder as remote_folder"
        )
    if pattern.fullmatch(name) is None:
        raise WrongSettings(f"{field} {masked(name)!r} is no name of a {field}: give {rule}")


def check_region(region: str) -> None:
    """Raise WrongSettings for what cannot be a region of Amazon; empty is none."""
    if region and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", region) is None:
        raise WrongSettings(f"region {region!r} is none: give one as Amazon writes it, as in 'eu-central-1'")


def folder_in_cloud(folder: str) -> str:
    """The normal form of a folder in a cloud: `a/b` for `/a//b/`, `./a/b` and `a\\b`; empty for the top.

    Raises WrongSettings for one that leads out of the bucket, or that no key may hold.
    """
    parts = path_parts(folder)
    if ".." in parts:
        raise WrongSettings(f"the folder {masked(folder)!r} leads out of the place: give one without '..'")
    try:
        check_parts(parts)
    except ValueError as error:
        raise WrongSettings(f"the folder in the cloud: {error}") from None
    return "/".join(parts)


def server_url(url: str, field: str, example: str) -> SplitResult:
    """The parts of the URL of an HTTP server. Raises WrongSettings for what is none, or has a query."""
    shown = repr(masked(url))
    if "://" not in url:
        raise WrongSettings(f"{field} {shown} has no scheme: write https://{masked(url).lstrip('/')}")
    parts = split_url(url, field, example)
    if parts.scheme not in ("http", "https"):
        raise WrongSettings(f"{field} {shown} is no address of an HTTP server: write {example}")
    return parts


def split_url(url: str, field: str, example: str) -> SplitResult:
    """The parts of a URL with a host and, if it names one, a possible port. Raises WrongSettings for what is none."""
    shown = repr(masked(url))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port that is no number or too high, or a bracket that is not closed
        raise WrongSettings(
            f"{field} {shown} is no URL with a port from 1 to {HIGHEST_PORT}: write {example}"
        ) from None
    if port == 0:
        raise WrongSettings(f"{field} {shown} has port 0, on which nothing listens: write {example}")
    if not parts.hostname or not _is_host(parts.hostname) or not url.isprintable() or " " in parts.netloc:
        raise WrongSettings(f"{field} {shown} names no server: write {example}")
    return parts


def _is_host(name: str) -> bool:
    if ":" in name:  # an IPv6 address, which urlsplit has checked
        return True
    try:
        ascii_name = name.encode("idna").decode()
    except UnicodeError:  # a label that is empty or too long
        return False
    return re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", ascii_name) is not None


def check_port(port: int, field: str) -> None:
    """Raise WrongSettings for a port that no server can have; 0 is for none yet."""
    if not 0 <= port <= HIGHEST_PORT:
        raise WrongSettings(f"{field} is {port}: give one from 1 to {HIGHEST_PORT}")


def base64_bytes(text: str, field: str, what: str) -> bytes:
    """The bytes of a secret in base64, spaces and line ends left out. Raises WrongSettings, which does not show it."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):  # ValueError: a character that is not ASCII
        raise WrongSettings(f"{field} is no base64: give {what}") from None
