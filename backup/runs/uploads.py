"""From the file on this node to every cloud of a task, at once (rules 9.6e, 9.8): sent, read back, and told of.

An upload is tried as often as the rules say, in the node's own time. Never here: making the file (backup_run.py), and what
becomes of older ones (retention_cleaner.py).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

import attrs

from backup.content.manifest import FileKind, Manifest
from backup.destinations import io_costs
from backup.destinations.faults import slowness
from backup.destinations.port import IN_PROGRESS, Destination, DestinationError, Upload
from backup.notes import Uploaded, UploadFailed, UploadRepeated
from backup.record.record import Sent
from backup.record.rules import Rules
from backup.runs.local_status import ChainEnd
from cluster.member import Member
from cluster.value import value

T = TypeVar("T")


class NoLongerWanted(Exception):
    """Somebody ended the run while it ran."""


@value
class RemotePlace:
    """One cloud, as a run finds it."""

    address: str
    word: str
    place: Destination


@value
class BackupFile:
    """A file under way: where it goes, what it continues, how much goes into it."""

    folder: str
    file: str
    upload: Upload
    chain: ChainEnd | None
    """What the file continues; None for a full one."""
    items: int
    size: int
    """Bytes before compression, roughly: what it costs."""

    @property
    def name(self) -> str:
        """As a place knows it."""
        return f"{self.folder}/{self.file}"


@attrs.define(eq=False)
class Uploads:
    """The uploads of one file."""

    _member: Member
    _rules: Rules
    _base: Destination
    """Where the file is."""
    _file: BackupFile
    _length: int
    """Bytes of the file: which of them are sent in which slice."""
    _manifest: Manifest
    _check: Callable[[Destination], None]
    """Reads the file back at a place and raises what is wrong."""
    _is_wanted: Callable[[], bool]
    _plain: Callable[[BaseException], str]
    _before: Mapping[str, Sent]
    """By address: how the uploads of the task came out before."""
    _ended: dict[str, Sent | None] = attrs.field(factory=dict, init=False)
    given_up: list[str] = attrs.field(factory=list, init=False)
    """What was wrong, a sentence for each cloud that does not have the file."""

    async def send(self, remotes: Iterable[RemotePlace]) -> tuple[Sent, ...]:
        """Send to all of them at once and wait for the last; how each came out. NoLongerWanted if the run is not."""
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
        """How it came out; None: it was ended."""
        member, file, manifest, began = self._member, self._file, self._manifest, self._member.monotonic()
        known = self._before.get(remote.address, Sent(remote.address, remote.word))
        about = (manifest.database, manifest.task_id, manifest.started_at, remote.address)
        for attempt in range(1, self._rules.upload_attempts + 1):
            try:
                await self._attempt(remote, began, again=attempt > 1)
            except NoLongerWanted:
                return None
            except (OSError, ValueError) as error:
                taken = isinstance(error, FileExistsError)  # by somebody else: it stays (rule 11.5)
                if not taken:
                    await self._outside(remote, partial(_clear, remote.place, file.name), io_costs.LOOK)
                why = self._plain(error)
                is_last = taken or attempt == self._rules.upload_attempts
                if not is_last and self._is_wanted() and self._has_time(began):
                    member.note(UploadRepeated(*about, attempt, why))
                    await member.sleep(self._rules.upload_pause)
                    continue
                member.note(UploadFailed(*about, why))
                self.given_up.append(why)
                return attrs.evolve(known, duration=member.monotonic() - began, error=why)
            break
        duration = member.monotonic() - began
        member.note(Uploaded(*about, file.folder, file.file, duration))
        if manifest.kind is FileKind.INCREMENTAL:
            return attrs.evolve(known, last_incremental=manifest.started_at, duration=duration, error="")
        return attrs.evolve(known, last_full=manifest.started_at, duration=duration, error="")

    async def _outside(self, remote: RemotePlace, work: Callable[[], T], cost: int) -> T:
        return await self._member.outside(work, cost * slowness(remote.place))

    async def _attempt(self, remote: RemotePlace, began: int, *, again: bool) -> None:
        file = self._file
        self._need_wanted(remote, began)
        begun: list[Upload] = []

        def begin() -> None:
            if again:
                remote.place.delete(file.name + IN_PROGRESS)  # ours, from the attempt before
            begun.append(remote.place.start(file.name))  # at hand even if this node dies before it hears of it

        try:
            await self._outside(remote, begin, io_costs.UPLOAD_START)
            await self._write(remote, begun[0], began)
            await self._outside(remote, begun[0].finish, io_costs.UPLOAD_FINISH)
        except Exception:
            await self._outside(remote, partial(_discard, begun), io_costs.LOOK)
            raise
        except BaseException:
            for upload in begun:
                upload.abandon()  # a crash: it leaves what such a cloud lets it leave
            raise
        if remote.place.gives_back:
            await self._outside(remote, partial(self._check, remote.place), io_costs.download(file.size))

    async def _write(self, remote: RemotePlace, upload: Upload, began: int) -> None:
        """In slices, so that there is time for things to happen in between."""
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


def withdraw(remotes: Iterable[RemotePlace], name: str) -> None:
    """Remove a file from all of them, as far as they can be reached."""
    for remote in remotes:
        _clear(remote.place, name)


def _discard(begun: Iterable[Upload]) -> None:
    for upload in begun:
        try:
            upload.discard()
        except OSError:  # it is out of reach: what is left there is no part of any chain
            upload.abandon()


def _clear(place: Destination, name: str) -> None:
    """What an upload that failed has left, in progress or with a name that it must not have."""
    try:
        place.delete(name + IN_PROGRESS)
        place.delete(name)
    except OSError:
        return
