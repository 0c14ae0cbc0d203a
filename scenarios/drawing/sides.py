"""The sides of a cut, and what each node believes of who is responsible: read from a history, for a picture of backups alone."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from backup.notes.record_notes import OwnerChanged
from cluster import steps
from cluster.trace import Crashed, Happened, Started, Stepped
from scenarios.drawing.picture import Side, Turn


def sides(events: Iterable[Happened[Any]], names: Sequence[str], start: int, until: int) -> tuple[Side, ...]:
    """For each while in which some nodes can exchange nothing with others, the nodes of each side; within [start, until] µs."""
    cut: set[tuple[str, str]] = set()
    found: list[Side] = []
    parted, since = _parts(cut, names), start
    for event in events:
        if event.t > until or not isinstance(event.note, Stepped):
            continue
        _apply(event.note.step, cut)
        now = _parts(cut, names)
        if now != parted:
            found += _while(parted, since, max(event.t, start))
            parted, since = now, max(event.t, start)
    return (*found, *_while(parted, since, until))


def _apply(step: Any, cut: set[tuple[str, str]]) -> None:
    """Cut or heal links, each direction by itself."""
    match step:
        case steps.Cut(one, other):
            cut |= {(one, other), (other, one)}
        case steps.CutOneWay(src, dst):
            cut.add((src, dst))
        case steps.Split(groups):
            for here, there in combinations(groups, 2):
                cut |= {pair for one in here for other in there for pair in ((one, other), (other, one))}
        case steps.Heal() | steps.Mend():
            cut.clear()
        case _:
            pass


def _parts(cut: set[tuple[str, str]], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The nodes that can exchange something, directly or by way of others; the largest part first."""
    rest, parts = list(names), list[tuple[str, ...]]()
    while rest:
        part = [rest.pop(0)]
        for name in part:
            reached = [each for each in rest if not {(name, each), (each, name)} <= cut]
            rest = [each for each in rest if each not in reached]
            part += reached
        parts.append(tuple(name for name in names if name in part))
    return tuple(sorted(parts, key=lambda part: (-len(part), names.index(part[0]))))


def _while(parts: tuple[tuple[str, ...], ...], since: int, until: int) -> list[Side]:
    if len(parts) < 2 or since >= until:
        return []
    return [Side(number, part, since, until) for number, part in enumerate(parts)]


def beliefs(events: Iterable[Happened[Any]], names: Sequence[str], start: int, until: int) -> tuple[Turn, ...]:
    """The whiles in which a node holds itself responsible for a task: from when it applies that it is, until it applies another.

    A node that is cut off goes on, as it cannot know that the others have another owner. One that is down holds nothing, and
    after its restart what its disk holds.
    """
    begun: dict[tuple[str, str, int], int] = {}
    on_disk: dict[tuple[str, str, int], None] = {}
    found: list[Turn] = []

    def end(key: tuple[str, str, int], t: int) -> None:
        since = max(begun.pop(key), start)
        if key[0] in names and since < t:
            found.append(Turn(key[2], key[0], since, t))

    for event in events:
        if event.t > until:
            break
        if isinstance(event.note, Crashed):
            fallen = [key for key in begun if key[0] == event.node]
            on_disk.update(dict.fromkeys(fallen))
            for key in fallen:
                end(key, event.t)
        if isinstance(event.note, Started):
            for key in [key for key in on_disk if key[0] == event.node]:
                del on_disk[key]
                begun[key] = event.t
        if not isinstance(event.note, OwnerChanged):
            continue
        key = event.node, event.note.database, event.note.task
        if event.note.owner_after == event.node:
            begun.setdefault(key, event.t)
        elif key in begun:
            end(key, event.t)
    for key in list(begun):
        end(key, until)
    return tuple(found)
