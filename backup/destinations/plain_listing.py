"""Listings of buckets that hold keys which the library of the object stores takes for no path, such as `app1//` or `a/./b`.

The library refuses a whole listing for one such key, which anybody may have put there. So the same is asked of the cloud
itself, in its own protocol, and such keys are passed over. Only what failed is asked again (object_store.py).
"""

import base64
import contextlib
import hashlib
import hmac
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from xml.etree import ElementTree

from backup.destinations.amazon_keys import AmazonKeys, as_arguments
from backup.destinations.store_options import CONNECT, STALLED, http_connection
from cluster.value import value

VERSION_OF_AZURE = "2021-12-02"
LONGEST_PAGE = 1 << 26
"""Bytes of the longest answer that is read."""


@value
class Listing:
    """What is directly below a prefix, with every key as it is."""

    prefixes: tuple[str, ...]
    keys: tuple[str, ...]


Lister = Callable[[str], Listing]
"""The listing of a prefix, which is empty or ends with a slash. It raises OSError or an error of a library."""


def of_amazon(bucket: str, server: str, region: str, keys: AmazonKeys | None, *, by_path: bool) -> Lister:
    """The lister of a bucket of S3 at the URL `server`; by keys that Amazon's own library finds, if none are given."""

    def listed(prefix: str) -> Listing:
        client = _client(server, region, "path" if by_path else "virtual", **as_arguments(keys))
        return _paged(client, bucket, prefix)

    return listed


def of_google(bucket: str, server: str, account: dict[str, Any]) -> Lister:
    """The lister of a bucket of Google's, whose older interface is that of S3, with a token of the service account."""

    def listed(prefix: str) -> Listing:
        client = _client(server, "auto", "path", is_signed=False)
        if not account.get("disable_oauth"):
            from google.auth import jwt as library

            jwt: Any = library

            token = jwt.Credentials.from_service_account_info(account, audience="https://storage.googleapis.com/")

            def add(request: Any, **others: Any) -> None:
                token.before_request(None, "GET", server, request.headers)

            client.meta.events.register("before-send.s3", add)
        return _paged(client, bucket, prefix)

    return listed


def _client(server: str, region: str, style: str, *, is_signed: bool = True, **keys: Any) -> Any:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    config = Config(
        retries={"max_attempts": 0},
        s3={"addressing_style": style},
        connect_timeout=CONNECT.total_seconds(),
        read_timeout=STALLED.total_seconds(),
        signature_version=None if is_signed else UNSIGNED,
    )
    return boto3.session.Session().client("s3", region_name=region, endpoint_url=server, config=config, **keys)


def _paged(client: Any, bucket: str, prefix: str) -> Listing:
    prefixes: list[str] = []
    keys: list[str] = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        prefixes += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        keys += [each["Key"] for each in page.get("Contents", ())]
    return Listing(tuple(prefixes), tuple(keys))


def of_azure(container: str, server: str, account: str, keys: dict[str, str]) -> Lister:
    """The lister of a container at the URL `server` of an account. `keys`: an `access_key` or a `sas_token`."""

    def listed(prefix: str) -> Listing:
        pages = list(_pages_of_azure(container, server, account, keys, prefix))
        return Listing(
            tuple(name for page in pages for name in _texts(page, "BlobPrefix/Name")),
            tuple(name for page in pages for name in _texts(page, "Blob/Name")),
        )

    return listed


def _texts(page: ElementTree.Element, path: str) -> list[str]:
    return [each.text or "" for each in page.iterfind(f"Blobs/{path}")]


def _pages_of_azure(
    container: str, server: str, account: str, keys: dict[str, str], prefix: str
) -> Iterator[ElementTree.Element]:
    marker: str | None = ""
    while marker is not None:
        asked = {"restype": "container", "comp": "list", "delimiter": "/", "prefix": prefix}
        if marker:
            asked["marker"] = marker
        page = ElementTree.fromstring(_asked_of_azure(container, server, account, keys, asked))
        yield page
        marker = page.findtext("NextMarker") or None


def _asked_of_azure(container: str, server: str, account: str, keys: dict[str, str], asked: dict[str, str]) -> bytes:
    parts = urlsplit(server)
    path = f"{parts.path.rstrip('/')}/{quote(container)}"
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": VERSION_OF_AZURE}
    query = dict(asked)
    if "access_key" in keys:
        named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        queried = "".join(f"\n{name}:{query[name]}" for name in sorted(query))
        text = f"GET{chr(10) * 12}{named}/{account}{path}{queried}"
        digest = hmac.new(base64.b64decode(keys["access_key"]), text.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(digest).decode()}"
    else:
        query |= dict(parse_qsl(keys["sas_token"]))
    with contextlib.closing(http_connection(parts, STALLED)) as connection:
        connection.request("GET", f"{path}?{urlencode(query, quote_via=quote)}", headers=headers)
        answer = connection.getresponse()
        content = answer.read(LONGEST_PAGE)
    if answer.status != 200:
        raise OSError(f"the server answers {answer.status} {answer.reason}")
    return content
