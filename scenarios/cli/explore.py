"""`unkindness explore`: every interleaving of a tiny cluster."""

from typing import Annotated

from scenarios.cli.base import CODES, Flag, app, say_json


@app.command
def explore(
    *,
    nodes: int = 3,
    terms: int = 2,
    entries: int = 1,
    crashes: int = 0,
    drops: int = 0,
    duplicates: int = 0,
    beats: int = 0,
    changes: int = 0,
    reads: int = 0,
    outside: int = 0,
    pairs: Annotated[bool, Flag] = False,
    rachis: Annotated[bool, Flag] = False,
    instant_disk: Annotated[bool, Flag] = False,
    batch: int | None = None,
    bug: str | None = None,
    depth: int = 0,
    states: int = 0,
    json: Annotated[bool, Flag] = False,
) -> int:
    """Try every interleaving of a tiny cluster, breadth first: the shortest way to a broken promise, or none.

    Parameters
    ----------
    nodes
        1 to 5.
    terms
        No node stands for a later term.
    entries
        Commands proposed, beside the empty entry of each leader.
    crashes
        How often a node loses what is not durable and starts again.
    drops
        Messages lost. Any message may be late for ever in any case.
    duplicates
        Messages that arrive once more.
    beats
        Beats of leaders, and repeated questions of candidates on trial.
    changes
        Times a leader is asked to change who belongs: a member leaves, a node outside becomes a voter.
    reads
        Times a leader is asked to confirm a read.
    outside
        So many of the nodes do not belong to the cluster when it begins.
    pairs
        A change may also move two nodes at once, through a joint configuration.
    rachis
        RavenDB's elections: trials, good standing, the check of the quorum. Without it the paper's.
    instant_disk
        What is written is durable at once: fewer states, and no bug of a slow disk.
    batch
        Entries an append.
    bug
        Plant a bug of the zoo, one of consensus.
    depth
        Go no further than so many steps.
    states
        Stop once so many states are found.
    json
        Print one JSON object instead.
    """
    from time import perf_counter

    from scenarios.explore.bounds import Bounds
    from scenarios.explore.command import VERDICTS, again, as_fields, batch_for, bug_to_plant, perform, verdict_lines

    found_bug = bug_to_plant(bug)
    bounds = Bounds(
        nodes,
        terms,
        entries,
        crashes,
        drops,
        duplicates,
        beats,
        changes,
        reads,
        outside,
        pairs,
        rachis,
        instant_disk,
        batch_for(found_bug, batch),
    )
    say = None if json else lambda line: print(line, flush=True)
    found, story, seconds = perform(bounds, found_bug, depth, states, say, perf_counter)
    command = again(bounds, found_bug, depth, states)
    if json:
        say_json(as_fields(found, story, seconds, command))
    else:
        for line in ["", *story, *([""] if story else []), *verdict_lines(found, seconds, command)]:
            print(line)
    return CODES[VERDICTS[found.verdict]]
