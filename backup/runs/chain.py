"""Where the next file goes: the chain that it continues, and a free name for it (rules 8.7, 11.1 to 11.6).

Every place is looked at; nothing is written. Names are built in backup/content/file_names.py.
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from backup.content import file_names
from backup.content.encryption import NoKey, WrongKey, is_opened_by, opening_of, plain
from backup.content.logical import read_manifest
from backup.content.manifest import UnreadableBackup
from backup.destinations.port import Destination
from backup.record.encryption_keys import Key
from backup.record.rules import Rules
from backup.runs.local_status import ChainEnd
from backup.runs.run_inputs import RunInputs, RunPlaces

UTC = ZoneInfo("UTC")


def chain_to_continue(inputs: RunInputs, places: RunPlaces, key: Key | None, rules: Rules) -> ChainEnd | None:
    """The chain that an incremental continues; None unless it is of this very copy and whole as far as rules look (8.7).

    Under any rules a copy that replaced another begins anew, as the two number their changes differently.
    """
    chain, before = inputs.chain, inputs.before
    if chain is None or before is None or before.folder != chain.folder:
        return None
    if chain.copy != inputs.contents.database_id or chain.raft_index > inputs.database.raft_index:
        return None  # the file before holds what this node, just restarted, has not heard of yet
    if chain.raft_index < inputs.database.values.cleaned:
        return None  # it lacks deletions of compare-exchange values that are forgotten by now (rule 18.6)
    folder = chain.folder
    if not rules.looks_at_every_place:  # rule 26.3
        is_there = not places.path or any(_finished(places.base.files(folder)).values())
        return chain if is_there else None
    looked = [(place, _finished(files)) for place, files in places.looked(lambda place: place.files(folder))]
    for _, files in looked:
        if chain.file not in files or not any(files.values()):
            return None
    if not looked:  # a Glacier vault cannot be listed: what this node has kept is all there is
        return chain
    place, here = looked[0]
    if not _has_our_key(place, chain, key):
        return None  # the task was edited: one key opens one chain
    for file in here:
        if file > chain.file and len(looked) == len(places.lasting) and all(file in files for _, files in looked):
            chain = _adopted(place, chain, file, key)  # finished just before a crash that lost this node's note of it
    return chain


def free_names(
    inputs: RunInputs, node: str, zone: ZoneInfo, places: RunPlaces, chain: ChainEnd | None, key: Key | None
) -> tuple[str, str]:
    """A folder and a file name that no place has yet (rules 11.1 to 11.5)."""
    kind = inputs.task.kind
    if chain is not None:
        folder = chain.folder
        taken = [file for _, files in places.looked(lambda place: place.files(folder)) for file in files]

        def file_at(at: int) -> str:
            return file_names.file_name(kind, False, at, zone, encrypted=key is not None)

        return folder, file_names.first_free(file_at, inputs.started_at, taken)[0]

    def folder_at(at: int) -> str:
        return file_names.folder_name(inputs.database.name, node, kind, at, zone)

    others = [folder for _, folders in places.looked(lambda place: place.folders()) for folder in folders]
    folder, at = file_names.first_free(folder_at, inputs.started_at, others)
    return folder, file_names.file_name(kind, True, at, zone, encrypted=key is not None)


def _has_our_key(place: Destination, chain: ChainEnd, key: Key | None) -> bool:
    """Whether the chain is encrypted as the next file is to be."""
    parsed = file_names.parse_file(chain.file, UTC)
    if parsed is None or parsed.snapshot:
        return True  # a snapshot is encrypted if its database is (rule 13.4), whatever the task says
    if not parsed.encrypted or key is None:
        return parsed.encrypted == (key is not None)
    return is_opened_by(opening_of(place.read(f"{chain.folder}/{chain.file}")), key)


def _adopted(place: Destination, chain: ChainEnd, file: str, key: Key | None) -> ChainEnd:
    """The chain with `file` added if the file continues it; else the chain as it was."""
    try:
        content = place.read(f"{chain.folder}/{file}")
        found = read_manifest(file, plain(file, content, () if key is None else (key,)))
    except (UnreadableBackup, WrongKey, NoKey):  # not written by this task
        return chain
    if (found.previous, found.from_etag, found.database_id) != (chain.file, chain.last_etag, chain.copy):
        return chain
    return ChainEnd(chain.folder, file, found.last_etag, chain.copy, found.raft_index)


def _finished(files: Iterable[str]) -> dict[str, bool]:
    """The finished backups among a folder's files, in order, each with whether it is full."""
    found = ((file, file_names.parse_file(file, UTC)) for file in files)
    return {file: parsed.full for file, parsed in found if parsed is not None and not parsed.in_progress}
