"""A database made from a backup (17.5 to 17.8): read first, then made through the log, then filled.

So that files that cannot be restored leave nothing behind. Never here: what is in the files (restore.py).
"""

from backup import costs, restore
from backup.commands import CreateDatabase, DeleteDatabase
from backup.content.logical import read_manifest
from backup.copies import Copies
from backup.notes import DatabaseRestored
from backup.requests import RestoreDatabase, RestoreResult
from backup.shelves import Shelves
from cluster.member import Member, Refused


async def restore_database(member: Member, copies: Copies, shelves: Shelves, request: RestoreDatabase) -> RestoreResult:
    """Do it. Raises what `RestoreDatabase` says; then there is no new database (rule 17.8)."""
    if member.state.database(request.name) is not None:
        raise Refused(f"database {request.name!r} exists already: restore to another name, or delete it first")
    place = shelves.destination(request.node, request.path)

    def count() -> int:
        points = restore.restore_points(place, request.folder)
        manifests = [read_manifest(each.file, place.read(f"{each.folder}/{each.file}")) for each in points]
        return sum(manifest.documents + manifest.tombstones for manifest in manifests)

    items = await member.outside(count, costs.START)

    def read() -> restore.Restored:
        unused = copies.unused_id(0)
        return restore.restore(place, request.folder, request.last_file, node=member.name, database_id=unused)

    restored = await member.outside(read, costs.restore(items, 1_000 * items))
    store = restored.store
    create = CreateDatabase(request.name, (member.name,), member.wall(), member.term)  # rule 17.7
    database_id: int = await member.propose(create)
    copy = await copies.opened(database_id)
    try:
        await copy.replace(store)
    except OSError:
        await member.propose(DeleteDatabase(request.name))
        raise
    documents = store.size.documents
    member.note(DatabaseRestored(request.name, request.folder, len(restored.files), documents, store.fingerprint))
    return RestoreResult(database_id, restored.files, documents, store.fingerprint)
