"""`doctor`: every fence and every fault is played on this machine, and told in one screen.

Never here: what is probed, and how it is worded (scenarios/doctor/).
"""

from scenarios.cli.base import BROKEN, HELD, Json, app, say_json


@app.command
def doctor(*, json: Json = False) -> int:
    """Play every fence, every way to end and every fault in a tiny world, and print what each does here.

    Ends with 1 if one does something else than it says.
    """
    from attrs import asdict

    from scenarios.doctor.report import HEADS, Examined, about, examined, last_line, lines_of
    from scenarios.gallery import StoryError

    if not __debug__:
        raise StoryError("python -O takes the assertions of the probes away, so that nothing is shown: leave -O out")
    found: list[Examined] = []
    if not json:
        print(about(), flush=True)
    for each in examined():
        if not json:
            if each.group not in {other.group for other in found}:
                print(f"{each.group}: {HEADS[each.group]}")
            print("\n".join(lines_of(each)), flush=True)
        found.append(each)
    if json:
        say_json({"on": about(), "rows": [asdict(each) for each in found]})
    else:
        print(last_line(found))
    return BROKEN if any(each.wrong for each in found) else HELD
