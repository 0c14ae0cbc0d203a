"""The events of a run in order, as a sequence that stays small: the oldest of a long run lie in a temporary file.

A run of up to `IN_MEMORY` events touches no file. Beyond it each `CHUNK` of the oldest events is written, compressed, and read
back when somebody looks. What is read back is equal to what was added, value for value and type for type: a note with a field that
is no int, str, bytes, float, bool, None or tuple of those (a step of the story, say) stays in memory.

The file has no name where the system allows that, and is gone with the events, the process, or a kill.
"""

import marshal
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import IO, Any, overload

import attrs

from cluster.sim.errors import NoRoom
from cluster.trace import Happened, Note
from cluster.value import value

IN_MEMORY = 200_000
"""The number of newest events that stay in memory, about 80 MB of them."""
CHUNK = 8_192
"""The number of events that are written, and read back, together."""
LATELY = 4
"""The number of chunks that were read last and stay in memory."""
PLAIN = frozenset({int, str, bytes, float, bool, type(None)})


@value
class Chunk:
    """A stretch of events in the file."""

    offset: int
    size: int
    """In bytes."""
    kinds: frozenset[type[Note]]
    """The kinds of their notes, so that whoever looks for another kind need not read it."""


class Events(Sequence[Happened]):
    """The events of a run. `append` takes the next one; `len`, indices, slices and iteration are those of a list."""

    def __init__(self) -> None:
        self.recent: list[Happened] = []
        """The events that are in memory, the newest last. Only `History` adds to them."""
        self._size = CHUNK
        self._chunks: dict[int, Chunk] = {}
        """The written stretches by their place."""
        self._held: dict[int, Note] = {}
        """By `seq`: the notes of written events that cannot be written."""
        self._lately: dict[int, list[Happened]] = {}
        self._file: IO[bytes] | None = None
        self._end = 0
        self._is_full = False
        self._kinds: list[type[Note]] = []
        self._read: dict[type[Note], tuple[int, Callable[[Note], tuple[Any, ...]] | None]] = {}

    # ---- a sequence ----

    def __len__(self) -> int:
        return self.recent[-1].seq if self.recent else 0

    @overload
    def __getitem__(self, place: int) -> Happened: ...

    @overload
    def __getitem__(self, place: slice) -> list[Happened]: ...

    def __getitem__(self, place: int | slice) -> Happened | list[Happened]:
        recent = self.recent
        if isinstance(place, slice):
            first, until, step = place.indices(len(self))
            if step == 1 and recent and first >= (gone := recent[0].seq - 1):
                return recent[first - gone : max(until - gone, 0)]
            if step == 1:
                return list(self.between(first, until))
            return [self[each] for each in range(first, until, step)]
        at = range(len(self))[place]
        gone = recent[0].seq - 1
        return recent[at - gone] if at >= gone else self._chunk(at // self._size)[at % self._size]

    def __iter__(self) -> Iterator[Happened]:
        return self.between(0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Events | list):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    def between(self, first: int, until: int | None = None, kind: type[Note] = Note) -> Iterator[Happened]:
        """The events of a kind from place `first` up to `until` (None: the end, wherever it is by then), without a copy of all."""
        at = first
        while at < (len(self) if until is None else min(until, len(self))):
            gone = self.recent[0].seq - 1
            if at >= gone:
                some = self.recent[at - gone : at - gone + self._size]
            else:
                number, skipped = divmod(at, self._size)
                if kind is not Note and not any(issubclass(each, kind) for each in self._chunks[number].kinds):
                    at += self._size - skipped
                    continue
                some = self._chunk(number)[skipped:]
            at += len(some)
            for event in some if until is None or at <= until else some[: until - at]:
                if isinstance(event.note, kind):
                    yield event

    # ---- to the file and back ----

    def make_room(self) -> None:
        """Write the oldest chunks once there are so many more events than stay in memory. Raises NoRoom if the disk is full."""
        while len(self.recent) >= IN_MEMORY + self._size and not self._is_full:
            self._write_oldest()

    def _write_oldest(self) -> None:
        recent, size = self.recent, self._size
        rows, kinds = [], set()
        for event in recent[:size]:
            note = event.note
            kinds.add(type(note))
            number, read = self._read.get(type(note)) or self._learn(type(note))
            fields = read(note) if read is not None else None
            if fields is None or not _is_plain(fields):
                self._held[event.seq], fields = note, None
            rows.append((event.t, event.node, event.cause, number, fields))
        written = zlib.compress(marshal.dumps(rows), 1)
        try:
            self._write(written)
        except OSError as error:
            self._is_full = True
            where = f"a temporary file in {tempfile.gettempdir()}, or in the folder that TMPDIR names"
            raise NoRoom(f"{len(self):,} events, {self._end + len(written):,} bytes in {where},", error) from error
        self._chunks[(recent[0].seq - 1) // size] = Chunk(self._end, len(written), frozenset(kinds))
        self._end += len(written)
        del recent[:size]  # until now an interruption has changed nothing

    def _write(self, content: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0, prefix="unkindness-")  # noqa: SIM115  # closed with the events
            weakref.finalize(self, self._file.close)
        self._file.seek(self._end)
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _chunk(self, number: int) -> list[Happened]:
        """The events of a written chunk."""
        found = self._lately.pop(number, None)
        if found is None:
            found = self._read_back(number)
            if len(self._lately) >= LATELY:
                del self._lately[next(iter(self._lately))]
        self._lately[number] = found  # now the one that was read last
        return found

    def _read_back(self, number: int) -> list[Happened]:
        chunk, kinds, held = self._chunks[number], self._kinds, self._held
        assert self._file is not None
        self._file.seek(chunk.offset)
        content = b""
        while len(content) < chunk.size:
            content += self._file.read(chunk.size - len(content))
        rows = marshal.loads(zlib.decompress(content))
        return [
            Happened(seq, t, node, cause, held[seq] if fields is None else kinds[kind](*fields))
            for seq, (t, node, cause, kind, fields) in enumerate(rows, number * self._size + 1)
        ]

    def _learn(self, kind: type[Note]) -> tuple[int, Callable[[Note], tuple[Any, ...]] | None]:
        """Number a kind, and find out how its fields are read; None if an equal note cannot be made of them."""
        self._kinds.append(kind)
        known = self._read[kind] = len(self._kinds) - 1, _reader(kind)
        return known


def _reader(kind: type[Note]) -> Callable[[Note], tuple[Any, ...]] | None:
    fields = attrs.fields(kind) if "__attrs_attrs__" in vars(kind) else None
    if fields is None or hasattr(kind, "__attrs_post_init__"):
        return None
    if any(not field.init or field.kw_only or field.converter is not None for field in fields):
        return None
    names = [field.name for field in fields]
    if not names:
        return lambda note: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda note: (get(note),)


def _is_plain(fields: tuple[Any, ...]) -> bool:
    """Whether the fields are read back as they are; of a subclass, or of what may change, that is not sure."""
    odd = set(map(type, fields)) - PLAIN
    return not odd or (odd == {tuple} and all(_is_plain(each) for each in fields if type(each) is tuple))
