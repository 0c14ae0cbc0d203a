"""The common part of the object stores (Amazon S3, Azure's blob storage, Google's cloud storage), reached through `obstore`.

An object appears when it is whole; an upload that ends in any other way leaves nothing visible. The library's own retries
are off: the run that uploads tries again by its own rules. Buckets are never created here.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backup.destinations.plain_listing import Lister, Listing
from backup.destinations.port import AlreadyThere, DestinationError, NotThere, is_name, parts_of
from backup.destinations.store_options import no_panic, sent_elsewhere, stalled
from backup.destinations.waiting import waiting_for

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Store

CHUNK = 1 << 20
ASLEEP_REMEDY = "have S3 restore the object first, or give keys that may write there"
PART, PARTS_AT_ONCE = 8 << 20, 2
"""Bytes of a part of an upload, and how many are under way: a line of 140 KB/s sends them before a server counts as stalled."""
ELSEWHERE = "give the address of the server that has the files"
AGAIN = "see whether it can be reached; the next run tries again"
REMEDIES = {
    "PermissionDeniedError": "give keys that may list, read, write and delete there",
    "UnauthenticatedError": "give the right keys",
    "InvalidPathError": "choose another name",
}


class ObjectStore:
    """A folder of one bucket or container as a destination."""

    def __init__(
        self,
        store: "Store",
        where: str,
        folder: str = "",
        hidden: Iterable[str] = (),
        storage_class: str = "",
        *,
        asleep: bool = False,
        lister: Lister | None = None,
    ) -> None:
        """`where`: the address, for errors. `hidden`: the secrets that no error may show. `asleep`: whether objects of
        `storage_class` must be restored by the store, which takes hours, before they can be read. `lister`: lists what the
        library cannot; None: nothing does."""
        self._store = store
        self._where = where
        self._folder = folder
        self._hidden = tuple(each for each in hidden if each)
        self._storage_class = storage_class
        self.gives_back = not asleep
        self._lister = lister

    def __repr__(self) -> str:
        return f"ObjectStore({self._where!r})"

    def start(self, name: str) -> "ObjectUpload":
        """Begin a file, which is invisible until it is finished. Raises AlreadyThere if the name is taken."""
        import obstore

        key = self._key(*parts_of(name, 2))
        with self._translated(name):
            self._need_free(name, key)
            attributes = {"Storage-Class": self._storage_class} if self._storage_class else {}
            writer = obstore.open_writer(
                self._store, key, attributes=attributes, buffer_size=PART, max_concurrency=PARTS_AT_ONCE
            )
            return ObjectUpload(self, name, key, writer)

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotThere."""
        import obstore

        key = self._key(*parts_of(name, 2))
        with self._translated(name):
            chunks = iter(obstore.get(self._store, key).stream(min_chunk_size=CHUNK))
        while True:
            with self._translated(name):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield bytes(chunk)

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted."""
        return self._names("", lambda listing: listing.prefixes)

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, sorted; () if there is no such folder."""
        return self._names(parts_of(folder, 1)[0], lambda listing: listing.keys)

    def delete(self, name: str) -> None:
        """Remove a file; does nothing if there is none."""
        import obstore

        key = self._key(*parts_of(name, 2))
        with self._translated(name), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, key)

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files, incrementals before their full backup; does nothing if there is no such folder."""
        for file in reversed(self.files(folder)):
            self.delete(f"{folder}/{file}")

    def _key(self, *parts: str) -> str:
        return "/".join(part for part in (self._folder, *parts) if part)

    def _names(self, folder: str, which: Callable[[Listing], tuple[str, ...]]) -> tuple[str, ...]:
        """The names directly below a folder, sorted. What could be none of ours is passed over: whoever else uses the bucket
        may give keys any name, and tools put objects there that stand for the folder itself."""
        prefix = f"{self._key(folder)}/" if self._key(folder) else ""
        found = {
            key.removeprefix(prefix).removesuffix("/") for key in which(self._listed(folder, prefix)) if key != prefix
        }
        return tuple(sorted(name for name in found if is_name(name)))

    def _listed(self, folder: str, prefix: str) -> Listing:
        import obstore
        from obstore import exceptions

        with self._translated(folder):
            try:
                found: Mapping[str, Any] = obstore.list_with_delimiter(self._store, prefix or None)
            except exceptions.InvalidPathError:
                if self._lister is None:
                    raise
                return self._listed_plainly(self._lister, prefix)
        # the library shows a path without its last slash, be it of a folder or of what stands for one
        paths = tuple(each["path"] for each in found["objects"])
        return Listing(
            tuple(found["common_prefixes"]), tuple(path for path in paths if path != prefix.removesuffix("/"))
        )

    def _listed_plainly(self, lister: Lister, prefix: str) -> Listing:
        try:
            return lister(prefix)
        except DestinationError:
            raise
        except ImportError as error:
            what = f"a key there is no path, and to pass it over needs the library {error.name}"
            raise DestinationError(self._where, what, "pip install 'unkindness[clouds]', or remove that key") from None
        except Exception as error:  # of whichever library asked
            what = f"a key there is no path, and it cannot be passed over ({self._shown(error)})"
            raise DestinationError(self._where, what, "remove that key, or choose another folder") from None

    def size(self, name: str, key: str) -> int | None:
        """Size of an object in bytes; None if there is no such object."""
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
        """Check a finished upload. Raises DestinationError if the object does not have `length` bytes."""
        if (size := self.size(name, key)) != length:
            self.delete(name)  # half a file must not look like a whole one
            raise DestinationError(f"{self._where}/{name}", f"{length} bytes were sent and {size} are there", AGAIN)

    @contextlib.contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        """Turn errors of the library into DestinationError with their first line, from which secrets are removed."""
        from obstore.exceptions import BaseError

        where = f"{self._where}/{name}" if name else self._where
        try:
            with waiting_for(self._where), no_panic(where):
                yield
        except DestinationError:
            raise
        except FileNotFoundError as error:
            raise NotThere(where) from error.with_traceback(None).__cause__
        except (BaseError, OSError) as error:
            if what := stalled(error):
                raise DestinationError(where, what, AGAIN) from None
            if host := sent_elsewhere(error):
                raise DestinationError(
                    where, f"the server sends whoever asks to {host}, and another host is not asked", ELSEWHERE
                ) from None
            if not self.gives_back and type(error).__name__ == "PermissionDeniedError":
                raise DestinationError(where, f"it sleeps in {self._storage_class}", ASLEEP_REMEDY) from None
            remedy = REMEDIES.get(type(error).__name__, AGAIN)
            raise DestinationError(where, self._shown(error), remedy) from None

    def _shown(self, error: BaseException) -> str:
        text = re.sub(r"(https?://[^\s?]*)\?\S*", r"\1", (str(error).splitlines() or [type(error).__name__])[0])
        # the duration of the request differs from run to run
        text = re.sub(r" in [0-9.]+ ?[mµn]?s\b", "", text.partition("<?xml")[0])
        text = re.sub(r"(?<=://)[^/\s@]*@", "", text)
        for secret in self._hidden:
            text = text.replace(secret, "…")
        return text.strip().rstrip(".;: ")


class ObjectUpload:
    """One object that is being sent in parts."""

    def __init__(self, store: ObjectStore, name: str, key: str, writer: Any) -> None:
        self._store = store
        self._name = name
        self._key = key
        self._writer = writer
        self._length = 0
        self._may_be_there = False
        """Whether the store was asked to put the object together, which it may have done even if it did not answer."""

    def write(self, chunk: bytes) -> None:
        """Add a chunk."""
        assert self._writer is not None, f"{self._name} has ended: start another upload"
        with self._store._translated(self._name):
            self._writer.write(chunk)
        self._length += len(chunk)

    def finish(self) -> None:
        """Assemble the object from its parts and check its size. Raises AlreadyThere if the name was taken meanwhile."""
        assert self._writer is not None, f"{self._name} has ended: start another upload"
        self._store._need_free(self._name, self._key)
        self._may_be_there = True
        with self._store._translated(self._name):
            self._writer.close()
        self._writer = None
        self._store.finished(self._name, self._key, self._length)

    def abandon(self) -> None:
        """Stop; the parts that were sent stay invisible, and the store's own rules remove them."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(Exception):
                writer.__exit__(InterruptedError, InterruptedError(), None)

    def discard(self) -> None:
        """The same as `abandon`, as parts are invisible; an object that was made although the store did not say so is removed."""
        failed = self._writer is not None
        self.abandon()
        if failed and self._may_be_there:
            self._store.delete(self._name)
