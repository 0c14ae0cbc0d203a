"""128 bits of what something says. Their sum over all that a database holds tells its contents, in whatever order they came.

A change of one item changes the sum by one subtraction and one addition. Never here: who keeps which sum.
"""

from collections.abc import Iterable
from hashlib import blake2b

from backup.database.items import Attachment, Document, Revision

MASK = (1 << 128) - 1


def of_item(slot: str, item: Document | Revision) -> int:
    """Of a document (its id in lower case, collection, JSON, attachments) or of a revision (its vector and time as well)."""
    collection = item.collection.encode()
    text = b"%s\0%d\0%s%s" % (slot.encode(), len(collection), collection, item.body.encode())
    if item.attachments:
        text += _attachments(item.attachments)
    if type(item) is Revision:
        text += b"\0%d\0%d" % (item.last_modified, item.deleted)
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")


def of_texts(*parts: str) -> int:
    """Of some texts in their order."""
    found = blake2b(digest_size=16)
    for part in parts:
        content = part.encode()
        found.update(b"%d:%s" % (len(content), content))
    return int.from_bytes(found.digest(), "big")


def hexadecimal(total: int) -> str:
    """32 digits."""
    return f"{total & MASK:032x}"


def _attachments(attachments: Iterable[Attachment]) -> bytes:
    return "".join(f"\0{each.name}\0{each.hash}\0{each.content_type}" for each in attachments).encode()
