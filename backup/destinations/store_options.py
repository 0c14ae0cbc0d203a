"""How the library of the object stores is to behave: no retries of its own, bounded waiting, no other host, and no panic.

Its errors become DestinationError, without secrets. The kinds are in s3.py, azure.py and google_cloud.py, and what is done
with a store in object_store.py.
"""

import contextlib
import http.client
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from backup.destinations.port import DestinationError

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Store

TIMEOUT = timedelta(minutes=720)
"""Timeout of one request: RavenDB's `Backup.CloudStorageOperationTimeoutInMin`."""
STALLED = timedelta(seconds=120)
"""How long a server may keep silent. A part of an upload has to be through within it: see `PART` of object_store.py."""
CONNECT = timedelta(seconds=15)
NOBODY = "http://127.0.0.1:0"
"""A proxy that is not there, for every host but the one that is meant."""
FAILED_URL = re.compile(r"(https?://[^\s?]+)")


def client_options(url: str, *, pinned: bool = True) -> Any:
    """Options of the library's HTTP client for the server at `url`; plain HTTP only if the URL begins with `http://`.

    `pinned`: no other host is talked to, so that a redirect to one is refused: the library would follow it, with whatever
    lets somebody in. Where the environment names a proxy, that one decides.
    """
    host = urlsplit(url).hostname or ""
    options: dict[str, Any] = {
        "allow_http": url.startswith("http://"),
        "timeout": TIMEOUT,
        "read_timeout": STALLED,
        "connect_timeout": CONNECT,
    }
    if pinned and not has_proxy(url):
        options |= {"proxy_url": NOBODY, "proxy_excludes": host}
    return options


def has_proxy(url: str) -> bool:
    """Whether the environment names a proxy for a URL."""
    parts, known = urlsplit(url), getproxies()
    return bool(known.get(parts.scheme) or known.get("all")) and not proxy_bypass(parts.hostname or "")


def http_connection(server: SplitResult, timeout: timedelta) -> http.client.HTTPConnection:
    """A connection to the server of a URL without the library, by TLS if the URL begins with `https://`."""
    kind = http.client.HTTPSConnection if server.scheme == "https" else http.client.HTTPConnection
    return kind(server.hostname or "", server.port, timeout=timeout.total_seconds())


def retry_config() -> Any:
    """Options that turn the library's own retries off."""
    return {"max_retries": 0, "retry_timeout": timedelta(seconds=5)}


def opened(make: Callable[[], "Store"], where: str, hidden: Iterable[str], remedy: str) -> "Store":
    """The store that `make` makes. Raises DestinationError for settings that it refuses, without what is hidden."""
    from obstore.exceptions import BaseError

    try:
        with no_panic(where):
            return make()
    except BaseError as error:
        what = str(error).partition("\n")[0]
        for secret in filter(None, hidden):
            what = what.replace(secret, "***")
        raise DestinationError(where, what, remedy) from None


@contextlib.contextmanager
def no_panic(where: str) -> Iterator[None]:
    """Turn a panic of the library, which is no Exception, into DestinationError."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DestinationError(
            where, "the library that reaches it cannot go on", "look for an odd character in its settings"
        ) from None


def stalled(error: BaseException) -> str:
    """In words, that the library gave up because the server kept silent; empty if that is not why."""
    return f"the server has kept silent for {STALLED.total_seconds():g} s" if "kind: Timeout" in str(error) else ""


def sent_elsewhere(error: BaseException) -> str:
    """The host to which the server redirects, if that is why the library could not connect; else empty."""
    failed = FAILED_URL.search(str(error).partition("\n")[0])
    if "kind: Connect" not in str(error) or failed is None:
        return ""
    parts = urlsplit(failed[1])
    with (
        contextlib.suppress(OSError, ValueError, http.client.HTTPException),
        contextlib.closing(http_connection(parts, CONNECT)) as asked,
    ):
        asked.request("GET", parts.path)  # unsigned: the answer to that is what everybody gets
        location = urlsplit(asked.getresponse().getheader("Location") or "")
        if location.hostname and location.hostname != parts.hostname:
            return location.hostname
    return ""
