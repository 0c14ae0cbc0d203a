"""The events of a long run: the oldest lie in a file, and nobody who reads them can tell."""

import enum
import errno
import itertools
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cluster.sim import events as module
from cluster.sim.clock import Clock
from cluster.sim.errors import NoRoom
from cluster.sim.events import Events
from cluster.sim.history import BLOCK, History
from cluster.sim.run import MISTAKE, Outcome, play
from cluster.sim.timeline import render
from cluster.sim.world import World
from cluster.trace import BecameLeader, Delivered, Happened, Note, Said, Stepped, Voted
from cluster.value import value
from scenarios.zoo.storm import storm


@value
class Odd(Note):
    """A note with fields that no note of ours has."""

    digested: ClassVar[tuple[str, ...]] = ("said",)

    what: Any

    @property
    def said(self) -> str:
        """Its field as the digest takes it."""
        return ascii(self.what)

    def text(self) -> str:
        return f"has {self.what!r}"


class Kind(enum.IntEnum):
    ONE = 1


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest two or three thousand events stay in memory."""
    monkeypatch.setattr(module, "IN_MEMORY", 2 * BLOCK)
    monkeypatch.setattr(module, "CHUNK", BLOCK)


def of_notes(*notes: Note) -> Events:
    """A history of these notes, and then of as many as it takes to bring them into the file."""
    history = History(Clock())
    for note in (*notes, *[Said("")] * 4 * BLOCK):
        history.add("A", note)
    assert history.events.recent[0].seq > len(notes)
    return history.events


def long_run() -> Outcome:
    """A storm of some ten thousand events."""
    return play(storm("ABCDE"), seed=3)


def test_a_run_that_lies_in_a_file_is_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digest, events, kinds, timeline and verdict are those of the run in memory; sets and steps among the notes too."""
    whole = long_run()
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    monkeypatch.setattr(module, "CHUNK", 100)
    parted = long_run()
    kept = list(whole.history.events)

    assert whole.history.events.recent == kept
    assert len(parted.history.events.recent) <= BLOCK < len(kept)
    assert (parted.verdict, parted.digest, len(parted.history)) == (whole.verdict, whole.digest, len(kept))
    assert list(parted.history.events) == kept
    assert parted.history.events == whole.history.events
    assert list(map(repr, parted.history.events)) == list(map(repr, kept))
    for kind in (BecameLeader, Voted, Delivered, Stepped, Note):
        assert parted.history.of(kind) == whole.history.of(kind)
        assert parted.history.of(kind, "B") == whole.history.of(kind, "B")
    assert render(parted.history, parted.names) == render(whole.history, whole.names)


@pytest.mark.usefixtures("small")
def test_places_and_slices_are_those_of_a_list() -> None:
    """Every pair of ends around the borders of chunks, from either side, forwards and backwards."""
    events = of_notes(*[Odd(number) for number in range(3 * BLOCK)])
    plain = list(events)
    assert [event.seq for event in plain] == list(range(1, len(events) + 1))
    gone = events.recent[0].seq - 1
    ends = [
        None,
        0,
        1,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        gone - 1,
        gone,
        gone + 1,
        len(plain),
        len(plain) + 9,
        -1,
        -gone,
        -9,
    ]
    for first, until, step in itertools.product(ends, ends, (None, 1, -1, BLOCK - 1)):
        assert events[first:until:step] == plain[first:until:step]
    for place in (each for each in ends if each is not None and -len(plain) <= each < len(plain)):
        assert events[place] == plain[place]
    assert list(reversed(events)) == plain[::-1]
    for wrong in (len(plain), -len(plain) - 1):
        with pytest.raises(IndexError):
            events[wrong]


@pytest.mark.usefixtures("small")
def test_a_look_goes_on_while_events_are_added() -> None:
    """Whoever walks through the events sees those that come meanwhile, although the oldest go into the file."""
    history = History(Clock())
    history.add("", Said("0"))
    for event in history.events:
        if event.seq < 5 * BLOCK:
            history.add("", Said(str(event.seq)))
    assert [event.note.text() for event in history.events] == [str(number) for number in range(5 * BLOCK)]
    assert history.events.recent[0].seq > BLOCK


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "what",
    [
        *(0, -1, 1 << 80, 0.1, float("inf"), True, None, "", "ä\udcff", b"\0", (), ((1, ("a", None)), 2.5)),
        *(Kind.ONE, (Kind.ONE,), [1], {"a": 1}, frozenset("ab"), Path("a"), (1, [2])),
    ],
)
def test_what_is_read_back_is_of_the_same_type(what: Any) -> None:
    """Plain values are written; what is none stays in memory, and is the same object."""
    (back,) = [event.note for event in of_notes(Odd(what)) if isinstance(event.note, Odd)]
    assert repr(back) == repr(Odd(what))
    assert type(back.what) is type(what)


@pytest.mark.usefixtures("small")
def test_a_look_for_one_kind_reads_only_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk without such a note is passed over."""
    events, read = of_notes(Odd(1), *[Said("")] * 3 * BLOCK, Odd(2)), list[int]()
    real = Events._read_back

    def counting(self: Events, number: int) -> list[Happened]:
        read.append(number)
        return real(self, number)

    monkeypatch.setattr(Events, "_read_back", counting)
    assert [event.note for event in events.between(0, kind=Odd)] == [Odd(1), Odd(2)]
    assert read == [0, 3]


@pytest.mark.usefixtures("small")
def test_the_file_is_gone_whatever_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story that breaks, one that is interrupted, and one that ends leave nothing in the folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def ending(error: BaseException | None) -> Outcome:
        async def story(world: World) -> None:
            world.start("ABC")
            for _ in range(6 * BLOCK):
                world.say("")
            if error is not None:
                raise error

        return play(story)

    for error in (None, AssertionError("no"), KeyboardInterrupt(), RuntimeError("no")):
        outcome = ending(error)
        assert outcome.history.events[0].note.text().startswith("A, B and C start")
        del outcome
        assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small")
def test_a_full_disk_is_said_with_folder_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the user's to mend: the run ends with one sentence, loses no event, and does not try again."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tries = list[int]()

    def full(self: Events, content: bytes) -> None:
        tries.append(len(content))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Events, "_write", full)

    async def story(world: World) -> None:
        world.start("ABC")
        for _ in range(6 * BLOCK):
            world.say("")

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, NoRoom)
    assert str(outcome.failure) == (
        f"3,072 events, {tries[0]:,} bytes in a temporary file in {tmp_path}, or in the folder that TMPDIR names, do not fit "
        "(No space left on device): free some space there"
    )
    assert len(tries) == 1
    assert [event.seq for event in outcome.history.events] == list(range(1, len(outcome.history) + 1))


@pytest.mark.usefixtures("small")
def test_an_interruption_while_it_writes_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was to be written is still in memory, and is written the next time."""
    history, real, tries = History(Clock()), Events._write, list[int]()

    def interrupted(self: Events, content: bytes) -> None:
        real(self, content)
        tries.append(len(content))
        if len(tries) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Events, "_write", interrupted)
    for number in range(8 * BLOCK):
        try:
            history.add("A", Odd(number))
        except KeyboardInterrupt:
            assert number == 4 * BLOCK - 1
    assert [event.note for event in history.events] == [Odd(number) for number in range(8 * BLOCK)]


def test_what_happened_is_kept_by_its_number() -> None:
    """A history without events has none, at no place."""
    events = Events()
    assert (len(events), list(events), events[:]) == (0, [], [])
    with pytest.raises(IndexError):
        events[0]
    assert Happened(1, 0, "", 0, Said("")) not in events
