"""Worlds in tests of your own: fixtures, many seeds of one test, and one report for all failures of one cause.

    @pytest.mark.seeds(100)
    async def test_somebody_leads(world, world_clock):
        world.start("ABC")
        await world.elected()

That needs the extra `[properties]`, which brings pytest-trio, and `trio_mode = true` in pytest's settings (or
`@pytest.mark.trio` on the test). pytest-trio runs a test by the clock that it finds among the test's own arguments. A test that calls
`scenarios.run` needs neither, and takes its seed as `world_seed`.
Nothing of ours is imported before a fixture is asked for: coverage and `UNKINDNESS_FROZEN` must come first. Never here:
a rule, an assertion, a default of the world.
"""

from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cluster.sim.clock import Clock
    from cluster.sim.world import World


WORLD = pytest.StashKey["World"]()
"""The key under which a test's item keeps the world that the fixture has made."""
REPORTED = pytest.StashKey[set[tuple[str, str, str]]]()
"""The key under which the session keeps the tests and causes that were written down."""
SEED, PROMISE, PLACE = "unkindness_seed", "unkindness_promise", "unkindness_place"
"""Properties of a test, which JUnit's XML has too."""
ALIKE = "failed alike"
"""What is counted beside `failed`: further failures of a test whose cause is shown once."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--unkindness-seeds`."""
    parser.getgroup("unkindness").addoption(
        "--unkindness-seeds",
        metavar="N|A:B",
        help="play every test that has a world_seed with these seeds: 1:N, or A:B with both ends",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and what was reported."""
    config.addinivalue_line(
        "markers", "seeds(N or 'A:B'): play the test with these seeds; --unkindness-seeds says others"
    )
    config.stash[REPORTED] = set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each seed, of whoever has a `world_seed` and has not chosen its values."""
    marker = metafunc.definition.get_closest_marker("seeds")
    said = metafunc.config.getoption("--unkindness-seeds")
    where = "--unkindness-seeds"
    if said is None and marker is not None:
        where = f"{metafunc.definition.nodeid}: @pytest.mark.seeds"
        said = str(marker.args[0]) if len(marker.args) == 1 and not marker.kwargs else ""
    if marker is not None and "world_seed" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{where}: the test has no seed: take `world` or `world_seed` as an argument")
    if said is None or "world_seed" not in metafunc.fixturenames or _chooses_seeds(metafunc):
        return
    from scenarios.gallery import StoryError
    from scenarios.hunt.seeds import seeds_of

    try:
        seeds = seeds_of(said, is_timed=False).all()
    except StoryError as error:
        raise pytest.UsageError(f"{where}: {str(error).removeprefix('--seeds ')}") from error
    metafunc.parametrize("world_seed", list(seeds))


def _chooses_seeds(metafunc: pytest.Metafunc) -> bool:
    """Whether the test is parametrized with seeds of its own."""
    names = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize") if mark.args]
    return any("world_seed" in (each.split(",") if isinstance(each, str) else each) for each in names)


@pytest.fixture
def world_clock() -> "Clock":
    """A virtual clock for one world and for trio: the test's sleeps are jumps."""
    from cluster.sim.clock import Clock

    return Clock()


@pytest.fixture
def world_seed() -> int:
    """The seed of `world`: override it, or parametrize the test with it."""
    return 1


@pytest.fixture
async def world(request: pytest.FixtureRequest, world_clock: "Clock", world_seed: int) -> AsyncIterator["World"]:
    """A world without nodes. The test must name `world_clock` too: pytest-trio looks for a clock nowhere else."""
    import trio

    from cluster.sim.world import World

    if trio.lowlevel.current_clock() is not world_clock:
        pytest.fail(
            "name world_clock among the test's arguments, beside world: it is the clock to run by", pytrace=False
        )
    async with World(world_seed, clock=world_clock) as made:
        request.node.stash[WORLD] = made
        yield made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let a test fail with the one exception that broke its world: nurseries around it wrap it in groups."""
    try:
        yield
    except BaseExceptionGroup as group:
        alone = _alone(group)
        if alone is None or "world_clock" not in getattr(item, "fixturenames", ()):
            raise
        _explained(alone, item)
        raise alone from None
    except Exception as error:
        _explained(error, item)
        raise


def _explained(error: BaseException, item: pytest.Item) -> None:
    """Add the seed and the last lines of the timeline to the test's exception, unless the world has done so."""
    world = item.stash.get(WORLD, None)
    if world is None or any(note.startswith(f"seed {world.seed}, ") for note in getattr(error, "__notes__", ())):
        return
    from cluster.sim.timeline import explain

    explain(error, world.seed, world.history, world.names)


def _alone(error: BaseException) -> BaseException | None:
    """The one exception in nested groups; None if there are several."""
    while isinstance(error, BaseExceptionGroup):
        if len(error.exceptions) != 1:
            return None
        error = error.exceptions[0]
    return error


# ---- the report ----


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give the report of a failed test its seed, its cause, what led to it, and its steps: these once for each cause."""
    report = yield
    if call.when == "call":
        callspec: Any = getattr(item, "callspec", None)
        if callspec is not None and "world_seed" in callspec.params:
            item.user_properties.append((SEED, callspec.params["world_seed"]))
        error = _alone(call.excinfo.value) if call.excinfo is not None and report.failed else None
        if error is not None:
            report.sections += _sections(item, error)
        report.user_properties = list(item.user_properties)
    return report


def _sections(item: pytest.Item, error: BaseException) -> list[tuple[str, str]]:
    """What is to be said of a run that failed, unless its cause has been told; and its cause among the properties of the test."""
    failed = getattr(error, "ran", None) or item.stash.get(WORLD, None) or getattr(error, "world", None)
    if failed is None:
        return []
    from scenarios.failure_report import cause_of, sections

    cause = cause_of(error)
    item.user_properties += [(PROMISE, cause.promise), (PLACE, cause.place)]
    key = (_test_of(item), cause.promise, cause.place)
    if key in item.config.stash[REPORTED]:
        return []
    item.config.stash[REPORTED].add(key)
    return sections(error, failed)


def _test_of(reported: Any) -> str:
    """The test of an item or of a report, without its parameters."""
    name: str = reported.nodeid.partition("[")[0]
    return name


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Show one failure for each test and cause, with the seeds of the others."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    groups: dict[tuple[str, str, str], list[tuple[int, Any]]] = {}
    for report in reporter.stats.get("failed", ()):
        known = dict(getattr(report, "user_properties", ()))
        if SEED in known and PROMISE in known:
            groups.setdefault((_test_of(report), known[PROMISE], known[PLACE]), []).append((known[SEED], report))
    for same in groups.values():
        if len(same) < 2:
            continue
        shown = next(
            (report for _, report in same if any(name.startswith("unkindness") for name, _ in report.sections)),
            same[0][1],
        )
        others = [(seed, report) for seed, report in same if report is not shown]
        seeds = ", ".join(str(seed) for seed, _ in sorted(others, key=lambda each: each[0]))
        shown.sections.append(("unkindness: the same cause with more seeds", f"{len(others)}: {seeds}"))
        gone = [report for _, report in others]
        reporter.stats["failed"] = [each for each in reporter.stats["failed"] if all(each is not one for one in gone)]
        reporter.stats.setdefault(ALIKE, []).extend(gone)
