"""A kept run, and the proof that it can be repeated: it is played again and every event compared.

A kept run is a folder with `trace.ndjson` (a line about the run, then a line for each event, nothing that depends on the
machine), `result.json`, `story/` and `backups/`. Never here: printing and exit codes, and how a story is kept (kept_story.py).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from hashlib import file_digest
from itertools import islice, zip_longest
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol
from warnings import warn

import attrs

from cluster.sim.errors import NoRoom
from cluster.sim.run import STOPPED, Outcome, play, raise_failure
from cluster.step_fields import read_text
from cluster.trace import as_fields
from cluster.value import value
from scenarios.gallery import ENDINGS, LoadedStory, StoryError, is_a_story, load, suggested_story
from scenarios.inspect.result import Result, RunRequest
from scenarios.kept_story import FOLDER as STORY
from scenarios.kept_story import StoryText, above, find_story, text_of
from scenarios.modules_beside import modules_beside
from scenarios.output_errors import REFUSED, OutputError
from scenarios.provenance import KeptElsewhere, other_provenance, provenance

if TYPE_CHECKING:
    from cluster.sim.history import History
    from cluster.sim.world import World

FORMAT = 2
"""Of what is kept. The first had no format, no story, and nothing of Python and of the code that played."""
TRACE, RESULT, BACKUPS = "trace.ndjson", "result.json", "backups"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class ReplayError(ValueError):
    """There is no such run, or it cannot be read. The text names value and remedy."""


@value
class Kept:
    """A run that was kept."""

    request: RunRequest
    trace: Path | None
    """The file of events; None if only the result was kept."""
    digest: str
    """The digest in the result; empty if only the events were kept."""
    stopped: bool
    """Whether the run was stopped from outside: then a replay must repeat only the events that were kept."""


@value
class Difference:
    """The first event that differs between two runs, as JSON; None for a run that had ended."""

    seq: int
    before: str | None
    now: str | None


# ---- playing ----


def story_of(request: RunRequest) -> LoadedStory:
    """The story of a request: of a kept run as it was kept, wherever this is asked. StoryError if it is not found."""
    return _story(request.story, request.kept)


def _story(story: str, kept: str) -> LoadedStory:
    if not kept:
        return load(story)
    return find_story(story, _fields(Path(kept)), Path(kept)).load(story)


def data_of(request: RunRequest) -> str | None:
    """What the request names as its documents: of a kept run the file that it was played with, wherever this is asked."""
    if request.data is None or not request.kept:
        return request.data
    path = Path(request.kept)
    there = [each for each in above(request.data, path.parent) if each.is_file()]
    was = _fields(path).get("data_sha256")
    return str(next((each for each in there if was in (None, _sha256(each))), there[0])) if there else request.data


def asked(
    loaded: LoadedStory,
    seed: int | None,
    rules: str | None,
    data: str | None,
    bug: str | None,
    keep_going: bool = False,
) -> RunRequest:
    """The request with the story's own seed and rules where none were given; StoryError for unknown rules."""
    from scenarios import zoo

    named = _rules_called(rules or loaded.rules)
    if loaded.told_under and named not in loaded.told_under:
        told = f"{' or '.join(loaded.told_under)}, not of {named}"
        raise StoryError(f"{loaded.name} is a story of the rules {told}: run it under one of those")
    planted = zoo.bug_named(bug).name if bug is not None else None
    seed = loaded.seed if seed is None else seed
    return RunRequest(loaded.name, seed, named, data, planted, loaded.rules, keep_going)


def _rules_called(name: str) -> str:
    """The name of those rules as they have it; StoryError for unknown ones."""
    from backup.record.rules import rules_named

    try:
        return rules_named(name).name
    except ValueError as error:
        raise StoryError(str(error)) from error


def perform(
    loaded: LoadedStory,
    request: RunRequest,
    backups: Path | None = None,
    *,
    follow: "Callable[[World], None] | None" = None,
    stop_asked: Callable[[], bool] | None = None,
    shuffle: int = 0,
) -> Outcome:
    """Play the requested story once, with the bug planted if one was named.

    Real backup files go to `backups`; without it they are gone when the story has ended. OutputError if this machine refused
    one of them, or the events of a long run, a full disk say: then the verdict would be about the machine.
    """
    from backup.destinations.local import refusals
    from scenarios import zoo

    under = zoo.bug_named(request.bug).under if request.bug else {}
    place: AbstractContextManager[str] = (
        TemporaryDirectory(prefix="unkindness-", ignore_cleanup_errors=True)
        if backups is None
        else nullcontext(str(backups))
    )
    refusals.clear()
    with place as folder, zoo.planted(request.bug), modules_beside(loaded.source):
        outcome = play(
            loaded.story,
            request.seed,
            follow=follow,
            stop_asked=stop_asked,
            shuffle=shuffle,
            places={"backups": folder},
            options={"rules": request.rules, "data": data_of(request)},
            keep_going=request.keep_going,
            **under,
        )
    if refusals:
        raise OutputError(f"a backup file in {folder}", refusals[0])
    if isinstance(outcome.failure, NoRoom):
        raise OutputError(outcome.failure.what, outcome.failure.error) from outcome.failure
    return outcome


def run_again(
    story: str,
    seed: int,
    *,
    backups: Path,
    rules: str | None = None,
    data: str | None = None,
    bug: str | None = None,
) -> Outcome:
    """Play a story by its name or path, and raise what broke it, as `scenarios.run` does. For tests that `export` has written."""
    loaded = load(story)
    outcome = perform(loaded, asked(loaded, seed, rules, data, bug), backups)
    raise_failure(outcome)
    return outcome


# ---- keeping ----


def fresh_folder(parent: Path, request: RunRequest) -> Path:
    """A new folder for a run, named after story and seed; StoryError if none can be made there."""
    name = f"{Path(request.story).stem}@{request.seed}"
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            (folder / BACKUPS).mkdir()
        except FileExistsError as error:
            if not parent.is_dir():
                raise StoryError(f"--out {parent} is a file: name a folder") from error
            number += 1
        except OSError as error:
            if error.errno in REFUSED:
                raise OutputError(f"--out {parent}", error) from error
            raise StoryError(f"--out {parent} cannot be written ({error.strerror}): name another folder") from error
        else:
            return folder


def keep(folder: Path, result: Result, outcome: Outcome, loaded: LoadedStory) -> StoryText:
    """Write the events, the result and the story of a run; return what of the story. OutputError if the disk refuses one.

    Then the folder is no kept run.
    """
    fields = result.fields() | {"command": result.request.command()}
    story = text_of(loaded, outcome)
    try:
        story.write(folder)
        # half a character, which a text of a story may hold, is written as JSON escapes it
        with (folder / TRACE).open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(line + "\n" for line in trace_lines(result.request, outcome, story, result.verdict))
        text = json.dumps(fields | _origin(story), ensure_ascii=False, indent=2) + "\n"
        (folder / RESULT).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        for half in (folder / TRACE, folder / RESULT):
            half.unlink(missing_ok=True)
        rmtree(folder / STORY, ignore_errors=True)
        raise OutputError(f"--out {folder}", error) from error
    return story


def trace_lines(
    request: RunRequest, outcome: Outcome, story: StoryText, verdict: str, window: tuple[int, int] | None = None
) -> Iterator[str]:
    """The lines of a trace: one about the run, then each event, or those of a window of their numbers."""
    header: dict[str, Any] = request.fields() | _data_sum(request) | _origin(story)
    if verdict == STOPPED:
        header["stopped"] = True
    if window is not None:
        header["window"] = window
    yield _encode(header)
    first, last = window or (1, len(outcome.history))
    yield from islice(event_lines(outcome.history), first - 1, last)


def _origin(story: StoryText) -> dict[str, Any]:
    """What of the story was kept, and by what."""
    return {"format": FORMAT} | provenance() | story.fields()


def _data_sum(request: RunRequest) -> dict[str, str]:
    """The SHA-256 of a run's data file, so that a replay can tell a changed file from a changed program."""
    data = data_of(request)
    return {"data_sha256": _sha256(Path(data))} if data is not None and Path(data).is_file() else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def event_lines(history: "History") -> Iterator[str]:
    """Every event as a line of JSON."""
    return (_encode(as_fields(event)) for event in history.events)


def secret_shown(trace: Path, outcome: Outcome) -> str:
    """The place where a kept run shows a secret that the watchers know, or an address with a secret in it; empty: none."""
    from backup.checks.kept_secrets import shown_in
    from backup.checks.secrets import KeysStaySecret

    known = [each for watcher in outcome.watchers if isinstance(watcher, KeysStaySecret) for each in watcher.known]
    beside = [each for name in (STORY, BACKUPS) for each in sorted(trace.with_name(name).rglob("*"))]
    beside = [trace.with_name(RESULT), *beside] if trace.name == TRACE else []
    where = shown_in(trace, beside, known)
    return f"{KeysStaySecret.promise}: {where} shows what lets somebody in" if where else ""


# ---- finding a run again ----


def find(run: str, bug: str | None = None, rules: str | None = None) -> tuple[Kept | RunRequest, int | None]:
    """The run that RUN names, and the event if it is RUN:SEQ. Raises ReplayError and StoryError.

    RUN is a folder that `--out` kept, its `trace.ndjson` or `result.json`, or STORY@SEED; a STORY alone has its own seed. A
    kept run knows its bug and its rules: to name them again is allowed, to name others is not. What is not as it was when a run was
    kept is said as a warning, `KeptElsewhere`.
    """
    name, seq = _moment(run)
    if _holds_a_run(name):
        kept = _kept(Path(name))
        _refuse_another(name, kept.request, bug, rules)
        for remark in _remarks(name, kept.request):
            warn(remark, KeptElsewhere, stacklevel=2)
        return kept, seq
    return _of_a_story(name, bug, rules), seq


def find_whole(run: str, bug: str | None = None, rules: str | None = None) -> Kept | RunRequest:
    """The run that RUN names, where an event has no place. Raises ReplayError and StoryError."""
    named, seq = find(run, bug, rules)
    if seq is not None:
        whole = run.rpartition(":")[0]
        raise ReplayError(f"{run!r} names an event: say {whole}, or `unkindness explain {run}` to be told of the event")
    return named


def newest_below(out: Path, verdict: str = "", story: str = "") -> Path | None:
    """The folder kept last below `out`, of that verdict and of that story if they are given; None if there is none."""
    found: list[tuple[int, str, Path]] = []
    for result in out.glob(f"*/{RESULT}"):
        try:
            fields = json.loads(result.read_text(encoding="utf-8"))
            if verdict in ("", fields["verdict"]) and story in ("", fields["story"]):
                found.append((result.stat().st_mtime_ns, result.parent.name, result.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a run of ours, or one that is being written
    return max(found)[2] if found else None


def _moment(run: str) -> tuple[str, int | None]:
    """RUN and SEQ of RUN:SEQ; None for a RUN without an event."""
    name, colon, number = run.rpartition(":")
    if not colon or _is_there(run) or not (_is_there(name) or "@" in name or is_a_story(name)):
        return run, None
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise ReplayError(f"{number!r} is no event of {name}: give its number, for example {name}:44")
    return name, int(number)


def _is_there(name: str) -> bool:
    """Whether there is a file or folder of that name; a name that no file can have is none."""
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False


def _holds_a_run(name: str) -> bool:
    """Whether it is a file or folder of a kept run, and no story. A folder without a run may have a story's name."""
    path = Path(name)
    if not _is_there(name):
        return False
    return any((path / each).exists() for each in (TRACE, RESULT)) if path.is_dir() else path.suffix not in ENDINGS


def _of_a_story(name: str, bug: str | None, rules: str | None) -> RunRequest:
    story, at, seed = name.rpartition("@") if "@" in name else (name, "", "")
    kept = f"a folder kept by --out, its {TRACE} or {RESULT}, or STORY@SEED"
    if _is_there(name) and Path(name).is_dir() and not is_a_story(name):
        newest = newest_below(Path(name))
        example = f"name one that is in it, for example {newest}" if newest is not None else f"give {kept}"
        raise ReplayError(f"{name} is no kept run: {example}")
    if name.endswith((".ndjson", ".json")) or not (at or story.endswith(ENDINGS) or is_a_story(story)):
        raise ReplayError(f"there is no run {name!r}.{suggested_story(story)} Give {kept}")
    if at and "/" in story and not story.endswith(ENDINGS):
        raise ReplayError(f"there is no run {name!r}. Give {kept}")
    try:
        number = int(seed) if at else None
    except ValueError as error:
        raise ReplayError(f"{seed!r} is no seed: give a whole number, for example {story}@7") from error
    return asked(load(story), number, rules, None, bug)


def _refuse_another(name: str, request: RunRequest, bug: str | None, rules: str | None) -> None:
    """Raise ReplayError if another bug or other rules are asked for than those of a kept run."""
    from scenarios import zoo

    said = _rules_called(rules) if rules is not None else request.rules
    planted = zoo.bug_named(bug).name if bug is not None else request.bug
    for option, asked_for, own in (("--bug", planted, request.bug), ("--rules", said, request.rules)):
        if asked_for != own:
            was = f"with {option} {own}" if own else f"without {option}"
            raise ReplayError(
                f"{option} {asked_for}: {name} was kept {was}, and is what it was: leave {option} away, or play "
                f"{request.story}@{request.seed} with it"
            )


def _remarks(name: str, request: RunRequest) -> Iterator[str]:
    """What is not as it was when the run was kept: a sentence each."""
    path = Path(request.kept)
    fields = _fields(path)
    if said := find_story(request.story, fields, path).remark:
        yield said
    if "format" in fields and (said := other_provenance(name, fields)):
        yield said
    if (data := data_of(request)) is not None and (was := fields.get("data_sha256")):
        if not Path(data).is_file():
            raise ReplayError(
                f"there is no data file {data}: ask where it is, or put there what {name} was played with"
            )
        if _sha256(Path(data)) != was:
            yield f"{data} is not the data file {name} was kept with: put that one back"


def _kept(path: Path) -> Kept:
    if path.is_dir():
        path = path / (TRACE if (path / TRACE).exists() else RESULT)
    try:
        if path.suffix == ".json":
            fields = _fields(path)
            trace = path.with_name(TRACE)
            kept = _kept(trace) if trace.exists() else _kept_as(fields, path, None)
            return attrs.evolve(kept, digest=str(fields["digest"]))
        fields = _fields(path)
        if "window" in fields:
            raise ReplayError(
                f"{path} is a part of a run, which cannot be played again: export the run without --window"
            )
        return _kept_as(fields, path, path)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, StoryError | ReplayError):
            raise
        if path.name in (TRACE, RESULT):
            raise ReplayError(
                f"{path} is spoilt: its beginning does not say what was run; keep the run again"
            ) from error
        raise ReplayError(f"{path} is no kept run: give a {TRACE} or {RESULT} of an --out folder") from error


def _kept_as(fields: dict[str, Any], path: Path, trace: Path | None) -> Kept:
    stopped = fields.get("stopped") is True or fields.get("verdict") == STOPPED
    return Kept(request_of(fields, str(path)), trace, "", stopped)


def _fields(path: Path) -> dict[str, Any]:
    """What a trace or a result says of its run. ReplayError if it cannot be read, or is of a later format; ValueError, TypeError."""
    try:
        with path.open(encoding="utf-8") as file:
            fields = json.loads(file.read() if path.suffix == ".json" else file.readline())
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error
    except OSError as error:
        raise ReplayError(f"{path} cannot be read ({error.strerror}): give the {TRACE} of an --out folder") from error
    kept_as = fields.get("format", 1)
    if type(kept_as) is not int:
        raise TypeError(f"format is {kept_as!r}")
    if kept_as > FORMAT:
        raise ReplayError(
            f"{path} is of format {kept_as}, by unkindness {fields.get('version')}, and this one reads formats up to {FORMAT}: "
            "read it with that version, or a later one"
        )
    return dict(fields)


def request_of(fields: dict[str, Any], kept: str = "") -> RunRequest:
    """The request in these fields, as `RunRequest.fields` writes them. TypeError or KeyError if they are not one.

    `kept`: the file of a kept run that they are of.
    """
    story, seed, rules, data = fields["story"], fields["seed"], fields["rules"], fields.get("data")
    if not (isinstance(story, str) and type(seed) is int and isinstance(rules, str) and isinstance(data, str | None)):
        raise TypeError(f"story {story!r}, seed {seed!r}, rules {rules!r} and data {data!r} name no run")
    request = asked(_story(story, kept), seed, rules, data, fields.get("bug"), fields.get("keep_going") is True)
    return attrs.evolve(request, kept=kept)


# ---- comparing ----


class Play(Protocol):
    """A run that was played and can be compared."""

    def digest(self) -> str:
        """The digest of all events."""

    def lines(self) -> Iterator[str]:
        """The events, one line of JSON each."""


@value
class PlayedHere:
    """A run that was played in this process."""

    history: "History"

    def digest(self) -> str:
        """The digest of all events."""
        return self.history.digest()

    def lines(self) -> Iterator[str]:
        """The events, one line of JSON each."""
        return event_lines(self.history)


def difference(named: Kept | RunRequest, plays: Sequence[Play]) -> list[str]:
    """The first difference of a play from the kept run (for a request: from the first play) as lines; empty if there is none."""
    first, *others = plays
    if isinstance(named, Kept) and (found := _from_kept(named, first)):
        return found
    for other in others:
        differs = first_difference(first.lines(), other.lines())
        if differs is not None:
            return difference_lines(differs)
    return []


def _from_kept(named: Kept, play: Play) -> list[str]:
    if named.trace is not None:
        before = list(recorded_lines(named.trace))
        now = play.lines()
        found = first_difference(before, islice(now, len(before)) if named.stopped else now)
        if found is not None:
            return difference_lines(found)
    if named.digest not in ("", play.digest()) and not named.stopped:
        return [f"the digest of the kept run is {named.digest}, now it is {play.digest()}"]
    return []


def recorded_lines(path: Path) -> Iterator[str]:
    """The events of a kept run as they would be written now: steps that were kept as text only get their fields."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in islice(file, 1, None):
            yield _with_step_fields(line.rstrip("\n"))


def _with_step_fields(line: str) -> str:
    """The line with the fields of its step, if it is a step that was kept as text only and can be read; else the line itself."""
    if '"kind":"Stepped"' not in line or '"step_kind":' in line:
        return line
    try:
        fields = json.loads(line)
        step = read_text(fields["step"])
    except (ValueError, KeyError, TypeError):
        return line
    told: dict[str, Any] = {}
    for name, found in fields.items():
        told[name] = found
        if name == "step":
            told |= {"step_kind": step["kind"], "step_fields": step["fields"]}
    return _encode(told)


def first_difference(before: Iterable[str], now: Iterable[str]) -> Difference | None:
    """The first event in which two runs differ; None if they are equal."""
    for number, (old, new) in enumerate(zip_longest(before, now), 1):
        if old != new:
            return Difference(number, old, new)
    return None


def difference_lines(difference: Difference) -> list[str]:
    """Both versions of the event, and the names of the fields that differ."""
    lines = [f"the first event that differs is {difference.seq}:"]
    for name, line in (("before", difference.before), ("now", difference.now)):
        lines.append(f"  {name:6}  {line if line is not None else 'the run had ended'}")
    try:
        old, new = json.loads(difference.before or "null"), json.loads(difference.now or "null")
    except ValueError:
        return [*lines, "  the line of the kept run is not JSON: the file was changed"]
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        lines.append(f"  not the same: {', '.join(names) or 'only the way it is written'}")
    return lines
