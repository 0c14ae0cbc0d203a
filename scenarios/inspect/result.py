"""The result of a run as a value, as a JSON object and as text, and the report of a failure.

Everything is read from the outcome of the run. Never here: printing and exit codes.
"""

import linecache
import shlex
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import trio

from cluster.checks import Violation
from cluster.sim.errors import MisuseAt
from cluster.sim.run import BROKEN, BUG, HELD, MISTAKE, OwnBug
from cluster.sim.timeline import span_text, tail
from cluster.sim.user_code import place_in
from cluster.time_units import SECOND, clock_text
from cluster.value import value
from scenarios.gallery import LoadedStory, line_in
from scenarios.meant_names import hint
from scenarios.sample_documents import DataError
from scenarios.zoo import OF_THE_STORY, bug_named

if TYPE_CHECKING:
    from cluster.sim.run import Outcome


LONGEST_CHAIN = 9
"""How many events of a chain of causes the report of a failure shows at most."""


@value
class RunRequest:
    """The request for a run: enough to run it again."""

    story: str
    seed: int
    rules: str
    data: str | None = None
    bug: str | None = None
    """The bug of the zoo that is planted during the run; None: none."""
    own_rules: str = ""
    """The rules that the story is meant for; the command leaves them out."""
    keep_going: bool = False
    """Whether the run goes on when a promise is broken."""
    kept: str = ""
    """The file that says of a kept run what was played, beside which its story is; empty: it is played by its name."""

    def command(self) -> str:
        """The command that repeats the run."""
        words = ["unkindness", "run", self.story, "--seed", str(self.seed)]
        for option, said in (("--rules", self.rules), ("--data", self.data), ("--bug", self.bug)):
            if said and not (option == "--rules" and said == self.own_rules):
                words += [option, said]
        if self.keep_going:
            words.append("--keep-going")
        return shlex.join(words)

    def asking(self, command: str, seq: str = "") -> str:
        """The command that asks of the run as STORY@SEED, with `seq` behind it. A run with a data file has no such name."""
        words = ["unkindness", command, f"{self.story}@{self.seed}{seq}"]
        for option, said in (("--rules", self.rules if self.rules != self.own_rules else ""), ("--bug", self.bug)):
            words += [option, said] if said else []
        return shlex.join(words)

    def fields(self) -> dict[str, Any]:
        """The request as JSON; what was not asked for is left out."""
        fields: dict[str, Any] = {"story": self.story, "seed": self.seed, "rules": self.rules}
        asked = (("data", self.data), ("bug", self.bug), ("keep_going", self.keep_going))
        return fields | {name: said for name, said in asked if said}


@value
class BrokenRunPromise:
    """A broken promise, or a failed assertion of the story."""

    promise: str
    text: str
    seq: int
    """The event in which it broke: the last one of the run, unless that went on."""
    t: int
    """True time in µs."""


@value
class Result:
    """The result of a run, without its history."""

    request: RunRequest
    verdict: str
    """`held`, `broken`, `inconclusive`; `mistake`, `bug` or `stopped` where there is no verdict."""
    digest: str
    events: int
    messages: int
    virtual_seconds: float
    wall_seconds: float
    elections: int
    backups: tuple[tuple[str, int], ...]
    missed: tuple[tuple[str, int], ...]
    """How many occurrences each rule of RavenDB let be missed."""
    lost: tuple[str, ...]
    """The files that somebody outside the cluster lost, each with how many need it; they are excused."""
    never_struck: tuple[str, ...]
    """The faults that waited for an event in vain, and those that met nothing, each with the reason."""
    warnings: tuple[str, ...]
    """What whoever played should know of the places that the story names."""
    violations: tuple[BrokenRunPromise, ...]

    def fields(self) -> dict[str, Any]:
        """The result as one JSON object."""
        rest = attrs.asdict(self, filter=lambda field, _: field.name != "request")
        return self.request.fields() | rest | {"backups": dict(self.backups), "missed": dict(self.missed)}


def summary(outcome: "Outcome", request: RunRequest, loaded: LoadedStory) -> Result:
    """The result of a run."""
    verdict = verdict_of(outcome, loaded)
    violations: tuple[BrokenRunPromise, ...] = ()
    if verdict == BROKEN and outcome.failure is not None:
        seq, t = len(outcome.history), outcome.history.clock.now
        violations = tuple(
            BrokenRunPromise(*_broken(each.failure, loaded), each.seq, each.t) for each in outcome.broken
        ) or (BrokenRunPromise(*_broken(outcome.failure, loaded), seq, t),)
    backups, missed, lost = _of_backups(outcome)
    return Result(
        request=request,
        verdict=verdict,
        digest=outcome.digest,
        events=len(outcome.history),
        messages=outcome.messages,
        virtual_seconds=outcome.virtual_seconds,
        wall_seconds=round(outcome.wall_seconds, 3),
        elections=outcome.elections,
        backups=backups,
        missed=missed,
        lost=lost,
        never_struck=outcome.never_struck,
        warnings=outcome.warnings,
        violations=violations,
    )


Counts = tuple[tuple[str, int], ...]
NO_BACKUPS: Counts = (("ok", 0), ("late", 0), ("missed", 0), ("double", 0), ("failed", 0), ("cut off", 0))


def _of_backups(outcome: "Outcome") -> tuple[Counts, Counts, tuple[str, ...]]:
    """The counts of the backups, the occurrences missed by rule, and the lost files."""
    if not has_backups(outcome):
        return NO_BACKUPS, (), ()
    from scenarios.inspect.backup_results import counts, lost_files, missed_by_rule
    from scenarios.inspect.run_history import RunHistory

    watchers = outcome.watchers
    counted = tuple(counts(RunHistory(outcome.history.events), watchers).items())
    return counted, missed_by_rule(watchers), tuple(each.text() for each in lost_files(watchers))


def verdict_of(outcome: "Outcome", loaded: LoadedStory) -> str:
    """The outcome's verdict, but `mistake` for an error that was raised in the story's own file."""
    if outcome.verdict == BUG and outcome.failure is not None and line_in(outcome.failure, loaded.source):
        return MISTAKE
    return outcome.verdict


def _broken(failure: BaseException, loaded: LoadedStory) -> tuple[str, str]:
    """The promise's name and the text of how it broke."""
    if isinstance(failure, Violation):
        return failure.promise, failure.text
    line = line_in(failure, loaded.source)
    said = str(failure) or linecache.getline(loaded.source, line).strip() or "an assertion failed"
    return OF_THE_STORY, f"{said} ({loaded.source}, line {line})" if line else said


def mistake_lines(result: Result, outcome: "Outcome", loaded: LoadedStory) -> list[str]:
    """An error of the story in one line; an error of a node also has the node, the seed and the last lines of the timeline."""
    assert outcome.failure is not None
    lines, notes = [_mistake(outcome.failure, loaded)], getattr(outcome.failure, "__notes__", ())
    lines += [f"at the same time: {_mistake(each, loaded)}" for each in outcome.besides]
    if notes:
        lines += [f"  {note}" for note in notes]
        lines += _last_lines(result, outcome, len(outcome.history), outcome.history.clock.now)
    return lines


def _mistake(failure: BaseException, loaded: LoadedStory) -> str:
    """Place, kind and text of the error."""
    kind, text = type(failure).__name__, str(failure).strip()
    if isinstance(failure, DataError | MisuseAt):
        return text
    # the texts of our own errors say enough
    known = type(failure).__module__.split(".")[0] in ("cluster", "backup", "scenarios")
    what = text if known and text else f"{kind}: {text}" if text else kind
    return f"{place_in(failure) or loaded.source}: {what}{hint(failure)}"


def bug_text(error: BaseException, command: str, version: str) -> str:
    """The report of a bug of ours: the error, the command, the version and the last frame."""
    while error.__cause__ is not None and isinstance(error, trio.TrioInternalError | OwnBug):
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}, line {frames[-1].lineno}, in {frames[-1].name}" if frames else "no frame"
    return (
        f"this is a mistake of unkindness itself, not yours: {type(error).__name__}: {error}\n"
        f"please report: `{command}`, version {version}, {where}"
    )


def verdict_lines(result: Result, outcome: "Outcome", kept: str = "", brief: bool = False) -> list[str]:
    """The last lines of every run, always of the same shape.

    `kept`: the folder in which the run was kept, and what is to be known of it. `brief`: the promises are counted, and not listed.
    """
    lines = [f"{result.verdict}: {_reason(result, outcome)}"]
    if result.request.bug:
        strikes = bug_named(result.request.bug).strikes
        lines.append(f"  with the bug {result.request.bug} planted, which {strikes} strikes")
    took = f"{span_text(round(result.virtual_seconds * SECOND))} of virtual time in {result.wall_seconds:.2f} s"
    lines.append(f"  seed {result.request.seed}, rules {result.request.rules}, {took}")
    counts = (("event", result.events), ("message", result.messages), ("election", result.elections))
    lines.append("  " + ", ".join(f"{count:,} {name}{'' if count == 1 else 's'}" for name, count in counts))
    if has_backups(outcome):
        lines.append(
            "  backups: "
            + ", ".join(f"{count:,} {name}" for name, count in result.backups if count or name != "cut off")
        )
    if result.missed:
        lines.append("  missed by rule: " + ", ".join(f"{rule} {count:,} times" for rule, count in result.missed))
    lines += _first_three("excused", [*result.lost, *_excuses(outcome)])
    lines += _first_three("never struck", result.never_struck)
    lines += _first_three("warning", result.warnings)
    if outcome.promises and not brief:
        lines.append("  promises watched:")
        lines += [f"    {name}: {says}" for name, says in outcome.promises]
    lines.append(f"  digest   {result.digest}")
    lines.append(f"  again    {result.request.command()}")
    if kept:
        lines.append(f"  kept in  {kept}")
    return lines


def _first_three(label: str, texts: Sequence[str]) -> list[str]:
    more = [f"{len(texts) - 3:,} more"] if len(texts) > 3 else []
    return [f"  {label}: {each}" for each in (*texts[:3], *more)]


def _excuses(outcome: "Outcome") -> list[str]:
    if not has_backups(outcome):
        return []
    from scenarios.inspect.backup_results import excused

    return [each.text() for each in excused(outcome.watchers)]


def has_backups(outcome: "Outcome") -> bool:
    """Whether the nodes of the run had the backup service, whose watchers it has, so that to count no backups says something."""
    return any(type(watcher).__module__.startswith("backup.") for watcher in outcome.watchers)


def _reason(result: Result, outcome: "Outcome") -> str:
    if result.verdict == HELD:
        watched = len(outcome.promises)
        return f"{watched} promises watched, none was broken" if watched != 1 else "the promise watched was kept"
    if result.violations:
        more = f", and {len(result.violations) - 1:,} more" if len(result.violations) > 1 else ""
        return f"{result.violations[0].promise}, in event {result.violations[0].seq}{more}"
    if outcome.failure is None:
        return f"never seen: {', '.join(outcome.unseen)}"
    return str(outcome.failure)


def _last_lines(result: Result, outcome: "Outcome", seq: int, t: int) -> list[str]:
    """The time of the failure, the seed, the last lines of the timeline, and the command that repeats it."""
    return [
        f"  seed {outcome.seed}, event {seq}, {clock_text(t)} after the start; the last lines:",
        *(f"    {line}" for line in tail(outcome.history, outcome.names, seq=seq)),
        f"  again    {result.request.command()}",
    ]


def failure_lines(result: Result, outcome: "Outcome", kept: str = "") -> list[str]:
    """The report of a broken promise: one text, the seed, the last lines of the timeline, what led to it, how to repeat it.

    `kept`: the folder in which the run was kept. After it the promises that were broken later, if the run went on.
    """
    first = result.violations[0]
    lines = [f"broken: {first.promise}: {first.text}"]
    lines += [f"  {note}" for note in getattr(outcome.failure, "__notes__", ())]
    lines += _last_lines(result, outcome, first.seq, first.t)
    lines[-1:-1] = _what_led_to(outcome, first.seq)
    if kept:
        lines.append(f"  look     {shlex.join(['unkindness', 'explain', f'{kept}:{first.seq}'])}")
    elif not result.request.data:
        lines.append(f"  look     {result.request.asking('explain', f':{first.seq}')}")
    if result.violations[1:]:
        lines += ["", "the run went on, and then were broken (they may follow from the first):"]
        lines += [
            f"  {clock_text(each.t)}  {each.promise}, event {each.seq}: {each.text}" for each in result.violations[1:]
        ]
    return lines


def _what_led_to(outcome: "Outcome", seq: int) -> list[str]:
    """The chain of causes of an event, from the step that began it; nothing if that is all there is to say."""
    from scenarios.inspect.causality import chain, event_text, parents, shortened

    events = outcome.history.events
    led = chain(events, parents(events), seq)
    if len(led) < 2:
        return []
    shown = [events[each - 1] for each in shortened(events, led, LONGEST_CHAIN)]
    left = f" ({len(led) - len(shown):,} between are left out)" if len(led) > len(shown) else ""
    return [f"  what led to it{left}:", *(f"    {event_text(event)}" for event in shown)]
