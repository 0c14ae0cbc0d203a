"""Nothing is forgotten: what there is in one place is in the others too, or is named here with the reason why not.

Each list of exceptions is exact: an entry that is not needed any more fails as well. Each test has a control, which adds
something that the product does not know and is told of it.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, get_args
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import Phase, given, settings

import backup.checks
from backup.destinations import faults
from backup.destinations.local import LocalFolder
from backup.destinations.registry import KINDS, REMOTE
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import DestinationSettings, Script
from backup.destinations.world_destinations import WorldDestinations
from backup.node.views import TaskStanding, task_view
from backup.record.commands import apply
from backup.record.database_commands import CreateDatabase
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.record import Record, Topology
from backup.record.record_changes import tell
from backup.record.responsible_node import TaskState
from backup.record.retention_policy import Retention
from backup.record.rules import Rules
from backup.record.task import Kind, SnapshotSettings, Task, UploadMode
from backup.record.task_commands import DefineTask
from backup.record.task_json import task_json, tasks_of
from backup.record.validation import validate
from cluster import checks, steps
from cluster.member import Refused
from cluster.sim.dice import Dice
from cluster.sim.run import HELD, play
from cluster.sim.world import World
from cluster.time_units import DAY, HOUR
from cluster.value import value
from scenarios import strategies
from scenarios.backups import backups
from scenarios.backups.database import Database
from scenarios.gallery import STORIES
from scenarios.inspect import restore_files
from scenarios.inspect.backups_page import task_lines
from scenarios.weather import kinds as weather_kinds
from scenarios.weather.kinds import FaultKind
from scenarios.zoo import night, storm
from tests.sim.test_steps import SAYS
from tests.sim.vocabulary import Adder

ROOT = Path(__file__).resolve().parent.parent

# ---- the fields of a task ----

PLAIN = Task(full="30 0 * * *", destinations=(LocalFolder("/b"),), name="nightly", mentor="A", id=2, created_at=HOUR)
OTHERWISE: Mapping[str, object] = {
    "full": "0 3 * * *",
    "incremental": "30 1 * * *",
    "destinations": (AmazonS3("bucket"),),
    "name": "weekly",
    "kind": Kind.SNAPSHOT,
    "mentor": "B",
    "pinned": True,
    "disabled": True,
    "retention": Retention(14 * DAY),
    "id": 3,
    "created_at": 0,
    "snapshot": SnapshotSettings("Deflate"),
    "encryption": Encryption(EncryptionMode.USE_DATABASE_KEY),
    "upload_mode": UploadMode.DIRECT_UPLOAD,
    "renewed": 7,
    "server_wide": 9,
}
"""Another value for each field of `PLAIN`."""

NOT_IN_JSON = {
    "created_at": "whoever restores the task creates it anew (rule 18.4)",
    "renewed": "the restored task has run nowhere yet, so that its next run is full anyway (rule 6.7)",
    "server_wide": "such a task is the cluster's own and is not restored at all (rule 16.3)",
}
NOT_BACK = {
    **NOT_IN_JSON,
    "id": "the log entry that defines it again gives it a new one (rule 1.6)",
}
NOT_ON_THE_PAGE = {
    "snapshot": "RavenDB's page does not show it (rule 20.1)",
    "upload_mode": "RavenDB's page does not show it (rule 20.1)",
    "renewed": "it shows as the kind of the next run only, once there was a first (rule 6.7)",
}
NOT_IN_THE_TRACE = {
    "snapshot": "no promise depends on how a snapshot is compressed; the file's manifest says it",
    "upload_mode": "no promise depends on the way that a file takes",
    "renewed": "the trace has the change of kind itself, in the note of the entry that it names",
}


REMEDIES = {
    "JSON": "write it in `task_json` (backup/record/task_json.py), or name it in NOT_IN_JSON",
    "JSON and back": "read it in `_task` (backup/record/task_json.py), or name it in NOT_BACK",
    "page": "give it to `TaskView` (backup/requests/answers.py, backup/node/views.py) and show it in `_fields` "
    "(scenarios/inspect/backups_page.py), or name it in NOT_ON_THE_PAGE",
    "trace": "give it to `TaskDefined` (backup/notes/record_notes.py, backup/record/record_changes.py), "
    "or name it in NOT_IN_THE_TRACE",
}
"""By view: what to do about a field that makes no difference to it."""
NO_WORD_OF_A_STORY = {
    "upload_mode": "`task.edit(upload_mode=...)` says it",
    "id": "the cluster gives it (rule 1.6)",
    "created_at": "the cluster gives it (rule 6.6)",
    "renewed": "the cluster gives it (rule 6.7)",
    "server_wide": "a server-wide task is defined by `client.define_server_wide` (rule 16.3)",
}
"""Fields that a story does not give when it defines a task, each with the reason."""
IN_A_STORY = {"destinations": "to", "retention": "keep"}
"""What a story calls such a field otherwise."""


def forgotten(what: type[Task], shown: Callable[[Task], object], left_out: Iterable[str]) -> dict[str, str]:
    """Fields of the task that make no difference to what is shown, though not listed; and listed ones that do."""
    plain: Any = what(**{field.name: getattr(PLAIN, field.name) for field in attrs.fields(Task)})
    found = {}
    for field in attrs.fields(what):
        other = attrs.evolve(plain, **{field.name: OTHERWISE.get(field.name, "anything else")})
        differs = shown(other) != shown(plain)
        if differs == (field.name in left_out):
            found[field.name] = "is left out, and makes a difference" if differs else "makes no difference"
    return found


def panel(task: Task) -> list[str]:
    """The task on the Backups page of a node that has not run it yet, while its preferred node A recovers."""
    record, _ = apply(Record(), CreateDatabase("Shop", ("A", "B")), 1)
    shop = attrs.evolve(record.databases["shop"], topology=Topology(("B",), rehabs=("A",)))
    state = TaskState.DISABLED if task.disabled else TaskState.ACTIVE_BY_CURRENT_NODE
    rules, utc = attrs.evolve(Rules(), assigned=False), ZoneInfo("UTC")
    view = task_view(shop, task, TaskStanding("A", HOUR, utc, rules, state, owner="A", status=None))
    return list(task_lines(view, HOUR, utc, 120))


def traced(task: Task) -> list[Any]:
    """What the trace says of the entry that defines the task."""
    before, _ = apply(Record(), CreateDatabase("Shop", ("A", "B")), 1)
    after = attrs.evolve(before, databases={"shop": attrs.evolve(before.databases["shop"], tasks={task.id: task})})
    return list(tell(before, after, DefineTask("Shop", task), task.id, 2, Rules()))


VIEWS: tuple[tuple[str, Callable[[Task], object], Mapping[str, str]], ...] = (
    ("JSON", task_json, NOT_IN_JSON),
    ("JSON and back", lambda task: list(tasks_of({"PeriodicBackups": [task_json(task)]})), NOT_BACK),
    ("page", panel, NOT_ON_THE_PAGE),
    ("trace", traced, NOT_IN_THE_TRACE),
)


@pytest.mark.parametrize(("view", "shown", "left_out"), VIEWS, ids=[each[0] for each in VIEWS])
def test_every_field_of_a_task_shows(view: str, shown: Callable[[Task], object], left_out: Mapping[str, str]) -> None:
    """Rule 6.1: another value of any field makes a difference, except for the fields that are left out with a reason."""
    assert forgotten(Task, shown, left_out) == {}, REMEDIES[view]


@value
class LongerTask(Task):
    """A task with a field that nothing else knows."""

    colour: str = ""


@pytest.mark.parametrize(("shown", "left_out"), [each[1:] for each in VIEWS], ids=[each[0] for each in VIEWS])
def test_a_field_that_is_forgotten_is_named(shown: Callable[[Task], object], left_out: Mapping[str, str]) -> None:
    """The control: a new field makes no difference yet; nor does one that is listed although it shows go unnoticed."""
    already = forgotten(Task, shown, left_out)
    assert forgotten(LongerTask, shown, left_out) == {**already, "colour": "makes no difference"}
    listed = forgotten(Task, shown, {**left_out, "full": "no reason"})
    assert listed == {**already, "full": "is left out, and makes a difference"}


def unspoken(what: type[Task], left_out: Iterable[str]) -> set[str]:
    """Fields that a story cannot give when it defines a task, though not listed; and listed ones that it can."""
    words = inspect.signature(Database.define).parameters
    return {
        field.name
        for field in attrs.fields(what)
        if (IN_A_STORY.get(field.name, field.name) in words) == (field.name in left_out)
    }


def test_a_story_can_give_every_field_of_a_task() -> None:
    """By `define`, unless another verb says it or the cluster gives it."""
    remedy = "let `define` take it (scenarios/backups/database.py), or name it in NO_WORD_OF_A_STORY"
    assert unspoken(Task, NO_WORD_OF_A_STORY) == set(), remedy
    assert "colour" in unspoken(LongerTask, NO_WORD_OF_A_STORY), "the control"
    assert "full" in unspoken(Task, [*NO_WORD_OF_A_STORY, "full"]), "the control"


# ---- faults ----

BY_A_HUNT = "the weather of a hunt draws it (scenarios/weather/kinds.py)"
BY_DAMAGE = "beyond what Raft survives by itself, unless it is a minority's disk: `weather_damage` draws it"
NOT_DRAWN = {
    "Stop": "one of the ends that a crash may have: `Crash` is drawn, and leaves all that was written, or less",
    "Short": "a shortage changes who is responsible for a backup, which the story of it decides; Raft does not notice",
    "FailSync": "the node stops as if it had crashed: `Crash` at the note `Wrote` is drawn, and tests of the disk are exact",
    "FlipBit": BY_DAMAGE,
    "Misdirect": BY_DAMAGE,
    "RollBack": "beyond what Raft survives by itself, as `Wipe`",
    "Corrupt": BY_A_HUNT,
    "FailRead": BY_A_HUNT,
    "FreezeClock": BY_A_HUNT,
    "Wipe": "beyond what Raft survives by itself: a node that has forgotten its vote may vote twice in a term (§5.2)",
    "Disturb": "the trouble belongs to an application, and the weather is for any",
}
NOT_IN_THE_ZOOS_WEATHER = {
    **NOT_DRAWN,
    "Cut": "of three nodes a split into one and two cuts as much; the weather of Hypothesis has it",
    "Zone": "a zone changes when a backup is due, and the zoo's bugs do not depend on it; the weather of Hypothesis has it",
}
NOT_IN_A_STORY = {
    "ReadOnly": "to a backup it is `Refusing`; that retention removes nothing there is a test of its own (test_cleaning.py)",
}


def names_of(union: UnionType) -> set[str]:
    """The names of the classes of a union."""
    return {kind.__name__ for kind in get_args(union)}


def kinds_of(happening: Iterable[steps.Step]) -> set[str]:
    """The names of their classes; a fault that waits for an event counts as itself."""
    return {type(step.fault if isinstance(step, steps.When) else step).__name__ for step in happening}


def drawn_by_hypothesis() -> set[str]:
    """Every kind of fault of a few hundred drawn faults: each is as likely as any other."""
    found: set[str] = set()

    @settings(max_examples=400, database=None, derandomize=True, phases=[Phase.generate], deadline=None)
    @given(fault=strategies.faults("ABC"))
    def look(fault: steps.Fault) -> None:
        found.update(kinds_of([fault]))

    look()
    return found


def drawn_by_the_zoo() -> set[str]:
    """Every kind of a few hundred misfortunes of the storm and of the night."""
    dice = Dice(1, ("completeness",))
    drawn = [storm.misfortune(dice, "ABC") for _ in range(300)]
    drawn += [night.misfortune(dice, "ABC", clocks=True) for _ in range(300)]
    return kinds_of(drawn)


def drawn_by_a_hunt(kinds: Mapping[str, FaultKind]) -> set[str]:
    """Every kind of step that these kinds of a weather draw."""
    dice = Dice(1, ("completeness",))
    return kinds_of(step for kind in kinds.values() for _ in range(20) for _, step in kind.draw(dice, tuple("ABCDE")))


def in_stories(union: UnionType) -> set[str]:
    """Classes of the union that a story imports."""
    sources = [ast.parse(path.read_text(encoding="utf-8")) for path in STORIES.glob("*.py")]
    imports = [node for source in sources for node in ast.walk(source) if isinstance(node, ast.ImportFrom)]
    return names_of(union) & {alias.name for node in imports for alias in node.names}


def undrawn(union: UnionType, drawn: set[str], left_out: Iterable[str]) -> set[str]:
    """Kinds of the union that are neither drawn nor left out, and those that are both."""
    return names_of(union) - drawn ^ set(left_out)


def test_every_fault_is_in_the_weather() -> None:
    """Any fault may be drawn, except for those that are left out with a reason; here and in the weather of the zoo."""
    hypothesis = "draw it in `_kinds` (scenarios/strategies.py), or name it in NOT_DRAWN"
    zoo = "draw it in `misfortune` (scenarios/zoo/storm.py or night.py), or name it in NOT_IN_THE_ZOOS_WEATHER"
    assert undrawn(steps.Fault, drawn_by_hypothesis(), NOT_DRAWN) == set(), hypothesis
    assert undrawn(steps.Fault, drawn_by_the_zoo(), NOT_IN_THE_ZOOS_WEATHER) == set(), zoo


def test_a_hunt_draws_what_is_left_to_it() -> None:
    """What NOT_DRAWN says of the weather of a hunt is so."""
    for kinds, why in ((weather_kinds.KINDS, BY_A_HUNT), (weather_kinds.DAMAGE, BY_DAMAGE)):
        left = {name for name, reason in NOT_DRAWN.items() if reason == why}
        assert left
        assert left <= (drawn := drawn_by_a_hunt(kinds)), why
        assert "Wipe" not in drawn, "the control"


def test_every_trouble_of_a_place_is_in_a_story() -> None:
    """What may ail a place for backups ails it in a recorded story, except for what is left out with a reason."""
    may_ail = faults.Trouble | faults.Loss
    assert undrawn(may_ail, in_stories(may_ail), NOT_IN_A_STORY) == set()


def test_a_fault_that_nothing_draws_is_named() -> None:
    """The control: a new kind of fault or of trouble is missed; so is an exception that is none any more."""
    drawn = drawn_by_hypothesis()
    already = undrawn(steps.Fault, drawn, NOT_DRAWN)
    assert undrawn(steps.Fault | LongerTask, drawn, NOT_DRAWN) == {*already, "LongerTask"}
    assert undrawn(steps.Fault, drawn, [*NOT_DRAWN, "Crash"]) == {*already, "Crash"}
    assert undrawn(faults.Trouble | LongerTask, in_stories(faults.Trouble | LongerTask), NOT_IN_A_STORY) == {
        "LongerTask"
    }


NOT_MENDED = {
    "JumpClock": "nobody knows by how much a clock is wrong, and no clock is set back by itself",
    "Zone": "a node lives where it lives",
}
"""What stays when the sky clears."""


def verb_of(kind: str) -> str:
    """The method of the world that takes such a step: `cut_one_way`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()


def silent(kinds: Iterable[str]) -> set[str]:
    """Kinds of steps that no method of the world is called after."""
    return {kind for kind in kinds if not hasattr(World, verb_of(kind))}


def test_every_step_has_a_verb() -> None:
    """A story says `world.crash("A")`, whatever the step; the README has a table of those that are faults."""
    kinds = names_of(steps.Step)
    table = (
        (ROOT / "scenarios/README.md").read_text(encoding="utf-8").partition("\n## Faults\n")[2].partition("\n## ")[0]
    )
    assert {verb for kind in names_of(steps.Fault) if f"`{(verb := verb_of(kind))}" not in table} == set(), (
        "scenarios/README.md"
    )
    assert silent(kinds) == set(), "give `World` a method of that name (cluster/sim/world.py)"
    assert silent([*kinds, "LongerTask"]) == {"LongerTask"}, "the control"


def standing(world: World) -> list[object]:
    """All that a fault may do to wires, clocks, disks and nodes that are up, as far as it can be read at once."""
    disks = [
        {name: held for name, held in vars(slot.disk).items() if isinstance(held, int | float) and name != "syncs"}
        for slot in world.slots.values()
    ]
    clocks = [(slot.clocks.drift, slot.clocks.zone, slot.clocks._jumped) for slot in world.slots.values()]
    nodes = [(slot.paused, slot.short_of) for slot in world.slots.values()]
    links = [(link.wire, link.cut, bool(link.held)) for link in world.network.links.values()]
    return [disks, clocks, nodes, links, world.network.wire]


def unmended() -> set[str]:
    """Kinds of faults that leave something behind when the sky clears in the same instant."""
    found: set[str] = set()
    kinds = tuple(kind for kind in get_args(steps.Fault) if kind is not steps.Disturb)  # that is the application's

    for each in SAYS:
        if not isinstance(each, kinds):
            continue

        async def story(world: World, step: steps.Step = each) -> None:
            world.start("ABC", Adder)
            await world.elected()
            before = standing(world)
            world.do(step)
            world.mend()
            if standing(world) != before:
                found.add(type(step).__name__)

        outcome = play(story)
        assert outcome.verdict == HELD, outcome.failure
    return found


def test_the_sky_clears_of_every_fault() -> None:
    """`Mend` undoes whatever a fault does to wires, clocks, disks and nodes, but for what is named with the reason."""
    assert unmended() == set(NOT_MENDED), "undo it in `_mend` (cluster/sim/universe.py), or name it in NOT_MENDED"


# ---- promises ----


def watchers_in(room: ModuleType) -> set[str]:
    """The promises of the watchers that a package defines."""
    modules = [importlib.import_module(f"{room.__name__}.{each.name}") for each in pkgutil.iter_modules(room.__path__)]
    return {
        each.promise
        for module in modules
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, checks.Watcher) and each.__module__ == module.__name__
        if hasattr(each, "promise")
    }


OF_USERS = {"linearizability"}
"""What is watched where a user has said what one copy of an application does."""


def test_every_watcher_watches() -> None:
    """A promise that a file defines is watched in every run of backups."""

    async def story(world: World) -> None:
        backups(world).start("ABC")

    watched = {name for name, _ in play(story).promises}
    defined = (watchers_in(checks) | watchers_in(backup.checks)) - OF_USERS
    assert defined == watched, "list it in `backup_watchers` (backup/checks/__init__.py) or `consensus_watchers`"


# ---- schemes ----


def scheme_problems(scheme: str) -> list[str]:
    """What does not know the scheme of an address: the restore of files, or the text of errors."""
    problems = []
    try:
        restore_files.places(f"{scheme}://name/folder")
    except restore_files.FilesError as error:
        if "is no address of backups" in str(error):
            problems.append("restore")
    destinations = WorldDestinations({"backups": "/kept"})
    if destinations.plain(OSError(f"/kept/clouds/{scheme}/name is full")) != f"{scheme}://name is full":
        problems.append("plain text")
    return problems


@pytest.mark.parametrize("block", REMOTE, ids=lambda block: block.scheme)
def test_every_scheme_is_known_wherever_addresses_are_read(
    block: type[DestinationSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Section 12: files are restored from it or it is said that they cannot be (rule 12.4), and errors name the address."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "raven")  # an address of Azure does not say whose container it is
    assert scheme_problems(block.scheme) == []


def test_a_scheme_that_nobody_knows_is_named() -> None:
    """The control."""
    assert scheme_problems("gopher") == ["restore", "plain text"]


@pytest.mark.parametrize("block", KINDS)
def test_every_kind_of_destination_is_validated(block: Any) -> None:
    """Rule 6.4: two of a kind, and a script without a program, are refused by the kind's own word."""
    one = block(**{block.key_field: "place"})
    for destinations in ((one, one), (attrs.evolve(one, script=Script("")),)):
        with pytest.raises(Refused, match=f"{block.word} destination"):
            validate(attrs.evolve(PLAIN, destinations=destinations), "create")


# ---- the rules of Raft ----

RULE = re.compile(r"\b[Rr]ules? (\d+\.\d+(?:(?:, | and )\d+\.\d+)*)(?![-\d])")
"""Rules that are named one by one; a range, as in the first line of a module, names none."""
NOT_TESTED_THERE = {
    "3.38": "how long a proposal may take is the driver's to count: `tests/test_proposals.py`",
}


def rules_in(texts: Iterable[str]) -> set[str]:
    """The numbers of all rules that the texts name."""
    return {number for text in texts for found in RULE.findall(text) for number in re.findall(r"\d+\.\d+", found)}


def untested(product: Iterable[str], tests: Iterable[str], left_out: Iterable[str]) -> set[str]:
    """Rules that the product names and no test does, though not listed; and listed ones that a test names."""
    return rules_in(product) - rules_in(tests) ^ set(left_out)


def test_every_rule_of_raft_is_named_by_a_test() -> None:
    """Whoever changes a rule of `cluster/raft` finds its test by the number; its boundary is in `tests/raft/boundaries`."""
    product = [path.read_text(encoding="utf-8") for path in (ROOT / "cluster/raft").glob("*.py")]
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests/raft").rglob("test_*.py")]
    assert untested(product, tests, NOT_TESTED_THERE) == set()
    assert untested([*product, "# rules 3.1, 99.9 and 3.10"], tests, NOT_TESTED_THERE) == {"99.9"}, "the control"
    assert untested(product, [*tests, "Rule 3.38."], NOT_TESTED_THERE) == {"3.38"}, "the control"
