"""What of a run's backups no single event tells: when each task was due, what was not covered, and why a run began or did not.

The sentences are those of `unkindness why`, the gaps those of `unkindness audit`. Never here: what the page makes of them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from backup.notes import OwnerChanged
from backup.record.record import ONE_TIME
from backup.record.rules import rules_named
from cluster.steps import Zone
from cluster.trace import Stepped
from scenarios.gallery import LoadedStory
from scenarios.inspect.audit import Gap, gaps, occurrences_due, occurrences_to_come
from scenarios.inspect.known_paths import KnownPaths
from scenarios.inspect.moment import Visitor
from scenarios.inspect.result import RunRequest
from scenarios.inspect.run_history import BackupFacts, RunHistory
from scenarios.inspect.why.answer import answer
from scenarios.inspect.why.causes import ran
from scenarios.inspect.why.facts import SOON, Facts, KnownFacts
from scenarios.inspect.why.read_facts import facts_of, found_in
from scenarios.kept_run import perform

if TYPE_CHECKING:
    from cluster.sim.history import History
    from cluster.sim.run import Outcome
    from cluster.sim.world import World

Missed = tuple[RunHistory, Gap]
"""A gap, and the history of its cluster."""
EXPLAINED = 20
"""The gaps of a run, from the first on, whose cause is looked up: the run is played once more for them."""


def backup_facts(
    outcome: "Outcome", request: RunRequest, loaded: LoadedStory, known: KnownPaths, history: RunHistory
) -> dict[str, Any]:
    """The fields `due`, `gaps` and `why` of a recording's header; tasks by `Shop/3`, instants in wall µs.

    After what was due of a task, `due` has what was still to come when a definition of it ended, and when that was.
    A database of a further cluster is named with its cluster, as `unkindness audit` names it.
    """
    end = outcome.history.clock.now
    due: dict[str, list[list[int]]] = {}
    missed: list[Missed] = []
    for part in history.clusters:
        zones = _zones(outcome.history, part)
        for task, times in occurrences_due(part, end, zones).items():
            for at, database, full in times:
                due.setdefault(f"{part.whose(database)}/{task}", []).append([at, int(full)])
        for task, coming in occurrences_to_come(part, end, zones).items():
            for until, (at, database, full) in coming:
                due.setdefault(f"{part.whose(database)}/{task}", []).append([at, int(full), until])
        missed += [(part, gap) for gap in gaps(part, end, zones)]
    causes = _causes(outcome, request, loaded, missed[:EXPLAINED]) if missed else []
    causes += [()] * (len(missed) - len(causes))
    return {
        "due": due,
        "gaps": [
            {
                "key": f"{part.whose(gap.database)}/{gap.task}",
                "first": gap.first,
                "last": gap.last,
                "count": gap.count,
                "covered": gap.covered_at,
                "why": [known.without(each) for each in why],
            }
            for (part, gap), why in zip(missed, causes, strict=True)
        ],
        "why": {
            str(seq): [known.without(each) for each in cause]
            for part in history.clusters
            for seq, cause in _reasons(part, request)
        },
    }


def _zones(events: "History", history: RunHistory) -> dict[int, ZoneInfo]:
    """The time zone of each task's last owner, or where nobody is assigned, of the node that ran it last."""
    of_node = {step.node: step.zone for event in events.of(Stepped) if isinstance(step := event.note.step, Zone)}
    owners = {run.task: run.node for run in history.runs}
    owners |= {event.note.task: event.note.owner_after for event in history.of(OwnerChanged) if event.note.owner_after}
    return {task: ZoneInfo(of_node.get(node, "UTC")) for task, node in owners.items()}


def _reasons(history: RunHistory, request: RunRequest) -> Iterator[tuple[int, tuple[str, str]]]:
    """Why each run began, and the rule: by the plan that its node had made, and the runs of others that began with it."""
    found = KnownFacts((), None, None, rules_named(request.rules or "unkindness"))
    of_task: dict[int, list[BackupFacts]] = {}
    for run in history.runs:
        of_task.setdefault(run.task, []).append(run)
    for task, runs in of_task.items():
        if task == ONE_TIME:
            continue
        for place, run in enumerate(runs):
            near = [each for each in runs[max(0, place - 8) : place + 9] if each is not run]
            cause = ran(Facts(run.t, task, found.rules, found, (run, *near), history, None, None))
            if cause is not None:
                yield run.seq, cause


def _causes(
    outcome: "Outcome", request: RunRequest, loaded: LoadedStory, missed: Sequence[Missed]
) -> list[tuple[str, ...]]:
    """The cause of each of these gaps, as the nodes stood when its first occurrence was due: the run is played again."""
    visitors = [Visitor(gap.first, _asked(gap.task, (part.founders or outcome.names)[0]), SOON) for part, gap in missed]

    def follow(world: "World") -> None:
        for visitor in visitors:
            visitor.follow(world)

    with TemporaryDirectory(prefix="unkindness-", ignore_cleanup_errors=True) as folder:
        perform(
            loaded,
            request,
            Path(folder),
            follow=follow,
            stop_asked=lambda: all(visitor.is_done for visitor in visitors),
        )
    found: list[tuple[str, ...]] = []
    for (_, gap), visitor in zip(missed, visitors, strict=True):
        found.append(())
        if visitor.found:
            t, read = visitor.found[0]
            events = RunHistory(event for event in outcome.history.events if event.t <= t + SOON)
            told = answer(facts_of(t, gap.task, "", read, events.of_nodes(node.name for node in read.nodes)))
            found[-1] = told.sentence, told.rule
    return found


def _asked(task: int, node: str) -> Any:
    return lambda world: found_in(world, task, "", node)
