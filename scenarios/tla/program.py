"""The work of `unkindness validate`: play a run, write it as lines, let TLC judge them, and put the verdict into words."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cluster.sim.run import Outcome
from cluster.value import value
from scenarios.gallery import StoryError, load
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import perform
from scenarios.tla.record import recorded
from scenarios.tla.tlc import Verdict, java, judge, tools
from scenarios.tla.trace_mapping import Mapper, SpecificationLine, Unmapped

BEFORE = 6
"""The number of lines shown before one that is refused."""


@value
class Validated:
    """A run, and the verdict of TLC."""

    request: RunRequest
    outcome: Outcome
    steps: int
    """Steps of the core, of all nodes."""
    lines: tuple[SpecificationLine, ...]
    """The lines that were judged."""
    left: int
    """The number of lines beyond `--first`, which were not judged."""
    verdict: Verdict | None
    """None if the run has a transition that the specification does not have."""
    unmapped: str
    """That transition; empty if there is none."""

    def fields(self) -> dict[str, object]:
        """The verdict as `--json` prints it."""
        verdict = self.verdict
        refused = self.lines[verdict.taken] if verdict is not None and not verdict.accepted else None
        return {
            "story": self.request.story,
            "seed": self.request.seed,
            "bug": self.request.bug,
            "steps": self.steps,
            "lines": len(self.lines),
            "left": self.left,
            "accepted": None if verdict is None else verdict.accepted,
            "taken": 0 if verdict is None else verdict.taken,
            "refused": None if refused is None else {"action": action(refused), "says": refused.says},
            "unmapped": self.unmapped or None,
            "actions": dict(sorted(Counter(line.act for line in self.lines).items())),
        }


def validate(request: RunRequest, first: int | None = None, specification: Path | None = None) -> Validated:
    """Play a run and have every step of the core judged. CannotAsk, before playing, if there is no TLC."""
    java(), tools()
    if specification is not None and not specification.is_file():
        raise StoryError(f"there is no specification {specification}: name a file like Ongaro's raft.tla")
    with recorded() as record:
        outcome = perform(load(request.story), request)
    mapper, unmapped = Mapper(record), ""
    try:
        mapper.run()
    except Unmapped as error:
        unmapped = str(error)
    lines = tuple(mapper.lines if first is None else mapper.lines[:first])
    left, verdict = len(mapper.lines) - len(lines), None
    if not unmapped or left:  # the unmapped transition lies beyond the lines that are judged
        verdict = judge(sorted(mapper.logs), lines, max(1, len(mapper.values)), specification)
        unmapped = ""
    return Validated(request, outcome, len(record), lines, left, verdict, unmapped)


# ---- in words


def action(line: SpecificationLine) -> str:
    """The line as an action with its arguments."""
    peer = f", {line.peer}" if line.peer else ""
    match line.act:
        case "HandleAppendEntriesRequest":
            what = f", entry {line.prev + 1}" if line.count else f", nothing after {line.prev}"
            return f"{line.act}({line.node}{peer}{what}, commit {line.commit})"
        case "UpdateTerm" | "LearnTerm":
            return f"{line.act}({line.node}{peer}, term {line.x - 1})"
        case "Forget":
            return f"{line.act}({line.node}, back to term {line.x - 1} and {len(line.log)} entries)"
        case "AdvanceCommitIndex" | "Remember" | "HandleAppendEntriesResponse" | "Aim":
            return f"{line.act}({line.node}{peer}, {line.x})"
        case _:
            return f"{line.act}({line.node}{peer})"


def as_text(found: Validated) -> Sequence[str]:
    """The verdict as text, line by line."""
    actions = Counter(line.act for line in found.lines)
    run = f"{found.request.story}@{found.request.seed}"
    told = [f"{run}: {found.steps:,} steps of the law are {len(found.lines):,} lines"]
    told.append("  " + ", ".join(f"{name} {count}" for name, count in actions.most_common()))
    if found.left:
        told.append(f"  {found.left:,} lines beyond --first are not judged")
    verdict = found.verdict
    if verdict is None:
        told.append(f"not judged: {found.unmapped}")
    elif verdict.accepted:
        told.append("accepted: every line is a step of the specification")
    else:
        refused = found.lines[verdict.taken]
        told.append(f"refused at line {verdict.taken + 1}: {refused.says}")
        told.append(
            f"  {action(refused)} is no step of the specification here, or does not end where the node was seen"
        )
        if (seen := refused.seen) is not None:
            log = f"log up to {seen.length} (term {seen.last_term})"
            leads = ", leading" if seen.leads else ""
            told.append(f"  seen: term {seen.term}, vote {seen.vote}, {log}, committed {seen.commit}{leads}")
        told.append("  the lines before it:")
        start = max(0, verdict.taken - BEFORE)
        told += [
            f"    {number:5}  {action(line):58}  {line.says}"
            for number, line in enumerate(found.lines[start : verdict.taken], start + 1)
        ]
    if found.outcome.failure is not None:
        told.append(f"the run itself ended with: {found.outcome.failure}")
    return told
