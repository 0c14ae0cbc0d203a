"""`unkindness zoo`: famous bugs: listed, planted, shortened, and proven to be caught."""

from typing import Annotated, Any

from scenarios.cli.base import BROKEN, HELD, Flag, Seed, app, say, say_json


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

    from scenarios.gallery import StoryError
    from scenarios.zoo import all_bugs, bug_named, command

    if processes is not None and (processes < 1 or not prove):
        raise StoryError(f"--processes {processes} belongs to `unkindness zoo --prove`: give 1 at least")
    if prove and seed is not None:
        raise StoryError(f"--seed {seed} shows one run, and a proof tries many: leave one of the two out")
    if bug is None and (seed, shorten) != (None, None):
        raise StoryError("--seed and --shorten need a bug to show: name one of `unkindness zoo`")
    if shorten is not None and (seed is not None or prove):
        raise StoryError(f"--shorten {shorten} tries many seeds by itself: leave --seed and --prove out")
    if prove:
        began, found = perf_counter(), list[Any]()
        names = (bug_named(bug).name,) if bug is not None else tuple(each.name for each in all_bugs())
        if not json:
            print(command.heading(), flush=True)
        for proof in command.proofs(names, processes):
            found.append(proof)
            if not json:
                print(command.proof_line(proof), flush=True)
        if json:
            say_json([asdict(proof) for proof in found])
        else:
            print("\n".join(["", *command.last_lines(found, perf_counter() - began)]))
        return HELD if all(map(command.is_caught, found)) else BROKEN
    if bug is None:
        say(command.as_fields, command.table(), json)
        return HELD
    if shorten is not None:
        strike, lines = command.shorten(bug_named(bug), shorten)
    else:
        strike, lines = command.show(bug_named(bug), seed)
    say(lambda: asdict(strike) if strike is not None else None, lines, json)
    return BROKEN if strike is not None else HELD
