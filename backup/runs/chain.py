"""Where the next file goes: the chain that it continues, and a free name for it (rules 8.7, 11.1 to 11.6).

Every place is looked at; nothing is written. Names are built in backup/content/file_names.py.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
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
from cluster.value import value

UTC = ZoneInfo("UTC")


Looked = Sequence[tuple[Destination, tuple[str, ...]]]
"""Each place that can be read, with the names of the files in one folder, sorted."""


def looked_at(inputs: RunInputs, places: RunPlaces) -> Looked:
    """The places, with the files in the folder of the chain that an incremental would continue."""
    chain = _last_chain(inputs)
    return places.looked(lambda place: place.files(chain.folder)) if chain is not None else ()


def chain_to_continue(
    inputs: RunInputs, places: RunPlaces, look: Callable[[], Looked], key: Key | None, rules: Rules
) -> ChainEnd | None:
    """The chain that an incremental continues; None unless it is of this very copy and whole as far as rules look (8.7).

    Under any rules a copy that replaced another begins anew, as the two number their changes differently. `look` is
    `looked_at`, once for both functions. The cost does not grow with the chain: only the names behind the chain's last
    file are read.
    """
    chain = _last_chain(inputs)
    if chain is None:
        return None
    if not rules.looks_at_every_place:  # rule 26.3
        is_there = not places.path or any(_is_full(file) for file in places.base.files(chain.folder))
        return chain if is_there else None
    looked = look()
    for _, files in looked:
        if not _holds(files, chain.file) or not any(_is_full(file) for file in files):
            return None
    if not looked:  # a Glacier vault cannot be listed: what this node has kept is all there is
        return chain
    place, here = looked[0]
    if not _has_our_key(place, chain, key):
        return None  # the task was edited: one key opens one chain
    for file in here[bisect_right(here, chain.file) :]:
        is_everywhere = len(looked) == len(places.lasting) and all(_holds(files, file) for _, files in looked)
        if is_everywhere and _is_finished(file):
            chain = _adopted(place, chain, file, key)  # finished just before a crash that lost this node's note of it
    return chain


def free_names(
    inputs: RunInputs,
    node: str,
    zone: ZoneInfo,
    places: RunPlaces,
    chain: ChainEnd | None,
    look: Callable[[], Looked],
    key: Key | None,
) -> tuple[str, str]:
    """A folder and a file name that no place has yet (rules 11.1 to 11.5). `look`: at the folder of the chain, if there is one."""
    kind = inputs.task.kind
    if chain is not None:

        def file_at(at: int) -> str:
            return file_names.file_name(kind, False, at, zone, encrypted=key is not None)

        return chain.folder, file_names.first_free(file_at, inputs.started_at, _Taken(look()))[0]

    def folder_at(at: int) -> str:
        return file_names.folder_name(inputs.database.name, node, kind, at, zone)

    others = [folder for _, folders in places.looked(lambda place: place.folders()) for folder in folders]
    folder, at = file_names.first_free(folder_at, inputs.started_at, others)
    return folder, file_names.file_name(kind, True, at, zone, encrypted=key is not None)


def _last_chain(inputs: RunInputs) -> ChainEnd | None:
    """The chain of the task's last run here, if its next file may continue it."""
    chain, before = inputs.chain, inputs.before
    if chain is None or before is None or before.folder != chain.folder:
        return None
    if chain.copy != inputs.contents.database_id or chain.raft_index > inputs.database.raft_index:
        return None  # the file before holds what this node, just restarted, has not heard of yet
    if chain.raft_index < inputs.database.values.cleaned:
        return None  # it lacks deletions of compare-exchange values that are forgotten by now (rule 18.6)
    return chain


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


@value
class _Taken:
    """The names that some place has."""

    looked: Looked

    def __contains__(self, file: object) -> bool:
        return any(_holds(files, str(file)) for _, files in self.looked)


def _holds(files: Sequence[str], file: str) -> bool:
    """Whether sorted names hold one."""
    place = bisect_left(files, file)
    return place < len(files) and files[place] == file


def _is_finished(file: str) -> bool:
    parsed = file_names.parse_file(file, UTC)
    return parsed is not None and not parsed.in_progress


def _is_full(file: str) -> bool:
    parsed = file_names.parse_file(file, UTC)
    return parsed is not None and not parsed.in_progress and parsed.full
