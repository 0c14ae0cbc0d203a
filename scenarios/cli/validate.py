"""`unkindness validate`: a run held against a specification of Raft, by TLC."""

from pathlib import Path
from typing import Annotated

from scenarios.cli.base import BROKEN, HELD, INCONCLUSIVE, Json, Seed, app, check_data, say


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
    json: Json = False,
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
    """
    from scenarios.gallery import StoryError, load
    from scenarios.kept_run import asked
    from scenarios.tla import program

    if first is not None and first < 1:
        raise StoryError(f"--first {first} judges nothing: give at least 1")
    request = asked(load(story), seed, rules, data, bug)
    check_data(data)
    found = program.validate(request, first, specification)
    say(found.fields, program.as_text(found), json)
    return INCONCLUSIVE if found.verdict is None else HELD if found.verdict.accepted else BROKEN
