"""`unkindness list`: the stories, or the bugs of the zoo."""

from typing import Annotated

from scenarios.cli.base import HELD, Flag, app, say_json


@app.command(name="list")
def list_stories(*, json: Annotated[bool, Flag] = False, bugs: Annotated[bool, Flag] = False) -> int:
    """The stories, one line each.

    Parameters
    ----------
    json
        Print an array of objects with `story` and `lesson` instead.
    bugs
        The bugs of the zoo instead: the same as `unkindness zoo`.
    """
    from scenarios.gallery import gallery

    if bugs:
        from scenarios.cli.zoo import zoo

        return zoo(json=json)

    entries = gallery()
    if json:
        say_json([{"story": entry.story, "lesson": entry.lesson} for entry in entries])
        return HELD
    width = max((len(entry.story) for entry in entries), default=0)
    for entry in entries:
        print(f"{entry.story:{width}}  {entry.lesson}".rstrip())
    return HELD
