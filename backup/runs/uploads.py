"""Uploading the file on this node to every cloud of a task at once (rules 9.6e, 9.8): sent, read back, and noted.

An upload is tried as often as the rules say, by the node's monotonic clock. The file is made in backup_run.py; older
files are removed in retention_cleaner.py.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

import attrs

from backup.content.manifest import FileKind, Manifest
from backup.destinations import io_costs
from backup.destinations.faults import time_at
from backup.destinations.port import IN_PROGRESS, Destination, DestinationError, Upload, delete_if_empty
from backup.destinations.waiting import wait_a_little
from backup.notes import Uploaded, UploadFailed, UploadRepeated
from backup.record.record import Sent
from backup.record.rules import Rules
from backup.runs.local_status import ChainEnd, UnfinishedFiles
from cluster.member import Member
from cluster.value import value

T = TypeVar("T")


class NoLongerWanted(Exception):
    """The run was cancelled while it was under way."""


@value
class RemotePlace:
    """One cloud of a run."""

    address: str
    word: str
    place: Destination
    is_real: bool = False
    """Whether it is no simulated one."""
    shows_progress: bool = False
    """Whether a file shows while it is being sent, so that a crash leaves it there."""


@value
class BackupFile:
    """A file being written: its folder and name, the chain it continues, and its size."""

    folder: str
    file: str
    upload: Upload
    chain: ChainEnd | None
    """The chain that the file continues; None for a full one."""
    items: int
    size: int
    """Bytes before compression, roughly; the simulated cost of writing follows from it."""

    @property
    def name(self) -> str:
        """Folder and file, as a destination names it."""
        return f"{self.folder}/{self.file}"


@attrs.define(eq=False)
class Uploads:
    """The uploads of one file."""

    _member: Member
    _rules: Rules
    _base: Destination
    """The place in which the file was built."""
    _file: BackupFile
    _length: int
    """Bytes of the file, which are divided into slices."""
    _manifest: Manifest
    _check: Callable[[Destination], None]
    """Reads the file back from a destination and raises if it is damaged."""
    _is_wanted: Callable[[], bool]
    _plain: Callable[[BaseException], str]
    _before: Mapping[str, Sent]
    """By address: the outcome of the task's uploads before this run."""
    _unfinished: UnfinishedFiles
    _finishing: set[str] = attrs.field(factory=set, init=False)
    """Addresses at which an attempt came to its end, so that the file there under its final name may be ours."""
    _ended: dict[str, Sent | None] = attrs.field(factory=dict, init=False)
    given_up: list[str] = attrs.field(factory=list, init=False)
    """The error of each cloud that does not have the file, one sentence each."""

    async def send(self, remotes: Iterable[RemotePlace]) -> tuple[Sent, ...]:
        """Send to all clouds at once, wait for the last, and return each outcome. NoLongerWanted if the run was cancelled."""
        remotes = tuple(remotes)
        for remote in remotes:
            self._member.spawn(self._live, remote)
        while len(self._ended) < len(remotes):
            await self._member.changed(self._member.version)
        if None in self._ended.values():
            raise NoLongerWanted
        return tuple(sent for remote in remotes if (sent := self._ended[remote.address]) is not None)

    async def _live(self, remote: RemotePlace) -> None:
        self._ended[remote.address] = await self._sent(remote)
        self._member.stir()

    async def _sent(self, remote: RemotePlace) -> Sent | None:
        """The outcome of one upload; None: the run was cancelled."""
        member, file, manifest, began = self._member, self._file, self._manifest, self._member.monotonic()
        known = self._before.get(remote.address, Sent(remote.address, remote.word))
        about = (manifest.database, manifest.task_id, manifest.started_at, remote.address)
        if remote.shows_progress:
            await self._tidied(remote)
            await self._unfinished.keep(remote.address, (*self._unfinished.of(remote.address), file.name))
        for attempt in range(1, self._rules.upload_attempts + 1):
            try:
                await self._attempt(remote, began, again=attempt > 1)
            except NoLongerWanted:
                return None
            except (OSError, ValueError) as error:
                taken = isinstance(error, FileExistsError)  # somebody else's file has that name: it stays (rule 11.5)
                is_clear = taken or await self._outside(remote, partial(_clear, remote.place, file.name), io_costs.LOOK)
                why = self._plain(error)
                is_last = is_last_attempt(attempt, self._rules)
                if not is_last and not taken and self._is_wanted() and self._has_time(began):
                    member.note(UploadRepeated(*about, attempt, why))
                    await pause(member, self._rules, is_real=remote.is_real)
                    continue
                if is_clear:
                    await self._forget(remote)
                member.note(UploadFailed(*about, why, is_last))
                self.given_up.append(why)
                return attrs.evolve(known, duration=member.monotonic() - began, error=why)
            break
        await self._forget(remote)
        duration = member.monotonic() - began
        member.note(Uploaded(*about, file.folder, file.file, duration))
        if manifest.kind is FileKind.INCREMENTAL:
            return attrs.evolve(known, last_incremental=manifest.started_at, duration=duration, error="")
        return attrs.evolve(known, last_full=manifest.started_at, duration=duration, error="")

    async def _tidied(self, remote: RemotePlace) -> None:
        """Remove what earlier runs of this task have left unfinished there, when they died or could not reach it."""
        left = self._unfinished.of(remote.address)
        for name in left:
            try:
                await self._outside(remote, partial(_tidy, remote.place, name), io_costs.LOOK)
            except OSError:  # the next run tries again
                continue
            left = tuple(each for each in left if each != name)
        if left != self._unfinished.of(remote.address):
            await self._unfinished.keep(remote.address, left)

    async def _forget(self, remote: RemotePlace) -> None:
        """The file of this run does not lie there unfinished any more."""
        if remote.shows_progress:
            left = [name for name in self._unfinished.of(remote.address) if name != self._file.name]
            await self._unfinished.keep(remote.address, left)

    async def _outside(self, remote: RemotePlace, work: Callable[[], T], cost: int) -> T:
        return await self._member.outside(work, time_at(remote.place, cost))

    async def _attempt(self, remote: RemotePlace, began: int, *, again: bool) -> None:
        file = self._file
        self._need_wanted(remote, began)
        begun: list[Upload] = []

        def begin() -> None:
            if again:
                remote.place.delete(file.name + IN_PROGRESS)  # left by this node's previous attempt
            if remote.address in self._finishing:
                remote.place.delete(file.name)  # an attempt whose end nobody confirmed may have made it all the same
            begun.append(remote.place.start(file.name))  # known even if this node crashes before the call returns

        try:
            await self._outside(remote, begin, io_costs.UPLOAD_START)
            await self._write(remote, begun[0], began)
            self._finishing.add(remote.address)
            await self._outside(remote, begun[0].finish, io_costs.UPLOAD_FINISH)
        except Exception:
            await self._outside(remote, partial(_discard, begun), io_costs.LOOK)
            raise
        except BaseException:
            for upload in begun:
                upload.abandon()  # the node crashes: what stays depends on the kind of cloud
            raise
        if remote.place.gives_back:
            await self._outside(remote, partial(self._check, remote.place), io_costs.download(file.size))

    async def _write(self, remote: RemotePlace, upload: Upload, began: int) -> None:
        """Send the file in slices, so that other events can happen in between."""
        file, chunks, written = self._file, self._base.read(self._file.name), 0

        def write_up_to(count: int | None) -> None:
            nonlocal written
            while (count is None or written < count) and (chunk := next(chunks, None)) is not None:
                upload.write(chunk)
                written += len(chunk)

        slices = io_costs.slices(file.items)
        for number in range(1, slices + 1):
            self._need_wanted(remote, began)
            count = None if number == slices else self._length * number // slices
            await self._outside(remote, partial(write_up_to, count), io_costs.upload_slice(file.items, file.size))
        self._need_wanted(remote, began)

    def _has_time(self, began: int) -> bool:
        return self._member.monotonic() - began < self._rules.upload_timeout

    def _need_wanted(self, remote: RemotePlace, began: int) -> None:
        if not self._is_wanted():
            raise NoLongerWanted
        if not self._has_time(began):
            minutes = self._rules.upload_timeout // 60_000_000
            raise DestinationError(
                remote.address,
                f"the upload has taken {minutes} minutes and is not done",
                "see how much the line carries, or raise the time-out of cloud storage",
            )


def is_last_attempt(attempt: int, rules: Rules) -> bool:
    """Whether the rules promise no other attempt after this one, the first being 1."""
    return attempt >= rules.upload_attempts


async def pause(member: Member, rules: Rules, *, is_real: bool) -> None:
    """Wait before the next attempt. A real cloud needs real time to come back."""
    if is_real:
        await member.outside(wait_a_little, rules.upload_pause)
    else:
        await member.sleep(rules.upload_pause)


def withdraw(remotes: Iterable[RemotePlace], name: str) -> None:
    """Remove a file from every cloud that can be reached."""
    for remote in remotes:
        _clear(remote.place, name)


def _discard(begun: Iterable[Upload]) -> None:
    for upload in begun:
        try:
            upload.discard()
        except OSError:  # the cloud is out of reach: the unfinished file left there is no part of any chain
            upload.abandon()


def _clear(place: Destination, name: str) -> bool:
    """Remove the file that a failed upload has left, unfinished or under its final name. Returns whether that could be done."""
    try:
        place.delete(name + IN_PROGRESS)
        place.delete(name)
        delete_if_empty(place, name.partition("/")[0])
    except OSError:
        return False
    return True


def _tidy(place: Destination, name: str) -> None:
    """Remove an unfinished file, and its folder if nothing else is in it."""
    place.delete(name + IN_PROGRESS)
    delete_if_empty(place, name.partition("/")[0])
