"""The contents of attachments in one copy: each kept once, as long as somebody names it.

Never here: who names them, and what they are called.
"""

from collections.abc import Iterable, Iterator

import attrs

from backup.database.items import Attachment, Blob, hash_of


@attrs.define(eq=False)
class HeldBlob:
    """One content and who needs it."""

    blob: Blob
    references: int = 0
    """How many items name it; one that nobody names goes with the next `sweep`."""
    etag: int = 0
    """Of the item that was the first to name it, since when somebody always did."""


class Blobs:
    """All contents of one copy, in the order in which somebody began to name them."""

    def __init__(self) -> None:
        self._held: dict[str, HeldBlob] = {}
        self._loose: dict[str, None] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, hash: str) -> bool:
        return hash in self._held

    def get(self, hash: str) -> bytes | None:
        """The content of that hash, if it is here."""
        held = self._held.get(hash)
        return held.blob.content if held is not None else None

    def hold(self, blob: Blob) -> None:
        """Have a content until the next `sweep`, or as long as somebody names it. ValueError if its hash is not its own."""
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
        """The item of that etag names them. KeyError for a content that is not here."""
        for attachment in attachments:
            held = self._held[attachment.hash]
            if not held.references:
                held.etag = etag
                self._loose.pop(attachment.hash, None)
                self._held[attachment.hash] = self._held.pop(attachment.hash)
            held.references += 1

    def release(self, attachments: Iterable[Attachment]) -> None:
        """An item names them no more."""
        for attachment in attachments:
            held = self._held[attachment.hash]
            held.references -= 1
            if not held.references:
                self._loose[attachment.hash] = None

    def sweep(self) -> None:
        """Let go of what nobody names."""
        for hash in self._loose:
            self.bytes -= len(self._held.pop(hash).blob.content)
        self._loose.clear()

    def after(self, etag: int) -> list[Blob]:
        """Contents that somebody began to name after that etag, in that order."""
        found = []
        for held in reversed(self._held.values()):
            if held.references:
                if held.etag <= etag:
                    break
                found.append(held.blob)
        return found[::-1]

    def frozen(self) -> dict[str, tuple[bytes, int]]:
        """By hash: content and the etag since which somebody names it."""
        return {hash: (held.blob.content, held.etag) for hash, held in self._held.items()}

    def missing(self, attachments: Iterable[Attachment]) -> Iterator[str]:
        """The hashes of those that are not here."""
        return (attachment.hash for attachment in attachments if attachment.hash not in self._held)
