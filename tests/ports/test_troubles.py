"""What ails a place, one after the other: which steps refuse, what is left, and that it is well again afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backup.destinations.faults import (
    REASONS,
    Cutting,
    Disconnected,
    Filling,
    Full,
    Losing,
    ReadOnly,
    Refusing,
    Silent,
    Slow,
    Trouble,
    Troubled,
    Well,
    slowness,
)
from backup.destinations.local import LocalDestination
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import Destination, DestinationError, NotThere, write
from backup.destinations.world_destinations import WorldDestinations

FOLDER = "2024-01-01-00-00-00.ravendb-Shop-A-backup"
FILE, OTHER = f"{FOLDER}/1.ravendb-full-backup", f"{FOLDER}/2.ravendb-incremental-backup"

ACTS: dict[str, Callable[[Destination], object]] = {
    "start": lambda place: place.start(OTHER).abandon(),
    "write": lambda place: write(place, OTHER, [b"x" * 100]),
    "read": lambda place: list(place.read(FILE)),
    "folders": lambda place: place.folders(),
    "files": lambda place: place.files(FOLDER),
    "delete": lambda place: place.delete(FILE),
    "delete_folder": lambda place: place.delete_folder(FOLDER),
}
REFUSES: dict[type, set[str]] = {
    Full: {"write"},
    Filling: {"write"},
    Slow: set(),
    Refusing: set(ACTS),
    Silent: set(ACTS),
    ReadOnly: {"start", "write", "delete", "delete_folder"},
    Disconnected: set(ACTS),
    Losing: set(),
    Cutting: set(),
}


@pytest.fixture(params=["local", "vault"])
def inner(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """A place of each kind with a file in it."""
    place: Destination = LocalDestination(tmp_path) if request.param == "local" else MemoryDestination()
    write(place, FILE, [b"one"])
    return place


def made(kind: type) -> Trouble:
    """A trouble of that kind."""
    trouble: Trouble = kind("p", 3) if kind in (Slow, Filling) else kind("p")
    return trouble


@pytest.mark.parametrize("kind", REFUSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("act", ACTS)
def test_what_a_trouble_refuses(inner: Destination, kind: type, act: str) -> None:
    """Each step of the port, with the path, the reason and what helps; and all of it again when it is well."""
    ailing = {kind: made(kind)}
    place = Troubled(inner, "A/p", ailing.get)
    if act in REFUSES[kind]:
        with pytest.raises(DestinationError) as caught:
            ACTS[act](place)
        assert str(caught.value).startswith(f"A/p: {REASONS[kind][0]}; {REASONS[kind][1]}")
    else:
        ACTS[act](place)
    ailing.clear()
    place.delete(OTHER)
    place.delete(f"{OTHER}.in-progress")
    ACTS[act](place)


def test_every_trouble_is_in_the_table() -> None:
    """And says itself in one clause."""
    import typing

    assert set(REFUSES) == set(typing.get_args(Trouble))
    says = [made(kind).says("A") for kind in REFUSES] + [Well("p").says("A")]
    assert len(set(says)) == len(says)
    assert all("p" in text and "A" in text for text in says)


def test_a_place_that_loses_files_says_that_it_kept_them(inner: Destination) -> None:
    """Whoever does not look is deceived."""
    ailing: dict[type, Trouble] = {Losing: Losing("p")}
    place = Troubled(inner, "A/p", ailing.get)
    assert write(place, OTHER, [b"x"]) == 1
    with pytest.raises(NotThere):
        list(place.read(OTHER))


def test_a_place_that_cuts_files_keeps_most_of_them(inner: Destination) -> None:
    """The last bytes are missing."""
    ailing: dict[type, Trouble] = {Cutting: Cutting("p")}
    place = Troubled(inner, "A/p", ailing.get)
    write(place, OTHER, [b"x" * 1_000])
    assert b"".join(place.read(OTHER)) == b"x" * 936


def test_a_connection_that_comes_back_does_not_make_a_file_whole(inner: Destination) -> None:
    """What it swallowed meanwhile is gone: the end of the file finds out."""
    ailing: dict[type, Trouble] = {}
    place = Troubled(inner, "A/p", ailing.get)
    upload = place.start(OTHER)
    upload.write(b"one")
    ailing[Disconnected] = Disconnected("p")
    upload.write(b"two")
    ailing.clear()
    upload.write(b"three")
    with pytest.raises(DestinationError, match="the connection is lost"):
        upload.finish()
    upload.discard()
    assert place.files(FOLDER) == (FILE.partition("/")[2],)


def test_troubles_are_of_one_node_and_one_path() -> None:
    """And end by `Well`, or all at once when the sky clears."""
    destinations = WorldDestinations()
    destinations.disturb("A", Slow("/srv/backups", 7))
    destinations.disturb("A", Refusing("other"))
    assert slowness(destinations.of_path("A", "srv/backups")) == 7
    assert slowness(destinations.place("A", "srv/backups")) == 1, "whoever looks from outside is not held up"
    assert slowness(destinations.of_path("B", "srv/backups")) == 1
    destinations.disturb("A", Well("srv/backups"))
    assert slowness(destinations.of_path("A", "srv/backups")) == 1
    with pytest.raises(DestinationError):
        destinations.of_path("A", "other").folders()
    destinations.mend()
    assert destinations.of_path("A", "other").folders() == ()
