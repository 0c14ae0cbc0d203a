"""`bench`: the yardsticks, and elections beside the published ones.

Never here: what is measured, and how it is worded (scenarios/bench/).
"""

from pathlib import Path
from typing import Annotated, Any

from scenarios.cli.base import BROKEN, HELD, Json, Seed, app, new_file, say_json


@app.command
def bench(
    *which: str,
    json: Json = False,
    trials: int | None = None,
    seed: Annotated[int, Seed] = 0,
    svg: Path | None = None,
    processes: int | None = None,
    documents: int | None = None,
) -> int:
    """Measure: messages a second beside SimPy's, virtual time, memory, backups; or published elections, run again.

    Parameters
    ----------
    which
        `messages`, `time`, `memory`, `backup` or `nights`; all five if none is named. `year`: a year in which nothing is to
        be backed up, some minutes. `start`: how long a command takes to start. `explore`: states a second. `features`: what
        each feature costs a message. `tasks`: what thousands of backup tasks cost while they are idle, some minutes.
        `data`: the memory of runs and restores of 200 MB in one document and of a million small ones, some minutes.
        `elections` stands alone: two minutes on two processors; it ends with 1 if a line is further from the published one
        than allowed.
    trials
        Of `elections`: how many a line, instead of as many as were published. Few make misses by chance.
    seed
        Of `elections`: whose luck.
    svg
        Of `elections`: draw the paper's figure into this file.
    processes
        Of `elections`: as many as there are processors. The figures do not depend on it.
    documents
        Of `backup`: how many documents of 1 KB, instead of 100,000.
    """
    from scenarios.bench.program import BENCHMARKS, ELECTIONS, QUICK, as_text
    from scenarios.gallery import StoryError
    from scenarios.meant_names import suggestion

    known = [*BENCHMARKS, ELECTIONS]
    for name in which:
        if name not in known:
            remedy = f"name {', '.join(known)}, or none for the first five.{suggestion(name, known)}"
            raise StoryError(f"there is no benchmark {name!r}: {remedy}")
    if ELECTIONS in which:
        if len(which) > 1:
            raise StoryError(f"{ELECTIONS} stands alone: `unkindness bench {ELECTIONS}`")
        for option, count in (("--trials", trials), ("--processes", processes)):
            if count is not None and count < 1:
                raise StoryError(f"{option} {count} runs nothing: give 1 at least")
        return _elections(trials, seed, svg, processes, json)
    if (trials, seed, svg, processes) != (None, 0, None, None):
        raise StoryError(f"--trials, --seed, --svg and --processes belong to `unkindness bench {ELECTIONS}`")
    if documents is not None and (documents < 1 or (which and "backup" not in which)):
        raise StoryError(f"--documents {documents} belongs to `unkindness bench backup`: give it 1 at least")
    results = {}
    for name in which or QUICK:
        named = {"documents": documents} if name == "backup" and documents is not None else {}
        results[name] = BENCHMARKS[name](**named)
        if not json:
            for line in as_text(name, results[name]):
                print(line, flush=True)
    if json:
        say_json(results[which[0]] if len(which) == 1 else results)
    return HELD


def _elections(trials: int | None, seed: int, svg: Path | None, processes: int | None, json: bool) -> int:
    """Run every published election, section by section; the exit code says whether all came near enough."""
    from time import perf_counter

    from scenarios.bench.elections import runner
    from scenarios.bench.elections_report import sections
    from scenarios.bench.elections_svg import drawn

    began, judged, missed = perf_counter(), 0, 0
    data: dict[str, Any] = {}
    with new_file("--svg", svg) as picture, runner(seed, processes) as running:
        for section in sections(running, trials):
            judged, missed = judged + section.judged, missed + section.missed
            data[section.key] = section.data
            if not json:
                print("\n".join(section.text), end="\n\n", flush=True)
            if picture is not None and section.key == "lan":
                picture.write(drawn(section.rows))
    if json:
        say_json({"seed": seed, "judged": judged, "missed": missed, **data})
    else:
        print(f"{judged} lines judged, {missed} missed; seed {seed}, {perf_counter() - began:.0f} s")
    return BROKEN if missed else HELD
