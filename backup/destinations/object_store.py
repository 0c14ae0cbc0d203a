"""Amazon S3, Azure's blob storage and Google's cloud storage, and what speaks like them, by way of `obstore`.

An object appears when it is whole; an upload that ends in any other way leaves nothing that counts. The library's own
retries are off: whoever uploads tries again, in its own time. Never here: a bucket that nobody has made.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backup.destinations.port import AlreadyThere, DestinationError, NotThere, parts_of
from backup.record.destination_settings import AmazonS3, Azure, GoogleCloud, address, secrets

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Store

CHUNK = 1 << 20
ASLEEP = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes of S3 that give nothing back before it is asked for, hours ahead."""
ASLEEP_REMEDY = "have S3 restore the object first, or give keys that may write there"
TIMEOUT = timedelta(minutes=720)
"""Of one request: `Backup.CloudStorageOperationTimeoutInMin`."""
AGAIN = "see whether it can be reached; the next run tries again"
REMEDIES = {
    "PermissionDeniedError": "give keys that may list, read, write and delete there",
    "UnauthenticatedError": "give the right keys",
    "InvalidPathError": "choose another name",
}


class ObjectStore:
    """One bucket or container, and the folder in it that a block names."""

    def __init__(
        self, store: "Store", where: str, folder: str = "", hidden: Iterable[str] = (), storage_class: str = ""
    ) -> None:
        """`where`: its address, for errors, in which nothing `hidden` is ever shown."""
        self._store = store
        self._where = where
        self._folder = folder.strip("/")
        self._hidden = tuple(hidden)
        self._storage_class = storage_class
        self.gives_back = storage_class not in ASLEEP

    def __repr__(self) -> str:
        return f"ObjectStore({self._where!r})"

    def start(self, name: str) -> "ObjectUpload":
        """Begin a file; nobody sees it before it is finished. AlreadyThere if the name is taken."""
        import obstore

        key = self._key(*parts_of(name, 2))
        with self._translated(name):
            self._need_free(name, key)
            attributes = {"Storage-Class": self._storage_class} if self._storage_class else {}
            return ObjectUpload(self, name, key, obstore.open_writer(self._store, key, attributes=attributes))

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. NotThere."""
        import obstore

        key = self._key(*parts_of(name, 2))
        with self._translated(name):
            for chunk in obstore.get(self._store, key).stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted."""
        prefixes = self._listed("")["common_prefixes"]
        return tuple(sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in prefixes))

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, sorted; () if there is no such folder."""
        objects = self._listed(*parts_of(folder, 1))["objects"]
        return tuple(sorted(each["path"].rpartition("/")[2] for each in objects))

    def delete(self, name: str) -> None:
        """Remove a file. Nothing happens if there is none."""
        import obstore

        key = self._key(*parts_of(name, 2))
        with self._translated(name), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, key)

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files, incrementals before their full. Nothing happens if there is none."""
        for file in reversed(self.files(folder)):
            self.delete(f"{folder}/{file}")

    def _key(self, *parts: str) -> str:
        return "/".join(part for part in (self._folder, *parts) if part)

    def _listed(self, folder: str) -> Mapping[str, Any]:
        import obstore

        with self._translated(folder):
            return obstore.list_with_delimiter(self._store, f"{self._key(folder)}/" if self._key(folder) else None)

    def size(self, name: str, key: str) -> int | None:
        """Bytes of an object; None if there is none."""
        import obstore

        with self._translated(name):
            try:
                return int(obstore.head(self._store, key)["size"])
            except FileNotFoundError:
                return None

    def _need_free(self, name: str, key: str) -> None:
        if self.size(name, key) is not None:
            raise AlreadyThere(f"{self._where}/{name}")

    def finished(self, name: str, key: str, length: int) -> None:
        """DestinationError if what is there is not as long as what was sent."""
        if (size := self.size(name, key)) != length:
            raise DestinationError(f"{self._where}/{name}", f"{length} bytes were sent and {size} are there", AGAIN)

    @contextlib.contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        """Errors of the library as ours: the first line of them, with nothing secret in it."""
        from obstore.exceptions import BaseError

        where = f"{self._where}/{name}" if name else self._where
        try:
            yield
        except DestinationError:
            raise
        except FileNotFoundError as error:
            raise NotThere(where) from error.with_traceback(None).__cause__
        except (BaseError, OSError) as error:
            if not self.gives_back and type(error).__name__ == "PermissionDeniedError":
                raise DestinationError(where, f"it sleeps in {self._storage_class}", ASLEEP_REMEDY) from None
            remedy = REMEDIES.get(type(error).__name__, AGAIN)
            raise DestinationError(where, self._shown(error), remedy) from None

    def _shown(self, error: BaseException) -> str:
        text = re.sub(r"(https?://[^\s?]*)\?\S*", r"\1", (str(error).splitlines() or [type(error).__name__])[0])
        text = re.sub(
            r" in [0-9.]+ ?[mµn]?s\b", "", text.partition("<?xml")[0]
        )  # how long it took is no part of what is wrong
        for secret in self._hidden:
            text = text.replace(secret, "…")
        return text.strip().rstrip(".;: ")


class ObjectUpload:
    """One object on its way, in parts."""

    def __init__(self, store: ObjectStore, name: str, key: str, writer: Any) -> None:
        self._store = store
        self._name = name
        self._key = key
        self._writer = writer
        self._length = 0

    def write(self, chunk: bytes) -> None:
        """Add a chunk."""
        assert self._writer is not None, f"{self._name} has ended: start another upload"
        with self._store._translated(self._name):
            self._writer.write(chunk)
        self._length += len(chunk)

    def finish(self) -> None:
        """Put the parts together under the name, and see that all of it is there."""
        assert self._writer is not None, f"{self._name} has ended: start another upload"
        self._store._need_free(self._name, self._key)
        with self._store._translated(self._name):
            self._writer.close()
        self._writer = None
        self._store.finished(self._name, self._key, self._length)

    def abandon(self) -> None:
        """Leave the parts that were sent, which nobody sees; the store removes them by the rules of its owner."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(Exception):
                writer.__exit__(InterruptedError, InterruptedError(), None)

    def discard(self) -> None:
        """The same: there is nothing to see, and nothing to remove."""
        self.abandon()


# ---- from blocks ----


def amazon(block: AmazonS3) -> ObjectStore:
    """The bucket of such a block."""
    from obstore.store import S3Store

    url = block.custom_server_url or os.environ.get("AWS_ENDPOINT_URL", "")
    keys: dict[str, Any] = {
        "access_key_id": block.access_key,
        "secret_access_key": block.secret_key,
        "session_token": block.session_token,
        "endpoint": url,
        "region": block.region or "us-east-1",
    }
    given = {key: content for key, content in keys.items() if content}
    style = not (block.force_path_style or url)
    store = S3Store(
        block.bucket, **given, virtual_hosted_style_request=style, client_options=_client(url), retry_config=_retry()
    )
    return ObjectStore(store, address(block), block.remote_folder, secrets(block), block.storage_class)


def azure(block: Azure, endpoint: str = "") -> ObjectStore:
    """The container of such a block; `endpoint`: of another server than Azure's own."""
    from obstore.store import AzureStore

    endpoint = endpoint or os.environ.get("AZURE_STORAGE_ENDPOINT", "")
    keys: dict[str, Any] = {
        "account_name": block.account_name,
        "account_key": block.account_key,
        "sas_key": block.sas_token.lstrip("?"),
        "endpoint": endpoint,
    }
    given = {key: content for key, content in keys.items() if content}
    store = AzureStore(block.container, **given, client_options=_client(endpoint), retry_config=_retry())
    return ObjectStore(store, address(block), block.remote_folder, secrets(block))


def google(block: GoogleCloud) -> ObjectStore:
    """The bucket of such a block."""
    from obstore.store import GCSStore

    try:
        text = block.credentials or _of_the_environment()
        credentials = json.loads(text)
        url, private = str(credentials.get("gcs_base_url", "")), str(credentials.get("private_key", ""))
    except (AttributeError, OSError, ValueError):
        raise DestinationError(
            address(block), "its credentials are no JSON object", "give the text of a service account's key file"
        ) from None
    store = GCSStore(block.bucket, service_account_key=text, client_options=_client(url), retry_config=_retry())
    hidden = [*secrets(block), *([private] if private else [])]
    return ObjectStore(store, address(block), block.remote_folder, hidden)


def _of_the_environment() -> str:
    """Google's credentials as its own libraries find them."""
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if path is None:
        return os.environ.get("GOOGLE_SERVICE_ACCOUNT_KEY", "")
    return Path(path).read_text(encoding="utf-8")


def _client(url: str) -> Any:
    return {"allow_http": url.startswith("http://"), "timeout": TIMEOUT, "connect_timeout": timedelta(seconds=15)}


def _retry() -> Any:
    return {"max_retries": 0, "retry_timeout": timedelta(seconds=5)}
