"""Settings of a world as people write them: a mapping by name, with durations in seconds, such as `wire={"latency": 0.08}`.

Never here: what a setting does (`Wire`, `DiskModel`, `Timing`, which count in µs).
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import attrs

from cluster.argument_kinds import misfit, problem
from cluster.raft.timing import Timing
from cluster.sim.disk import DiskModel
from cluster.sim.errors import Misuse
from cluster.sim.network import Wire
from cluster.steps import delay_problem, link_problem
from cluster.written_times import Microseconds, Span, microseconds

T = TypeVar("T", Wire, DiskModel, Timing)

DURATIONS: Mapping[type, tuple[str, ...]] = {
    Wire: ("latency", "jitter", "delay"),
    DiskModel: ("write_latency", "sync_latency", "jitter"),
    Timing: ("election", "heartbeat", "operation"),
}
"""The fields that are durations."""


def made(kind: type[T], name: str, given: T | Mapping[str, Any] | None) -> T:
    """The settings that were given for `name`, or the default ones. Misuse if a name or a value of them is wrong."""
    if given is None:
        return kind()
    if isinstance(given, Mapping):
        given = kind(**{field: _counted(kind, name, field, each) for field, each in given.items()})
    if not isinstance(given, kind):
        raise Misuse(f"{name} is {given!r}: give a mapping, such as {{{DURATIONS[kind][0]!r}: 0.05}}")
    said = misfit(given)
    if said:
        raise Misuse(
            f"{name}: {said}; {kind.__name__} counts in µs, a mapping such as {{{DURATIONS[kind][0]!r}: 0.05}} in seconds"
        )
    said = link_problem(given) if "loss" in attrs.fields_dict(kind) else ""
    if said:
        raise Misuse(f"{name}: {said}")
    return given


def _counted(kind: type, name: str, field: str, given: Any) -> Any:
    """What is given for a field, durations in µs."""
    known = [each.name for each in attrs.fields(kind)]
    if field not in known:
        near = get_close_matches(str(field), known, n=1)
        hint = f". Did you mean {near[0]}?" if near else ":"
        raise Misuse(f"{name} has no {field!r}{hint} it has {', '.join(known)}")
    if field not in DURATIONS[kind]:
        return given
    said = problem(field, given, Span)
    if said:
        raise Misuse(f"{name}: {said}")
    counted = int(microseconds(given))
    said = delay_problem(field, counted) if field != "operation" else ""
    if said:
        raise Misuse(f"{name}: {said}")
    return counted


def written(settings: Wire) -> dict[str, Any]:
    """These settings as `World.rewire` takes them."""
    held = attrs.asdict(settings, recurse=False)
    return {name: Microseconds(each) if name in DURATIONS[Wire] else each for name, each in held.items()}
