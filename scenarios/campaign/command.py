"""What was typed behind `python -m scenarios.campaign`, and the exit code. `make campaign` calls it.

Exit codes are those of `unkindness`: 0 held; 1 something was found, or is not played yet; 64 the user's mistake; 130 Ctrl-C.
"""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from scenarios.campaign.parts import PROGRAM, parts_named
from scenarios.campaign.program import campaign, listed, show_one
from scenarios.cli.base import BROKEN, HELD, INTERRUPTED, MISTAKE, Flag, complain
from scenarios.cli.entry import usage_text
from scenarios.gallery import StoryError

app = App(
    name=PROGRAM,
    help="The long searches, in named parts.",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


@app.default
def play_parts(
    *parts: str,
    seeds: int = 1_000,
    first: Annotated[int, Parameter(name="--from")] = 1,
    processes: int | None = None,
    only: str | None = None,
    anew: Annotated[bool, Flag] = False,
    list: Annotated[bool, Flag] = False,
    place: Path = Path(".campaign"),
) -> int:
    """Play what is left of these parts, or of all, and keep the place of each.

    Parameters
    ----------
    parts
        Names of parts, or beginnings of names: `storm`, `night-5`. All parts if none is named.
    seeds
        How many seeds of each keeper.
    first
        The first of these seeds.
    processes
        As many as there are processors.
    only
        One unit of one part, once, here, with its last lines: a seed, a bug or a test. Nothing is kept.
    anew
        Forget what was played of these parts.
    list
        The parts, and how much of each is kept.
    place
        The folder of what is kept.
    """
    chosen = parts_named(parts)
    for option, count in (("--seeds", seeds), ("--processes", processes)):
        if count is not None and count < 1:
            raise StoryError(f"{option} {count} plays nothing: give 1 at least")
    if first < 0:
        raise StoryError(f"--from {first} is no seed: give 0 or more")
    if only is not None:
        if len(chosen) != 1:
            raise StoryError(f"--only {only} is a unit of one part, and {len(chosen)} are named: name one in full")
        if not chosen[0].has(only):
            raise StoryError(f"part {chosen[0].name} has no unit {only!r}: give one that a finding named")
        return HELD if show_one(chosen[0], only) else BROKEN
    if list:
        print("\n".join(listed(chosen, place)))
        return HELD
    held = campaign(chosen, place, first, seeds, processes or os.cpu_count() or 1, anew=anew)
    return HELD if held else BROKEN


def main() -> int:
    """The command."""
    try:
        return int(app(exit_on_error=False, print_error=False) or HELD)
    except CycloptsError as error:
        complain(usage_text(error).replace("`unkindness --help`", f"`{PROGRAM} --help`"))
        return MISTAKE
    except StoryError as error:
        complain(str(error))
        return MISTAKE
    except KeyboardInterrupt:
        complain("interrupted; the place of each part is kept, and the same command goes on from there")
        return INTERRUPTED
