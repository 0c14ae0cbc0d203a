"""Who may import whom (house C). The tables are the architecture; this reads every file and holds it to them.

An import counts wherever it stands: inside a function and behind TYPE_CHECKING too, because a reader follows those as well.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("cluster", "backup", "scenarios", "tests")
PRODUCT = OURS[:3]

FLOORS: dict[str, tuple[str, ...]] = {
    "cluster": (
        "sim",
        "node",
        "apply_loop",
        "admin_requests proposal_forwarding trace_notes storage node_programs",
        "ports snapshot_codec",
        "member",
        "checks raft_driver proposals wire structlog_listener",
        "trace raft",
        "steps step_fields periodic_talk",
        "argument_kinds",
        "written_times",
        "time_units value",
    ),
    "backup": (
        "node",
        "checks runs",
        "restore observer",
        "content replicas",
        "requests",
        "record",
        "destinations database notes",
    ),
    "scenarios": (
        "__main__ campaign",
        "cli stories strategies pytest_plugin",
        "failure_report",
        "export",
        "script",
        "hunt",
        "bench",
        "zoo.* backup_model doctor",
        "page",
        "backups drawing",
        "inspect tla second_play",
        "kept_run",
        "kept_story",
        "inspect.result explore.command",
        "inspect.backup_results",
        "zoo inspect.run_history inspect.causality",
        "gallery story_secrets sample_documents explore terminal drawing.shapes tla.record worker_processes",
        "weather modules_beside",
        "register",
        "register_promises drawing.style output_errors meant_names provenance",
    ),
}
"""The rooms of each package, floor by floor from the top: a room knows those on lower floors, and itself.

A room is a module or a package. One that stands elsewhere than its package is named by itself, and wins: `zoo` is the
file in which bugs are planted and known by name, `zoo.*` the bugs and what runs them.
"""
FROM_BELOW = {
    "cluster": (),
    "backup": tuple(
        f"cluster.{module}"
        for module in ("member", "trace", "steps", "checks", "value", "time_units", "argument_kinds", "written_times")
    ),
    "scenarios": ("backup", "cluster"),
}
"""What a package may import of the others. Never in the product: tests."""
ALONE = {"cluster.raft": ("cluster.raft", "cluster.value", "cluster.time_units")}
"""Rooms that know less of ours than their floor would let them."""
HANDLES = tuple(
    f"scenarios.backups.{module}" for module in ("client", "database", "replica", "restored", "server_wide", "task")
)
MAY_CIRCLE = (frozenset(HANDLES),)
"""Modules that may need each other.

A handle of a story leads to its children and back: `database.define` gives a task, and `task.database` is where it
belongs. Each is a file of its own, because a story's reader looks for a verb by the thing that has it.
"""
REFUSED = {
    "cluster.raft": ("trio", "random", "time", "datetime", "asyncio", "threading", "os", "pathlib", "socket"),
    "backup": ("trio", "random", "time", "asyncio", "secrets", "uuid"),
    "cluster": ("hypothesis", "pytest", "secrets", "uuid"),
    "scenarios": ("secrets", "uuid"),
}
"""Of others: what would let the pure parts do input, output or luck of their own."""
ONLY = {"hypothesis": {"scenarios.strategies"}, "pytest": {"scenarios.pytest_plugin"}}
"""Modules of others that one module of the product may import."""


# ---- what is imported ----


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it; `from a import b` as `a.b` where that is a module of ours."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.relative_to(ROOT)} imports relatively: write the whole name"
            name = node.module or ""
            for alias in node.names:
                inner = f"{name}.{alias.name}"
                place = ROOT.joinpath(*inner.split("."))
                yield inner if place.is_dir() or place.with_suffix(".py").is_file() else name


FILES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))


@cache
def graph() -> dict[str, tuple[str, ...]]:
    """Of each module of the product, what it imports, sorted."""
    return {module_of(path): tuple(sorted(set(imports(path)))) for path in FILES}


# ---- the judgement ----


def below(name: str, prefixes: Iterable[str]) -> bool:
    """Whether a module is one of these or in one of them."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def room_of(module: str) -> tuple[str, int]:
    """The room that a module belongs to, and its floor, counted from the top. LookupError if it has none."""
    package, _, inner = module.partition(".")
    places = {room: floor for floor, rooms in enumerate(FLOORS[package]) for room in rooms.split()}
    parts = inner.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if length < len(parts) and f"{name}.*" in places:
            return f"{package}.{name}.*", places[f"{name}.*"]
        if name in places:
            return f"{package}.{name}", places[name]
    raise LookupError(f"{module} is on no floor: give its room a place in FLOORS, under all that import it")


def wrong(module: str, imported: str) -> str:
    """Which rule that import breaks, and what to do; empty if none."""
    what = f"{module} imports {imported}"
    package, top = module.partition(".")[0], imported.partition(".")[0]
    if top not in OURS:
        refused = tuple(name for prefix, names in REFUSED.items() if below(module, (prefix,)) for name in names)
        if below(imported, refused):
            return f"{what}, and {package} does no input, output or luck of its own: take it as an argument"
        if top in ONLY and module not in ONLY[top]:
            return f"{what}, which only {', '.join(ONLY[top])} may: put what needs it there"
        return ""
    if top != package:
        if not below(imported, FROM_BELOW[package]):
            return f"{what}, and {package} knows {', '.join(FROM_BELOW[package]) or 'no other package'} only"
        return ""
    for prefix, known in ALONE.items():
        if below(module, (prefix,)) and not below(imported, known):
            return f"{what}, and {prefix} knows {', '.join(known)} only"
    if module == package or imported == package:
        return ""  # the package itself has no room: what it holds is at the door
    (room, floor), (other, its_floor) = room_of(module), room_of(imported)
    if room == other or floor < its_floor:
        return ""
    where = "on the floor above" if its_floor < floor else "on the same floor"
    return f"{what}: {other} is {where}. Hand it over as an argument, or move what both need to a floor below {room}"


def circles(arrows: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """One way around each circle: of every module that can come back to itself, the shortest way, each set of modules once."""
    found: dict[frozenset[str], list[str]] = {}
    for start in arrows:
        ways = [[start]]
        seen: set[str] = set()
        while ways:
            way = ways.pop(0)
            for step in arrows.get(way[-1], ()):
                if step == start and len(way) > 1:
                    found.setdefault(frozenset(way), [*way, start])
                    ways = []
                    break
                if step in arrows and step not in seen:
                    seen.add(step)
                    ways.append([*way, step])
    return list(found.values())


def new_circles(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """A sentence for each circle that is not among those that may be."""
    return [
        f"{' imports '.join(way)}: hand over what is used, or move what both need to a module of its own"
        for way in circles(arrows)
        if not any(set(way) <= allowed for allowed in MAY_CIRCLE)
    ]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_module_imports_only_what_its_floor_allows(path: Path) -> None:
    """Raft does no input or output, backups do not know Raft, the simulator is the product and knows no tests."""
    module = module_of(path)
    assert [said for name in graph()[module] if (said := wrong(module, name))] == []


def test_no_two_modules_need_each_other() -> None:
    """But for the handles of a story, parent and child."""
    assert new_circles(graph()) == []


def test_every_room_is_there() -> None:
    """A room that was renamed or went has no place in the tables."""
    rooms = [(package, room) for package, floors in FLOORS.items() for floor in floors for room in floor.split()]
    named = [f"{package}.{room.removesuffix('.*')}" for package, room in rooms]
    assert [name for name in (*named, *ALONE, *HANDLES) if not any(below(module, (name,)) for module in graph())] == []


# ---- the controls ----


@pytest.mark.parametrize(
    ("module", "imported", "says"),
    [
        ("cluster.raft.step", "trio", "take it as an argument"),
        ("cluster.raft.step", "datetime", "take it as an argument"),
        (
            "cluster.raft.log",
            "cluster.trace",
            "cluster.raft knows cluster.raft, cluster.value, cluster.time_units only",
        ),
        ("cluster.raft.log", "cluster.steps", "cluster.raft knows cluster.raft"),
        ("cluster.node", "cluster.sim.world", "cluster.sim is on the floor above"),
        ("cluster.apply_loop", "cluster.node", "Hand it over as an argument"),
        ("cluster.proposal_forwarding", "cluster.admin_requests", "cluster.admin_requests is on the same floor"),
        ("cluster.checks.consensus", "cluster.raft_driver", "on the same floor"),
        ("cluster.node", "backup.record.record", "cluster knows no other package only"),
        ("cluster.checks.consensus", "cluster.node", "on the floor above"),
        ("cluster.node", "secrets", "take it as an argument"),
        ("cluster.sim.world", "scenarios.register", "cluster knows no other package"),
        ("cluster.unheard_of", "cluster.value", ""),
        ("backup.runs.runner", "cluster.raft.state", "backup knows cluster.member"),
        ("backup.runs.runner", "cluster.sim.clock", "backup knows cluster.member"),
        ("backup.runs.runner", "trio", "take it as an argument"),
        ("backup.record.record", "backup.runs.runner", "move what both need to a floor below backup.record"),
        ("backup.runs.runner", "backup.node.service", "backup.node is on the floor above"),
        ("backup.checks.model", "backup.runs.runner", "backup.runs is on the same floor"),
        ("scenarios.explore.search", "scenarios.zoo", "scenarios.zoo is on the floor above"),
        ("scenarios.kept_run", "scenarios.inspect.audit", "scenarios.inspect is on the floor above"),
        ("scenarios.zoo", "scenarios.zoo.keeper", "scenarios.zoo.* is on the floor above"),
        ("scenarios.cli", "tests.sim.vocabulary", "scenarios knows backup, cluster only"),
        ("scenarios.cli", "hypothesis", "which only scenarios.strategies may"),
    ],
)
def test_the_table_refuses(module: str, imported: str, says: str) -> None:
    """Each import that breaks a rule is named, with the rule or the remedy."""
    if module == "cluster.unheard_of":
        with pytest.raises(LookupError, match="is on no floor"):
            wrong(module, imported)
    else:
        assert wrong(module, imported).startswith(f"{module} imports {imported}")
        assert says in wrong(module, imported)


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("cluster.node", "cluster.raft.step"),
        ("cluster.sim.universe", "cluster.sim.quiet"),
        ("backup.checks.model", "cluster.steps"),
        ("scenarios.zoo.keeper", "scenarios.zoo"),
        ("scenarios.kept_run", "scenarios.inspect.result"),
        ("scenarios.strategies", "hypothesis"),
    ],
)
def test_the_table_allows(module: str, imported: str) -> None:
    """Downward, within a room, and where an exception is named."""
    assert wrong(module, imported) == ""


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("cluster.raft.step", "cluster.raft.state"),
        ("cluster.node", "cluster.apply_loop"),
        ("cluster.sim.universe", "cluster.sim.quiet"),
        ("backup.content.logical", "backup.content.sections"),
        ("backup.node.service", "backup.record.record"),
        ("scenarios.kept_run", "scenarios.inspect.result"),
        ("scenarios.zoo.night", "scenarios.backups"),
        ("scenarios.backups.database", "scenarios.backups.task"),
    ],
)
def test_a_planted_circle_is_found(module: str, imported: str) -> None:
    """If what is imported imports who imports it, one message leads around the circle; the handles may."""
    assert imported in graph()[module], "else the circle would not be one"
    found = new_circles(graph() | {imported: (*graph()[imported], module)})
    if {module, imported} <= set(HANDLES):
        assert found == []
    else:
        assert any(f"{imported} imports {module}" in text and f"{module} imports {imported}" in text for text in found)


def test_a_handle_in_another_circle_is_found() -> None:
    """What may be among the handles may not be between a handle and somebody else."""
    task = "scenarios.backups.task"
    found = new_circles(graph() | {task: (*graph()[task], "scenarios.backups")})
    assert [text for text in found if "scenarios.backups imports" in text and "imports scenarios.backups:" in text]


def test_the_handles_are_a_circle() -> None:
    """An exception that nobody needs any more goes."""
    assert {module for way in circles(graph()) for module in way} == set(HANDLES)


def test_imports_are_found_wherever_they_stand() -> None:
    """Inside functions and behind TYPE_CHECKING too."""
    assert "scenarios.inspect.backups_page" in set(imports(ROOT / "scenarios/backups/database.py"))
    assert "cluster.sim.history" in set(imports(ROOT / "scenarios/kept_run.py"))
    assert "cluster.steps" in set(imports(ROOT / "scenarios/strategies.py"))
    assert len(FILES) > 50
