"""`validate`, `explore` and `zoo`: runs held against a specification, against every order, and against planted bugs.

Never here: who judges (scenarios/tla/, explore/, zoo/).
"""

from pathlib import Path
from typing import Annotated, Any

from scenarios.cli.base import (
    BROKEN,
    CODES,
    HELD,
    INCONCLUSIVE,
    MISTAKE,
    Flag,
    Seed,
    app,
    check_data,
    complain,
    say_json,
)


@app.command
def validate(
    story: str,
    /,
    *,
    seed: Annotated[int | None, Seed] = None,
    rules: str | None = None,
    data: str | None = None,
    bug: str | None = None,
    first: int | None = None,
    specification: Path | None = None,
    json: Annotated[bool, Flag] = False,
) -> int:
    """Play a story and have TLC judge each step of each node against a specification of Raft in TLA+.

    Exit code 1: a step is refused; 2: the run has something that the specification has not, which is named.

    Parameters
    ----------
    story
        As for `run`.
    seed, rules, data, bug
        As for `run`.
    first
        Judge only so many lines: TLC takes about a second for two hundred.
    specification
        Another one than ours with the same names: Diego Ongaro's raft.tla, unchanged.
    json
        Print one JSON object instead.
    """
    from scenarios.gallery import load
    from scenarios.replay import asked
    from scenarios.tla import program

    if first is not None and first < 1:
        complain(f"--first {first} judges nothing: give at least 1")
        return MISTAKE
    request = asked(load(story), seed, rules, data, bug)
    check_data(data)
    found = program.validate(request, first, specification)
    if json:
        say_json(found.fields())
    else:
        for line in program.as_text(found):
            print(line)
    return INCONCLUSIVE if found.verdict is None else HELD if found.verdict.accepted else BROKEN


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


@app.command
def zoo(
    bug: str | None = None,
    /,
    *,
    seed: Annotated[int | None, Seed] = None,
    shorten: int | None = None,
    prove: Annotated[bool, Flag] = False,
    processes: int | None = None,
    json: Annotated[bool, Flag] = False,
) -> int:
    """Famous bugs: all of them in a table, or one planted, and the history in which a promise breaks.

    Parameters
    ----------
    bug
        A name from the table. Its run ends with 1, for a promise is broken.
    seed
        Of the run that shows it; without it the one with the shortest history that is known.
    shorten
        Try so many seeds and show the one with the shortest history.
    prove
        Let every bug (or this one) strike within its budget of seeds, and play the same without it. Ends with 1 if one
        escapes, or if something breaks without a bug.
    processes
        Of `--prove`: as many as there are processors.
    json
        Print the table, or the proofs, as JSON.
    """
    from time import perf_counter

    from attrs import asdict

    from scenarios.zoo import all_bugs
    from scenarios.zoo import command as speaking

    if processes is not None and (processes < 1 or not prove):
        complain(f"--processes {processes} belongs to `unkindness zoo --prove`: give 1 at least")
        return MISTAKE
    if prove and seed is not None:
        complain(f"--seed {seed} shows one run, and a proof tries many: leave one of the two out")
        return MISTAKE
    if bug is None and (seed, shorten) != (None, None):
        complain("--seed and --shorten need a bug to show: name one of `unkindness zoo`")
        return MISTAKE
    if shorten is not None and (seed is not None or prove):
        complain(f"--shorten {shorten} tries many seeds by itself: leave --seed and --prove out")
        return MISTAKE
    if prove:
        began, found = perf_counter(), list[Any]()
        names = (speaking.resident(bug).name,) if bug is not None else tuple(each.name for each in all_bugs())
        if not json:
            print(speaking.heading(), flush=True)
        for proof in speaking.proofs(names, processes):
            found.append(proof)
            if not json:
                print(speaking.proof_line(proof), flush=True)
        if json:
            say_json([asdict(proof) for proof in found])
        else:
            print("\n".join(["", *speaking.last_lines(found, perf_counter() - began)]))
        return HELD if all(map(speaking.is_caught, found)) else BROKEN
    if bug is None:
        if json:
            say_json(speaking.as_fields())
        else:
            print("\n".join(speaking.table()))
        return HELD
    if shorten is not None:
        strike, lines = speaking.shorten(speaking.resident(bug), shorten)
    else:
        strike, lines = speaking.show(speaking.resident(bug), seed)
    if json:
        say_json(asdict(strike) if strike is not None else None)
    else:
        print("\n".join(lines))
    return BROKEN if strike is not None else HELD
