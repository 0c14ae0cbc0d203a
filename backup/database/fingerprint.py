"""Fingerprints of 128 bits. Their sum over all items of a database identifies its contents, whatever their order.

A change of one item costs one subtraction and one addition.
"""

from collections.abc import Iterable
from hashlib import blake2b

from backup.database.items import Attachment, Document, Revision

MASK = (1 << 128) - 1
STEP = 1 << 20
"""How many characters of a body are encoded at once, so that a large one is not held twice."""


def of_item(slot: str, item: Document | Revision) -> int:
    """The fingerprint of a document (key, collection, JSON, attachments) or a revision (also vector, time, deletion)."""
    collection, body = item.collection.encode(), item.body
    head = b"%s\0%d\0%s" % (slot.encode(), len(collection), collection)
    found = blake2b(head + body[:STEP].encode(), digest_size=16)
    for begin in range(STEP, len(body), STEP):
        found.update(body[begin : begin + STEP].encode())
    if item.attachments:
        found.update(_attachments(item.attachments))
    if type(item) is Revision:
        found.update(b"\0%d\0%d" % (item.last_modified, item.deleted))
    return int.from_bytes(found.digest(), "big")


def of_texts(*parts: str) -> int:
    """The fingerprint of some texts in their order."""
    found = blake2b(digest_size=16)
    for part in parts:
        content = part.encode()
        found.update(b"%d:%s" % (len(content), content))
    return int.from_bytes(found.digest(), "big")


def hexadecimal(total: int) -> str:
    """A fingerprint or a sum of fingerprints as 32 hex digits."""
    return f"{total & MASK:032x}"


def _attachments(attachments: Iterable[Attachment]) -> bytes:
    return "".join(f"\0{each.name}\0{each.hash}\0{each.content_type}" for each in attachments).encode()
