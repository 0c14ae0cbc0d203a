"""`unkindness explore`: every interleaving of a tiny cluster. The meaning of its options is documented at the bounds."""

from typing import Annotated

from attrs import evolve
from cyclopts import Parameter

from scenarios.cli.base import CODES, Json, say_json
from scenarios.explore.bounds import MOST, Bounds


def explore(
    *,
    bounds: Annotated[Bounds, Parameter(name="*", negative=())] = Bounds(),
    bug: str | None = None,
    depth: int = 0,
    states: int = MOST,
    json: Json = False,
) -> int:
    """Try every interleaving of a tiny cluster, breadth first: the shortest way to a broken promise, or none.

    Parameters
    ----------
    bug
        Plant a bug of the zoo, one of consensus.
    depth
        Go no further than so many steps.
    states
        Stop once so many states are found.
    """
    from time import perf_counter

    from scenarios.explore.command import VERDICTS, again, as_fields, batch_for, bug_to_plant, perform, verdict_lines

    found_bug = bug_to_plant(bug)
    if bounds.batch is None:
        bounds = evolve(bounds, batch=batch_for(found_bug))
    say = None if json else lambda line: print(line, flush=True)
    found, story, seconds = perform(bounds, found_bug, depth, states, say, perf_counter)
    command = again(bounds, found_bug, depth, states)
    if json:
        say_json(as_fields(found, story, seconds, command))
    else:
        for line in ["", *story, *([""] if story else []), *verdict_lines(found, seconds, command)]:
            print(line)
    return CODES[VERDICTS[found.verdict]]
