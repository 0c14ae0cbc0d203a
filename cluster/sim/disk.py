"""A machine's disk, in memory: its files, what of them is durable, and the faults of disks.

The disk survives crashes. Each incarnation of a node sees it through a `View` of its own, which does nothing once it is
unplugged. Contents are kept once: a list says how to undo what is not durable yet, so a sync is cheap and a crash
undoes.
"""

import errno
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from cluster.member import Dice
from cluster.ports import DiskPort
from cluster.sim.dice import luck
from cluster.value import value

FOLDER = "files/"
"""The folder of the programs' files, apart from the node's own."""


@value
class DiskModel:
    """The durations of a disk in µs. The defaults are those of a good drive of a server."""

    write_latency: int = 10
    """Added for each write to the sync that makes it durable."""
    sync_latency: int = 500
    jitter: int = 250
    """Added to each sync: uniform in [0, jitter)."""


# ---- records to undo what is not durable yet ----


@value
class Appended:
    name: str
    length: int
    """Length of the file before, in bytes."""


@value
class Replaced:
    name: str
    before: bytearray | None
    """The content before; None if there was no file."""


@value
class Truncated:
    name: str
    tail: bytes
    """The bytes that were cut off."""


Undo = Appended | Replaced | Truncated


class Disk:
    """One machine's disk. `later(delay, do)` puts `do()` on the world's agenda, `delay` µs from now."""

    def __init__(
        self, node: str, model: DiskModel, seed: int, later: Callable[[int, Callable[[], None]], None]
    ) -> None:
        self.node = node
        self.model = model
        self.later = later
        self.slowness = 1.0
        """The factor on the duration of every sync that starts."""
        self.full = False
        """Whether every write is refused for lack of space."""
        self.unreadable = False
        """Whether the next start cannot read the log."""
        self.goes_astray = False
        """Whether the next write to the end of the log lands at its beginning."""
        self.syncs = 0
        """Syncs started so far; the number of a sync selects its luck."""
        self.files: dict[str, bytearray] = {}
        self.pending: list[Undo] = []
        """The writes that are not durable yet, oldest first."""
        self.seed = seed
        """Selects the luck of every sync, with its number."""
        self._failing = 0
        self._view: View | None = None
        self._at_start: dict[str, bytes] = {}
        """What the files held when the last incarnation began."""

    def view(self) -> "View":
        """The disk for a new incarnation; the view before it, if any, is unplugged."""
        self.unplug()
        self._at_start = {name: bytes(content) for name, content in self.files.items()}
        self._view = View(self)
        return self._view

    def unplug(self) -> None:
        """End the incarnation: its view changes nothing and calls nothing back any more."""
        if self._view is not None:
            self._view.plugged = False
            self._view = None

    def sync_duration(self) -> int:
        """The duration in µs of a sync that starts now. Each call counts as another sync."""
        self.syncs = number = self.syncs + 1
        delay = int(luck(self.seed, number, 0, 0) * self.model.jitter)
        return int((self.least_duration(len(self.pending)) + delay) * self.slowness)

    def least_duration(self, writes: int) -> int:
        """The duration in µs of a sync of so many writes, if luck adds nothing and the disk is not slow."""
        return self.model.sync_latency + self.model.write_latency * writes

    def sync_fails(self) -> bool:
        """Whether the sync that ends now fails because of `fail_next_sync`."""
        if not self._failing:
            return False
        self._failing -= 1
        return True

    def settle(self) -> None:
        """Make everything written so far durable at once, as the last sync of a process that ends in order.

        OSError if that sync is to fail: then nothing more is durable than before.
        """
        if self.pending and self.sync_fails():
            raise self.sync_error()
        self.pending.clear()

    def sync_error(self) -> OSError:
        """The error of a sync that failed."""
        return OSError(errno.EIO, f"a sync failed on the disk of {self.node}: restart the node from what is durable")

    # ---- faults ----

    def crash(self, dice: Dice) -> None:
        """Unplug, and lose writes that were not synced: all, none, or all after some point, as the dice decide.

        If the first lost write is an append, a first part of it may survive, and the end of that part may be garbage.
        """
        self.unplug()
        count = len(self.pending)
        kept = (0, count, dice.below(count + 1))[dice.below(3)]
        while len(self.pending) > kept + 1:
            self._undo(self.pending.pop())
        if len(self.pending) > kept:
            self._tear(self.pending.pop(), dice)
        self.pending.clear()  # what survived is durable

    def _tear(self, undo: Undo, dice: Dice) -> None:
        lost = bytes(self.files[undo.name][undo.length :]) if isinstance(undo, Appended) else b""
        self._undo(undo)
        if lost and dice.below(2):
            part = 1 + dice.below(len(lost))
            garbage = dice.below(part + 1) * dice.below(2)
            self.files[undo.name] += lost[: part - garbage] + bytes(dice.below(256) for _ in range(garbage))

    def _undo(self, undo: Undo) -> None:
        match undo:
            case Appended(name, length):
                del self.files[name][length:]
            case Truncated(name, tail):
                self.files[name] += tail
            case Replaced(name, before) if before is not None:
                self.files[name] = before
            case Replaced(name):
                del self.files[name]

    def fail_next_sync(self) -> None:
        """Let the next sync to end fail, also one under way. Each call adds one failure."""
        self._failing += 1

    def mend(self) -> None:
        """End what ails the disk: it is as fast as it was, also at a sync under way, has room, and its next sync does not fail."""
        was_slow = self.slowness > 1
        self.slowness, self.full, self._failing = 1.0, False, 0
        self.unreadable = self.goes_astray = False
        if was_slow and self._view is not None:
            self._view.hasten()

    def flip(self, name: str, offset: int, bit: int) -> None:
        """Flip one bit of a file. ValueError if the file has no such bit."""
        content = self.files.get(name, b"")
        if not (0 <= offset < len(content) and 0 <= bit < 8):
            raise ValueError(f"{name} on {self.node} has {len(content)} bytes of 8 bits: no bit {bit} of byte {offset}")
        self.files[name][offset] ^= 1 << bit

    def roll_back(self) -> None:
        """Hold again what was there when the last incarnation began. ValueError while one is plugged in."""
        if self._view is not None:
            raise ValueError(f"the disk of {self.node} is in use: crash the node before its disk is rolled back")
        self.files = {name: bytearray(content) for name, content in self._at_start.items()}
        self.pending.clear()

    def wipe(self) -> None:
        """Lose every file, as with a new drive. ValueError while an incarnation is plugged in."""
        if self._view is not None:
            raise ValueError(f"the disk of {self.node} is in use: crash the node before its disk is wiped")
        self.files.clear()
        self.pending.clear()


class View:
    """The disk as one incarnation sees it: `cluster.ports.DiskPort`. Once unplugged, it drops writes and refuses reads."""

    def __init__(self, disk: Disk) -> None:
        self.plugged = True
        self._disk = disk
        self._running = False
        self._number = 0
        """The number of the sync that runs, or ran last."""
        self._waiting: list[tuple[Callable[[], None], Callable[[OSError], None]]] = []
        self._served: list[tuple[Callable[[], None], Callable[[OSError], None]]] = []
        """The callbacks that the running sync will call."""
        self._covered = 0
        """How many of the disk's pending writes the running sync makes durable."""

    def unplug(self) -> None:
        """End this view's incarnation, unless that was done."""
        if self.plugged:
            self._disk.unplug()

    def names(self) -> Sequence[str]:
        """The names of all files, sorted."""
        return sorted(self._disk.files) if self.plugged else []

    def read(self, name: str) -> bytes:
        """The content; FileNotFoundError if there is no such file, OSError once the view is unplugged."""
        if not self.plugged:
            raise OSError(errno.EIO, f"this incarnation of {self._disk.node} is over: it reads nothing any more", name)
        if self._disk.unreadable and not name.startswith(FOLDER):
            self._disk.unreadable = False
            raise OSError(errno.EIO, f"a sector of the disk of {self._disk.node} gives an error: start it again", name)
        if name not in self._disk.files:
            raise FileNotFoundError(errno.ENOENT, f"no such file on the disk of {self._disk.node}", name)
        return bytes(self._disk.files[name])

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file; OSError ENOSPC if the disk is full."""
        if not self.plugged:
            return
        disk = self._disk
        if disk.full:
            raise self._no_room(name)
        if name not in disk.files:
            self.replace(name, b"")
        file = disk.files[name]
        disk.pending.append(Appended(name, len(file)))
        if disk.goes_astray and len(file) > 2 * len(content) and not name.startswith(FOLDER):
            disk.goes_astray = False
            file += bytes(len(content))
            file[: len(content)] = content
        else:
            file += content

    def replace(self, name: str, content: bytes) -> None:
        """Replace the content of the file; OSError ENOSPC if the disk is full."""
        if not self.plugged:
            return
        if self._disk.full:
            raise self._no_room(name)
        self._disk.pending.append(Replaced(name, self._disk.files.get(name)))
        self._disk.files[name] = bytearray(content)

    def truncate(self, name: str, length: int) -> None:
        """Keep the first `length` bytes; ValueError if there are fewer."""
        if not self.plugged:
            return
        have = len(self._disk.files.get(name, b""))
        if not 0 <= length <= have:
            raise ValueError(f"{name} on {self._disk.node} has {have} bytes: it cannot be cut to {length}")
        if length < have:
            file = self._disk.files[name]
            self._disk.pending.append(Truncated(name, bytes(file[length:])))
            del file[length:]

    def remove(self, name: str) -> None:
        """Remove the file if there is one."""
        if self.plugged and name in self._disk.files:
            self._disk.pending.append(Replaced(name, self._disk.files.pop(name)))

    def _no_room(self, name: str) -> OSError:
        return OSError(errno.ENOSPC, f"no space left on the disk of {self._disk.node}: free some and write again", name)

    # ---- sync: one at a time; calls meanwhile share the next one ----

    def sync(self, done: Callable[[], None], failed: Callable[[OSError], None]) -> None:
        """Call `done` when everything written so far is durable; calls are answered in their order."""
        if not self.plugged:
            return
        self._waiting.append((done, failed))
        if not self._running:
            self._start()

    def _start(self) -> None:
        disk = self._disk
        self._running = True
        self._served, self._waiting = self._waiting, []
        self._covered = len(disk.pending)
        # Without a write to sync it takes no time, but is still an event of its own.
        self._number += 1
        disk.later(disk.sync_duration() if self._covered else 0, partial(self._end, self._number))

    def hasten(self) -> None:
        """Let a sync that is under way end as soon as on a disk that is not slow."""
        if self._running:
            disk = self._disk
            disk.later(disk.least_duration(self._covered), partial(self._end, self._number))

    def _end(self, number: int) -> None:
        if not self.plugged or not self._running or number != self._number:
            return
        error, covered, served, disk = None, self._covered, self._served, self._disk
        if covered and disk.sync_fails():
            error = disk.sync_error()
        else:
            del disk.pending[:covered]
        self._running = False
        if self._waiting:
            self._start()
        for done, failed in served:
            if self.plugged:  # a call before may have ended this incarnation
                if error is None:
                    done()
                else:
                    failed(error)


class Files:
    """The files of a node's programs: `cluster.member.Disk` over a `DiskPort`, in a folder of their own.

    `wait(start)` parks the task, calls `start(resume)` and returns after `resume()` was called.
    """

    def __init__(self, port: DiskPort, wait: Callable[[Callable[[Callable[[], None]], None]], Awaitable[None]]) -> None:
        self._port = port
        self._wait = wait

    async def write(self, name: str, content: bytes) -> None:
        """Replace the file, atomically and durably; OSError if the disk is full or the sync fails."""
        self._port.replace(FOLDER + name, content)
        await self._synced()

    async def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file, durably; OSError if the disk is full or the sync fails."""
        self._port.append(FOLDER + name, content)
        await self._synced()

    async def read(self, name: str) -> bytes:
        """The content; FileNotFoundError if there is none."""
        return self._port.read(FOLDER + name)

    async def remove(self, name: str) -> None:
        """Remove the file, durably."""
        self._port.remove(FOLDER + name)
        await self._synced()

    def names(self) -> Sequence[str]:
        """The names of all files, sorted."""
        return [name.removeprefix(FOLDER) for name in self._port.names() if name.startswith(FOLDER)]

    async def _synced(self) -> None:
        errors: list[OSError] = []

        def start(resume: Callable[[], None]) -> None:
            def failed(error: OSError) -> None:
                errors.append(error)
                resume()

            self._port.sync(resume, failed)

        await self._wait(start)
        if errors:
            raise errors[0]
