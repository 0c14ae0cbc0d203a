"""One event of a run: what led to it, from the fault or the client that began it, and what it led to.

Never here: which event led to which (causality.py), and why a backup ran or not (why/).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cluster.trace import Happened, Stepped, as_fields
from cluster.value import value
from scenarios.inspect.causality import chain, consequences, event_text, is_quiet, parents
from scenarios.inspect.played_run import played
from scenarios.kept_run import ReplayError

NEIGHBOURS = 5
"""How many events are shown on each side of one."""
LONGEST_CHAIN = 40
MOST_CONSEQUENCES = 20


@value
class Explanation:
    """An event with its neighbours, its causes and its consequences, each in the order in which they happened."""

    event: Happened[Any]
    near: tuple[Happened[Any], ...]
    """The event and the events next to it."""
    causes: tuple[Happened[Any], ...]
    """From the one that began it to the one just before; empty: the event is a beginning itself."""
    led_to: tuple[Happened[Any], ...]
    parents: tuple[int, ...]
    """The `seq` of the parent of each cause, and last that of the event itself."""


def explain(run: str, bug: str | None = None, rules: str | None = None) -> Explanation:
    """The event that RUN:SEQ names. Raises ReplayError if there is no such run or event, StoryError, Diverged."""
    found = played(run, bug, rules)
    events = found.outcome.history.events
    if found.seq is None:
        last = f"the run has events 1 to {len(events)}, for example {run}:{len(events)}"
        raise ReplayError(f"{run!r} names no event: {last}")
    return explanation(events, found.seq)


def explanation(events: Sequence[Happened[Any]], seq: int) -> Explanation:
    """The event of that number. ReplayError if there is none."""
    if not 1 <= seq <= len(events):
        raise ReplayError(f"there is no event {seq}: the run has events 1 to {len(events)}")
    parent = parents(events)
    led = chain(events, parent, seq)
    return Explanation(
        events[seq - 1],
        tuple(events[max(0, seq - 1 - NEIGHBOURS) : seq + NEIGHBOURS]),
        tuple(events[each - 1] for each in led[:-1]),
        tuple(events[each - 1] for each in consequences(events, parent, seq)),
        tuple(parent[each] for each in led),
    )


# ---- as JSON and as text ----


def fields(found: Explanation) -> dict[str, Any]:
    """The explanation as one JSON object, with events as a trace has them."""
    return {
        "event": as_fields(found.event),
        "parents": list(found.parents),
        "causes": [as_fields(event) for event in found.causes],
        "led_to": [as_fields(event) for event in found.led_to],
    }


def lines(found: Explanation) -> Iterator[str]:
    """The explanation as text. `~` marks a cause that the trace does not name."""
    seq = found.event.seq
    yield f"event {seq} and its neighbours:"
    for event in found.near:
        yield f"  {'>' if event.seq == seq else ' '} {event_text(event)}"
    yield "what led to it:"
    hidden = max(0, len(found.causes) - LONGEST_CHAIN)
    named = [event.cause == parent for event, parent in zip((*found.causes, found.event), found.parents, strict=True)]
    shown = [("  " if known else "~ ") + event_text(event) for event, known in zip(found.causes, named, strict=False)]
    if hidden:
        shown[1 : hidden + 1] = [f"  … {hidden:,} more"]
    if not shown:
        yield "    the story" if isinstance(found.event.note, Stepped) else "    nothing: it began here"
    yield from (f"  {line}" for line in shown)
    if not named[-1] or any(line.startswith("~") for line in shown):
        yield "  (~ the trace names no cause of this one: the nearest event that could have led to it stands before it)"
    yield "what it led to:"
    loud = [event for event in found.led_to if not is_quiet(event)][:MOST_CONSEQUENCES]
    yield from (f"    {event_text(event)}" for event in loud)
    rest = _kinds(found.led_to) - _kinds(loud)
    if rest:
        yield f"    and {rest.total():,} more: {', '.join(f'{count:,} {kind}' for kind, count in rest.most_common())}"
    elif not loud:
        yield "    nothing"


def _kinds(events: Iterable[Happened[Any]]) -> Counter[str]:
    return Counter(type(event.note).__name__ for event in events)
