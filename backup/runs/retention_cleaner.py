"""Removing old chains from a destination, after a full backup is in place (section 14).

A chain is removed from its newest file to its full, so that an interruption leaves a shorter chain, which the next full
run finds as old as before. Which chains may go is decided in backup/record/retention_policy.py.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import attrs

from backup.content import file_names
from backup.destinations import io_costs
from backup.destinations.faults import slowness
from backup.destinations.port import Destination, DestinationError
from backup.notes import FolderExpired, FolderLeft, FolderRemoved, RetentionFailed
from backup.record.encryption_keys import Key
from backup.record.record import Database, Task
from backup.record.retention_policy import StoredChain, choose
from backup.record.rules import Rules
from backup.restore.chain_reader import RestorePoint, restore_points
from backup.restore.restore_points import Unusable, manifest_of
from cluster.member import Member
from cluster.time_units import DAY, as_datetime

UTC = ZoneInfo("UTC")


@attrs.define(eq=False)
class RetentionCleaner:
    """The retention of one run, at one destination."""

    _member: Member
    _rules: Rules
    _place: Destination
    _path: str
    """The destination as the task names it."""
    _plain: Callable[[BaseException], str]
    """The text of an error without real paths."""

    async def clean(self, database: Database, task: Task, folder: str, keys: Iterable[Key]) -> None:
        """Remove the chains that may go now that `folder` holds a new full backup. An error is only noted (rule 14.6)."""
        age = task.retention.age if task.retention is not None else None
        if age is None:  # rule 14.2
            return
        pace = slowness(self._place)
        try:
            look = partial(self._look, database.name, folder, tuple(keys), age)
            chains, passed_over = await self._member.outside(look, io_costs.START * pace)
            for left, why in passed_over:
                self._member.note(FolderLeft(database.name, task.id, self._path, left, why))
            choice = choose(chains, database.name, task.id, self._now(), age, self._rules)
            if choice.refused:
                self._member.note(RetentionFailed(database.name, task.id, self._path, choice.refused))
            for chain in choice.expired:
                about = (database.name, task.id, self._path, chain.folder)
                self._member.note(FolderExpired(*about, chain.last, self._now(), age))
                await self._remove(chain.folder, pace)
                self._member.note(FolderRemoved(*about))
        except DestinationError as error:
            self._member.note(RetentionFailed(database.name, task.id, self._path, self._plain(error)))

    # ---- looking

    def _now(self) -> int:
        """Wall µs from which ages are counted; where only names are read, the zone's local time as if it were UTC (rule 14.7)."""
        now, zone = self._member.wall(), self._member.zone
        if self._rules.retention_by_manifest:
            return now
        offset = as_datetime(now).astimezone(zone).utcoffset()
        assert offset is not None, "a time in a zone has an offset"
        return now + int(offset.total_seconds()) * 1_000_000

    def _look(
        self, database: str, new: str, keys: tuple[Key, ...], age: int
    ) -> tuple[tuple[StoredChain, ...], list[tuple[str, str]]]:
        """The chains in the order of their first backups; and folders that look old but cannot be read, with the reason."""
        now = self._member.wall()
        chains: list[StoredChain] = []
        left: list[tuple[str, str]] = []
        for folder in self._place.folders():
            named = file_names.parse_folder(folder, UTC)  # rule 14.7: the time in the name, taken as it stands
            if named is None:
                continue
            if named.database.lower() != database.lower() or not self._rules.retention_by_manifest:
                chains.append(_by_names(folder, named, self._place.files(folder)))
                continue
            if now - named.at < age - DAY and folder != new:  # a name is off by its zone at most
                chains.append(StoredChain(folder, named.at, named.at, 0, named.database))
                continue
            try:
                chains.append(self._by_manifests(folder, keys, whole=folder == new))
            except Unusable as error:
                if isinstance(error, DestinationError):
                    raise
                left.append((folder, self._plain(error)))
        return tuple(sorted(chains, key=lambda chain: (chain.at, chain.folder))), left

    def _by_manifests(self, folder: str, keys: tuple[Key, ...], *, whole: bool) -> StoredChain:
        """The chain as its first and last files tell it. `whole`: it was written and read back just now."""
        points = restore_points(self._place, folder)
        if not points:
            named = file_names.parse_folder(folder, UTC)
            assert named is not None, "only folders of backups are looked into"
            return StoredChain(folder, named.at, named.at, 0, named.database)
        first = manifest_of(self._place, points[0], keys)
        last = max(manifest_of(self._place, point, keys).started_at for point in _ends(points))
        return StoredChain(
            folder, first.started_at, last, len(points), first.database, first.task_id, points[0].full, whole
        )

    # ---- removing

    async def _remove(self, folder: str, pace: int) -> None:
        member, place = self._member, self._place
        files = await member.outside(partial(place.files, folder), io_costs.LOOK * pace)
        for file in reversed(files):
            parsed = file_names.parse_file(file, UTC)
            if parsed is None or not parsed.full or parsed.in_progress:
                await member.outside(partial(place.delete, f"{folder}/{file}"), io_costs.LOOK * pace)
        await member.outside(partial(place.delete_folder, folder), io_costs.LOOK * pace)  # with the full, all at once


def _ends(points: Sequence[RestorePoint]) -> tuple[RestorePoint, ...]:
    """The files that may be the newest: names are local times, and the end of summer time repeats an hour of them."""
    return tuple(point for point in points if points[-1].at - point.at < DAY // 12)[-3:] or (points[-1],)


def _by_names(folder: str, named: file_names.FolderName, files: tuple[str, ...]) -> StoredChain:
    """The chain as file names alone tell it (rule 14.3)."""
    found = [
        parsed for file in files if (parsed := file_names.parse_file(file, UTC)) is not None and not parsed.in_progress
    ]
    found.sort(key=lambda parsed: (parsed.at, not parsed.full))
    opens_with_full = bool(found) and found[0].full
    last = found[-1].at if found else named.at
    return StoredChain(folder, named.at, last, len(found), named.database, 0, opens_with_full)
