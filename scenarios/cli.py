"""The command `unkindness`: what was typed, where lines go, and the exit code. All that is heavy is imported late.

Exit codes: 0 held; 1 a promise or an assertion was broken; 2 inconclusive; 3 a replay diverged; 64 the user's mistake;
70 our own; 130 Ctrl-C; 141 nobody reads any more. Never here: how a run is played, kept, compared or described.
"""

import io
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

from cyclopts import App, CycloptsError, Parameter, Token

if TYPE_CHECKING:
    from cluster.sim.run import Outcome
    from cluster.sim.world import World
    from scenarios.gallery import Tale
    from scenarios.report import Request, Result
    from scenarios.screen import Screen

HELD, BROKEN, INCONCLUSIVE, DIVERGED, MISTAKE, BUG, INTERRUPTED, NOBODY_READS = 0, 1, 2, 3, 64, 70, 130, 141
CODES = {
    "held": HELD,
    "broken": BROKEN,
    "inconclusive": INCONCLUSIVE,
    "mistake": MISTAKE,
    "bug": BUG,
    "stopped": INTERRUPTED,
}


def whole_number(_: object, tokens: Sequence[Token]) -> int:
    """For `--seed`: nothing is rounded."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is no whole number. Give one, for example --seed 7") from None


Flag = Parameter(negative=())
Seed = Parameter(converter=whole_number)


def version() -> str:
    """The version that is installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("unkindness")
    except PackageNotFoundError:
        return "not installed"


app = App(
    name="unkindness",
    help="A cluster, treated badly on purpose, to see whether its backups still happen.",
    version=version,
    result_action="return_value",
)


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
        return zoo(json=json)

    entries = gallery()
    if json:
        say_json([{"story": entry.story, "lesson": entry.lesson} for entry in entries])
        return HELD
    width = max((len(entry.story) for entry in entries), default=0)
    for entry in entries:
        print(f"{entry.story:{width}}  {entry.lesson}".rstrip())
    return HELD


@app.command
def run(
    story: str,
    /,
    *,
    seed: Annotated[int | None, Seed] = None,
    rules: str | None = None,
    data: str | None = None,
    out: Path | None = None,
    bug: str | None = None,
    log: Path | None = None,
    json: Annotated[bool, Flag] = False,
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())] = False,
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"), negative=())] = False,
) -> int:
    """Play a story once and say whether the promises held.

    Parameters
    ----------
    story
        A name from the list, or the path of a `.py` file with `async def story(world)`.
    seed
        Decides everything that is left to luck; without it the story's own.
    rules
        Which generation of rules the backups follow: unkindness, ravendb-6.2, ravendb-4.2.
    data
        Documents for the story: a file of JSON lines, or `real` for countries and cities.
    out
        Keep the run in a new folder below this one.
    bug
        Plant a bug of the zoo.
    log
        Hand every event to structlog as well: one JSON line each in this file, which is made anew.
    json
        Print one JSON object instead of the timeline.
    quiet
        No timeline, only how it ended.
    verbose
        Every message, write and commit too, with the numbers of the events.
    """
    from scenarios.gallery import load
    from scenarios.replay import asked, fresh_folder, perform
    from scenarios.report import summary

    tale = load(story)
    request = asked(tale, seed, rules, data, bug)
    _check_data(data)
    log_file = _opened(log) if log is not None else None
    folder = fresh_folder(out, request) if out is not None else None
    with _backups(folder) as backups, Shown(quiet=quiet or json, detail=verbose) as shown:
        outcome = perform(tale, request, backups, follow=shown.follow, stop_asked=shown.stop_asked)
        shown.catch_up(outcome)
    if log_file is not None:
        _write_log(log_file, outcome)
    result = summary(outcome, request, tale)
    if folder is not None:
        from scenarios.replay import keep

        keep(folder, result, outcome.history, version())
    if shown.screen.gone:
        return NOBODY_READS
    return _tell(result, outcome, tale, shown.screen, as_json=json, kept=str(folder or ""))


@app.command
def replay(run: str, /) -> int:
    """Play a run again and prove that it is the same to the last event, or name the first that differs.

    Parameters
    ----------
    run
        `FILE[:SEQ]`, a trace.ndjson or result.json of an --out folder, or `STORY@SEED[:SEQ]`. With SEQ, show that
        event, its neighbours and what led to it.
    """
    from scenarios.gallery import load
    from scenarios.replay import Kept, difference, find, look_lines, perform
    from scenarios.report import verdict_of

    named, seq = find(run)
    request = named.request if isinstance(named, Kept) else named
    tale = load(request.story)
    _check_data(request.data)
    outcomes: list[Outcome] = []
    with Shown(quiet=True) as shown:
        for shuffle in (0,) if isinstance(named, Kept) else (0, 1):  # how trio shuffles its batches must not matter
            with _backups(None) as backups:
                outcome = perform(tale, request, backups, stop_asked=shown.stop_asked, shuffle=shuffle)
            if outcome.verdict == "stopped":
                return _interrupted(outcome, request)
            outcomes.append(outcome)
    looked = look_lines(outcomes[-1].history, seq) if seq is not None else []
    said = difference(named, [each.history for each in outcomes])
    if said:
        shown.screen.text(f"diverged: {request.command()} does not repeat {run}")
    else:
        verdict = verdict_of(outcomes[-1], tale)
        events = len(outcomes[-1].history)
        shown.screen.text(f"identical: {events:,} events, digest {outcomes[-1].digest}, verdict {verdict}")
    for line in [*said, *looked]:
        shown.screen.text(line)
    return DIVERGED if said else HELD


@app.command
def tasks(
    run: str,
    /,
    *,
    on: str = "",
    at: str | None = None,
    database: str = "",
    json: Annotated[bool, Flag] = False,
) -> int:
    """The backup tasks of a run at any time of it, as the Backups page of one node shows them.

    Parameters
    ----------
    run
        The --out folder of a kept run (or a file in it), or `STORY@SEED`. It is played again up to that time.
    on
        The node that is asked; without it the first that is up and has the database. Another may know more, or less.
    at
        '12:00', '1d 02:00:00', '90min' after the start, or '2024-01-01 12:00' in UTC; without it the end of the run.
    database
        One database; without it all.
    json
        Print one JSON object instead.
    """
    from scenarios.tasks import as_fields, page, page_lines

    found = page(run, at, on, database)
    if json:
        say_json(as_fields(found))
    else:
        for line in page_lines(found, _width()):
            print(line)
    return HELD


@app.command(name="why")
def why_command(run: str, task: str, time: str, /, *, json: Annotated[bool, Flag] = False) -> int:
    """Why a task ran at a time of a run, or why it did not: a sentence with its rule, and what it rests on.

    Parameters
    ----------
    run
        The --out folder of a kept run (or a file in it), or `STORY@SEED`. It is played again up to that time.
    task
        Its id, or its name.
    time
        As for `tasks --at`. A run that starts within five seconds after it is the one that is meant.
    json
        Print one JSON object instead.
    """
    from attrs import asdict

    from scenarios.why import lines, why

    found = why(run, task, time)
    if json:
        say_json({**asdict(found), "chain": dict(found.chain)})
    else:
        for line in lines(found, _width()):
            print(line)
    return HELD


@app.command(name="audit")
def audit_command(run: str, /, *, key_file: Path | None = None, json: Annotated[bool, Flag] = False) -> int:
    """What a run's backups came to: owners and why, double runs, unplanned fulls, gaps, late reports, chains.

    Parameters
    ----------
    run
        The --out folder of a kept run (or a file in it), or `STORY@SEED`. It is played again to its end.
    key_file
        The keys of encrypted files, one a line, 32 bytes as base64.
    json
        Print one JSON object instead.
    """
    from scenarios.audit import as_fields, audited, lines
    from scenarios.files import keys_in

    found = audited(run, keys_in(key_file))
    if json:
        say_json(as_fields(found))
    else:
        for line in lines(found, _width()):
            print(line)
    return HELD


@app.command(name="draw")
def draw_command(
    run: str,
    /,
    *,
    bug: str | None = None,
    start: Annotated[str, Parameter(name="--from")] = "",
    until: Annotated[str, Parameter(name="--to")] = "",
    nodes: str = "",
    svg: Path | None = None,
) -> int:
    """A run as a space-time diagram: life lines, messages, logs, backups, and where a promise broke. An SVG, printed.

    Parameters
    ----------
    run
        A story as for `run`, `STORY@SEED`, or the --out folder of a kept run (or a file in it).
    bug
        Plant a bug of the zoo meanwhile.
    start, until
        Only this while, as for `tasks --at`: '00:00:14.4', '90min' after the start.
    nodes
        Only these, for example ABC.
    svg
        A file to write instead.
    """
    from scenarios.drawing.command import draw
    from scenarios.gallery import StoryError

    drawn = draw(run, bug=bug, start=start, until=until, nodes=nodes)
    if svg is None:
        print(drawn, end="")
        return HELD
    try:
        svg.write_text(drawn, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoryError(f"--svg {svg} cannot be written ({error.strerror}): name another file") from error
    return HELD


def _width() -> int:
    """Columns of the terminal; 80 where there is none."""
    from shutil import get_terminal_size

    return max(60, get_terminal_size((80, 24)).columns)


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
    _check_data(data)
    found = program.validate(request, first, specification)
    if json:
        say_json(found.fields())
    else:
        for line in program.as_text(found):
            print(line)
    return INCONCLUSIVE if found.verdict is None else HELD if found.verdict.accepted else BROKEN


@app.command(name="restore-points")
def restore_points(where: str, /, *, key_file: Path | None = None, json: Annotated[bool, Flag] = False) -> int:
    """What can be restored from the backup files in a folder: every file is read, and its chain verified.

    Parameters
    ----------
    where
        The folder of a run that was kept (--out), of a destination, or of one chain; or s3://bucket/folder,
        azure://container/folder, gs://bucket/folder, with what gets in to it in the environment.
    key_file
        The keys of encrypted files, one a line, 32 bytes as base64.
    json
        Print one JSON object a line instead.
    """
    from json import dumps

    from scenarios.files import fields, inspected, keys_in, lines

    found = inspected(where, keys_in(key_file))
    if json:
        for point in found:
            for each in fields(point):
                print(dumps(each, ensure_ascii=False))
    else:
        for line in lines(found):
            print(line)
    return HELD if all(point.chain.whole for point in found) else BROKEN


@app.command
def restore(
    where: str,
    /,
    *,
    at: str | None = None,
    last_file: str | None = None,
    database: str = "",
    key_file: Path | None = None,
    into: Path | None = None,
    unsealed: Annotated[bool, Flag] = False,
) -> int:
    """Documents out of backup files, as JSON lines; the newest there are, if nothing else is asked for.

    Parameters
    ----------
    where
        The folder of a run that was kept (--out), of a destination, or of one chain; or s3://bucket/folder,
        azure://container/folder, gs://bucket/folder, with what gets in to it in the environment.
    at
        As the database was at that time, as far as it was backed up: '2024-01-05 09:03', in UTC.
    last_file
        Up to and including this file of the chain.
    database
        Which one, where the files are of several.
    key_file
        The keys of encrypted files, one a line, 32 bytes as base64.
    into
        A new file for the documents; without it they are printed.
    unsealed
        Also read a chain that RavenDB wrote, which nobody can verify.
    """
    from scenarios.files import document_lines, instant_of_text, keys_in, restored

    when = instant_of_text(at) if at is not None else None
    keys = keys_in(key_file)
    out = _new(into) if into is not None else sys.stdout
    try:
        found = restored(where, keys, at=when, last_file=last_file, database=database, unsealed=unsealed)
        for line in document_lines(found):
            out.write(f"{line}\n")
    except BaseException:
        if into is not None:
            out.close()
            into.unlink()  # a file that is half full would look like a whole one
        raise
    if into is not None:
        out.close()
    documents, count = found.store.size.documents, len(found.files)
    left_out = "".join(f"; {number} of {what} left out" for what, number in found.left_out.items())
    noun, files = "document" if documents == 1 else "documents", "file" if count == 1 else "files"
    complain(f"restored {documents:,} {noun} from {count} {files}, the last {found.files[-1]}{left_out}")
    return HELD


def _new(path: Path) -> TextIO:
    """A file that was not there: nothing is written over."""
    from scenarios.files import FilesError

    try:
        return path.open("x", encoding="utf-8")
    except FileExistsError:
        raise FilesError(f"{path} is there already: name a new file") from None
    except OSError as error:
        raise FilesError(f"{path} cannot be written ({error.strerror}): name another file") from error


@app.command
def bench(
    *which: str,
    json: Annotated[bool, Flag] = False,
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
        `messages`, `time`, `memory` or `backup`; all four if none is named. `features`: what each feature costs a message.
        `tasks`: what thousands of backup tasks cost while they are idle, some minutes. `elections` stands alone: two minutes on two
        processors; it ends with 1 if a line is further from the published one than allowed.
    json
        Print one JSON object instead.
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
    from scenarios.gallery import suggestion

    known = [*BENCHMARKS, ELECTIONS]
    for name in which:
        if name not in known:
            complain(
                f"there is no benchmark {name!r}: name {', '.join(known)}, or none for the first four."
                f"{suggestion(name, known)}"
            )
            return MISTAKE
    if ELECTIONS in which:
        if len(which) > 1:
            complain(f"{ELECTIONS} stands alone: `unkindness bench {ELECTIONS}`")
            return MISTAKE
        for option, count in (("--trials", trials), ("--processes", processes)):
            if count is not None and count < 1:
                complain(f"{option} {count} runs nothing: give 1 at least")
                return MISTAKE
        return _elections(trials, seed, svg, processes, json)
    if (trials, seed, svg, processes) != (None, 0, None, None):
        complain(f"--trials, --seed, --svg and --processes belong to `unkindness bench {ELECTIONS}`")
        return MISTAKE
    if documents is not None and (documents < 1 or (which and "backup" not in which)):
        complain(f"--documents {documents} belongs to `unkindness bench backup`: give it 1 at least")
        return MISTAKE
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

    began, judged, missed, data = perf_counter(), 0, 0, {}  # type: float, int, int, dict[str, Any]
    with runner(seed, processes) as running:
        for section in sections(running, trials):
            judged, missed = judged + section.judged, missed + section.missed
            data[section.key] = section.data
            if not json:
                print("\n".join(section.text), end="\n\n", flush=True)
            if svg is not None and section.key == "lan":
                svg.write_text(drawn(section.rows), encoding="utf-8")
    if json:
        say_json({"seed": seed, "judged": judged, "missed": missed, **data})
    else:
        print(f"{judged} lines judged, {missed} missed; seed {seed}, {perf_counter() - began:.0f} s")
    return BROKEN if missed else HELD


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


# ---- while a story runs ----


class Shown:
    """A screen for as long as a story runs, with Ctrl-C heard: once ends the story, twice ends everything."""

    def __init__(self, *, quiet: bool, detail: bool = False) -> None:
        from scenarios.screen import screen

        self.screen: Screen = screen()
        self._quiet, self._detail = quiet, detail
        self._interrupts = 0
        self._before: Any = None
        self._timeline: Any = None
        self._world: World | None = None

    def __enter__(self) -> "Shown":
        try:
            self._before = signal.signal(signal.SIGINT, self._interrupt)
            signal.signal(signal.SIGTERM, self._interrupt)
        except ValueError:
            self._before = None  # not in the main thread: somebody else hears Ctrl-C
        return self

    def __exit__(self, *failure: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.screen.close()

    def _interrupt(self, *_: object) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            raise KeyboardInterrupt
        complain("stopping; press Ctrl-C again to stop at once")

    def follow(self, world: "World") -> None:
        """For `play`: draw the timeline as it happens."""
        from cluster.sim.timeline import Timeline

        self._world = world
        if not self._quiet:
            self._timeline = Timeline(
                lambda: world.names, self.screen.line, detail=self._detail, stretches=world.history.stretches
            )
            world.history.followers.append(self._timeline.take)

    def stop_asked(self) -> bool:
        """For `play`: whether somebody pressed Ctrl-C or nobody reads any more."""
        if self._world is not None and not self._quiet:
            self.screen.progress(self._world)
        return self._interrupts > 0 or self.screen.gone

    def catch_up(self, outcome: "Outcome") -> None:
        """Draw what the timeline was not told of, and what it held back."""
        if self._timeline is not None:
            self._timeline.catch_up(outcome.history)
            self._timeline.close()


@contextmanager
def _backups(folder: Path | None) -> Iterator[Path]:
    """Where real backup files go: into a folder that is kept, or one that is removed."""
    if folder is not None:
        from scenarios.replay import BACKUPS

        yield folder / BACKUPS
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="unkindness-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _opened(path: Path) -> TextIO:
    """The log's file; opened before the story is played, so that nothing is played in vain."""
    from scenarios.gallery import StoryError

    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise StoryError(f"{path} cannot be written ({error.strerror}): name another file for the log") from error


def _write_log(file: TextIO, outcome: "Outcome") -> None:
    """Every event through structlog, node and time bound, as JSON lines."""
    import structlog

    from cluster.narrate import narrate

    with file:
        processors: list[structlog.typing.Processor] = [
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        logger = structlog.wrap_logger(structlog.WriteLogger(file), processors=processors)
        for event in outcome.history.events:
            narrate(event, logger)


def _check_data(data: str | None) -> None:
    if data is not None:
        from scenarios.data import check

        check(data)


# ---- how it ended ----


def _tell(result: "Result", outcome: "Outcome", tale: "Tale", screen: "Screen", *, as_json: bool, kept: str) -> int:
    """Say how a run ended; return the exit code."""
    from scenarios.report import bug_text, failure_lines, mistake_text, verdict_lines

    failure = outcome.failure
    match result.verdict:
        case "mistake" if failure is not None:
            complain(mistake_text(failure, tale))
            return MISTAKE
        case "bug" if failure is not None:
            complain(bug_text(failure, result.request.command(), version()))
            return BUG
        case "stopped":
            return _interrupted(outcome, result.request)
    if as_json:
        say_json(result.fields())
        return CODES[result.verdict]
    screen.text("")
    if result.violations:
        for line in [*failure_lines(result, outcome), ""]:
            screen.text(line)
    for line in verdict_lines(result, outcome, kept):
        screen.text(line)
    return CODES[result.verdict]


def _interrupted(outcome: "Outcome", request: "Request") -> int:
    from cluster.instant import clock_text

    came = f"{clock_text(outcome.history.clock.now)} after the start, {len(outcome.history):,} events"
    complain(f"stopped: the story had come to {came}\nagain: {request.command()}")
    return INTERRUPTED


def say_json(data: object) -> None:
    """Print one JSON value."""
    from json import dumps

    print(dumps(data, ensure_ascii=False, indent=2))


def complain(text: str) -> None:
    """One or two lines on standard error."""
    print(f"unkindness: {text}", file=sys.stderr)


def usage_text(error: CycloptsError) -> str:
    """What was wrong with the command line, and what to do."""
    text = " ".join(str(error).split())
    return f"{text}\n`unkindness --help` shows what can be asked for."


def main(tokens: Sequence[str] | None = None) -> int:
    """Do what was asked for; return the exit code."""
    if sys.stdout is None:  # closed by whoever called us
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no `…` shows something else
    words = list(sys.argv[1:] if tokens is None else tokens)
    try:
        code = _answer(words)
        sys.stdout.flush()
    except BrokenPipeError:
        code = NOBODY_READS
    except KeyboardInterrupt:
        complain("interrupted")
        code = INTERRUPTED
    if code == NOBODY_READS:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python's last flush finds a reader
    return code


def _answer(words: list[str]) -> int:
    try:
        answered: Any = app(words, exit_on_error=False, print_error=False)
        return answered if isinstance(answered, int) else HELD
    except CycloptsError as error:
        complain(usage_text(error))
        return MISTAKE
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        return _unexpected(error, words)


def _unexpected(error: Exception, words: list[str]) -> int:
    from scenarios.bench.program import NoYardstick
    from scenarios.data import DataError
    from scenarios.explore.bounds import BoundsError
    from scenarios.files import FilesError
    from scenarios.gallery import StoryError
    from scenarios.moments import Diverged
    from scenarios.replay import ReplayError
    from scenarios.report import bug_text
    from scenarios.tla.tlc import CannotAsk

    if isinstance(error, Diverged):
        complain(str(error))
        return DIVERGED
    mistakes = StoryError | BoundsError | FilesError | DataError | ReplayError | NoYardstick | CannotAsk
    if isinstance(error, mistakes):
        complain(str(error))
        return MISTAKE
    if isinstance(error.__cause__, KeyboardInterrupt):  # the second Ctrl-C struck inside trio
        raise KeyboardInterrupt from error
    complain(bug_text(error, shlex.join(["unkindness", *words]), version()))
    return BUG
