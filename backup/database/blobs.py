"""The contents of attachments in one copy: each is kept once, as long as a document or a revision refers to it.

The names of the attachments stand in those items.
"""

from collections.abc import Iterable, Iterator

import attrs

from backup.database.items import Attachment, Blob, hash_of


@attrs.define(eq=False)
class HeldBlob:
    """The content of an attachment, and how many items refer to it."""

    blob: Blob
    references: int = 0
    """How many items refer to it; the next `sweep` removes a content with none."""
    etag: int = 0
    """Etag of a change since which at least one item has always referred to it."""


class Blobs:
    """All contents of attachments in one copy, in the order of `HeldBlob.etag`."""

    def __init__(self) -> None:
        self._held: dict[str, HeldBlob] = {}
        self._loose: dict[str, None] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, hash: str) -> bool:
        return hash in self._held

    def get(self, hash: str) -> bytes | None:
        """The content of that hash; None if it is not held."""
        held = self._held.get(hash)
        return held.blob.content if held is not None else None

    def hold(self, blob: Blob) -> None:
        """Keep a content until the next `sweep`, or longer if an item refers to it by then.

        Raises ValueError if the hash is not that of the content.
        """
        if blob.hash in self._held:
            return
        if hash_of(blob.content) != blob.hash:
            raise ValueError(
                f"the content of {len(blob.content)} bytes named {blob.hash} has another hash: send it again"
            )
        self._held[blob.hash] = HeldBlob(blob)
        self._loose[blob.hash] = None
        self.bytes += len(blob.content)

    def refer(self, attachments: Iterable[Attachment], etag: int) -> None:
        """Count the references of the item that changed at `etag`. Raises KeyError if a content is not held."""
        for attachment in attachments:
            held = self._held[attachment.hash]
            if not held.references:
                held.etag = etag
                self._loose.pop(attachment.hash, None)
                self._held[attachment.hash] = self._held.pop(attachment.hash)
            held.references += 1

    def release(self, attachments: Iterable[Attachment]) -> None:
        """Take back the references of an item that was replaced or removed."""
        for attachment in attachments:
            held = self._held[attachment.hash]
            held.references -= 1
            if not held.references:
                self._loose[attachment.hash] = None

    def sweep(self) -> None:
        """Remove the contents to which no item refers."""
        for hash in self._loose:
            self.bytes -= len(self._held.pop(hash).blob.content)
        self._loose.clear()

    def after(self, etag: int) -> list[Blob]:
        """The contents whose `HeldBlob.etag` is above `etag`, in that order.

        A copy that has every item up to `etag` may lack exactly these contents.
        """
        found = []
        for held in reversed(self._held.values()):
            if held.references:
                if held.etag <= etag:
                    break
                found.append(held.blob)
        return found[::-1]

    def frozen(self) -> dict[str, tuple[bytes, int]]:
        """Hash of each content to the content and its `HeldBlob.etag`."""
        return {hash: (held.blob.content, held.etag) for hash, held in self._held.items()}

    def missing(self, attachments: Iterable[Attachment]) -> Iterator[str]:
        """The hashes of the attachments whose content is not held."""
        return (attachment.hash for attachment in attachments if attachment.hash not in self._held)
