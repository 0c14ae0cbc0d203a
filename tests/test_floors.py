"""Who may import whom (house C). The table is the architecture; this reads every file and holds it to it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("cluster", "backup", "scenarios", "tests")
PRODUCT = OURS[:3]

MAY: dict[str, tuple[str, ...]] = {
    "cluster.raft": ("cluster.raft", "cluster.value", "cluster.time_units"),
    "cluster.checks": ("cluster.checks", "cluster.trace", "cluster.value", "cluster.time_units"),
    "cluster.sim": ("cluster",),
    "cluster": (
        "cluster.raft",
        "cluster.checks",
        *(
            f"cluster.{module}"
            for module in (
                "apply_loop",
                "admin_requests",
                "periodic_talk",
                "snapshot_codec",
                "time_units",
                "member",
                "node",
                "member_handle",
                "ports",
                "node_programs",
                "proposals",
                "proposal_forwarding",
                "storage",
                "trace_notes",
                "trace",
            )
        ),
        *(f"cluster.{module}" for module in ("value", "wire")),
    ),
    "backup": ("backup", *(f"cluster.{module}" for module in ("member", "trace", "checks", "value", "time_units"))),
    "scenarios": ("scenarios", "backup", "cluster"),
}
"""Of ours, by the longest prefix of the importing module."""
REFUSED = {
    "cluster.raft": ("trio", "random", "time", "datetime", "asyncio", "threading", "os", "pathlib", "socket"),
    "backup": ("trio", "random", "time", "asyncio", "secrets", "uuid"),
    "cluster": ("hypothesis", "pytest", "secrets", "uuid"),
    "scenarios": ("secrets", "uuid"),
}
"""Of others: what would let the pure parts do input, output or luck of their own."""
ONLY = {"hypothesis": {"scenarios.strategies"}, "pytest": {"scenarios.pytest_plugin"}}
"""Modules of others that one module of the product may import."""


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


def below(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a module is one of these or in one of them."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def wrong(module: str, imported: str) -> bool:
    """Whether that import breaks the table."""
    floor = max((prefix for prefix in MAY if below(module, (prefix,))), key=len)
    if imported.partition(".")[0] in OURS:
        return not below(imported, MAY[floor])
    refused = tuple(name for prefix, names in REFUSED.items() if below(module, (prefix,)) for name in names)
    top = imported.partition(".")[0]
    return below(imported, refused) or (top in ONLY and module not in ONLY[top])


FILES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_module_imports_only_what_its_floor_allows(path: Path) -> None:
    """Raft does no input or output, backups do not know Raft, the simulator is the product and knows no tests."""
    assert [name for name in imports(path) if wrong(module_of(path), name)] == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("cluster.raft.step", "trio"),
        ("cluster.raft.step", "datetime"),
        ("cluster.raft.log", "cluster.trace"),
        ("cluster.node", "cluster.sim.world"),
        ("cluster.node", "backup.record.record"),
        ("cluster.checks.consensus", "cluster.node"),
        ("cluster.node", "secrets"),
        ("cluster.sim.world", "scenarios.register"),
        ("backup.runs.runner", "cluster.raft.state"),
        ("backup.runs.runner", "cluster.sim.clock"),
        ("backup.runs.runner", "trio"),
        ("scenarios.cli", "tests.sim.vocabulary"),
        ("scenarios.cli", "hypothesis"),
    ],
)
def test_the_table_refuses(module: str, imported: str) -> None:
    """The control."""
    assert wrong(module, imported)


def test_imports_are_found_wherever_they_stand() -> None:
    """Inside functions and behind TYPE_CHECKING too."""
    assert "scenarios.inspect.backups_page" in set(imports(ROOT / "scenarios/backups/database.py"))
    assert "cluster.sim.universe" in set(imports(ROOT / "cluster/sim/quiet.py"))
    assert "cluster.steps" in set(imports(ROOT / "scenarios/strategies.py"))
    assert len(FILES) > 50
