"""What object stores (Amazon S3, Azure's blob storage, Google's cloud storage) have in common, by way of `obstore`.

An object appears when it is whole; an upload that ends in any other way leaves nothing that counts. The library's own
retries are off: whoever uploads tries again, in its own time. Never here: a bucket that nobody has made.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from backup.destinations.port import AlreadyThere, DestinationError, NotThere, parts_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Store

CHUNK = 1 << 20
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
    """One bucket or container, and the folder in it that the settings name."""

    def __init__(
        self,
        store: "Store",
        where: str,
        folder: str = "",
        hidden: Iterable[str] = (),
        storage_class: str = "",
        *,
        asleep: bool = False,
    ) -> None:
        """`where`: its address, for errors, in which nothing `hidden` is ever shown. `asleep`: what is in that storage
        class is given back hours after it is asked for."""
        self._store = store
        self._where = where
        self._folder = folder.strip("/")
        self._hidden = tuple(hidden)
        self._storage_class = storage_class
        self.gives_back = not asleep

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


# ---- how every store is talked to ----


def client_options(url: str) -> Any:
    """Options of the library's HTTP client for that endpoint; plain HTTP only where the endpoint says so."""
    return {"allow_http": url.startswith("http://"), "timeout": TIMEOUT, "connect_timeout": timedelta(seconds=15)}


def retry_config() -> Any:
    """No retries of the library's own."""
    return {"max_retries": 0, "retry_timeout": timedelta(seconds=5)}
