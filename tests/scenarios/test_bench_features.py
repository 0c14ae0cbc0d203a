"""What a feature costs is measured by taking it away: each arrangement takes away what it says, and nothing is broken."""

from collections.abc import Callable

import pytest

from cluster.sim.world import World
from scenarios.bench import load
from scenarios.bench.features import ADDED, FEATURES, as_lines, features, unapplied, untold, unwatched, unwritten

PROPOSALS = 30


def after(arrange: Callable[[World], None]) -> tuple[World, load.MeasuredLoad]:
    """The world of a short load that was arranged so."""
    worlds: list[World] = []

    def both(world: World) -> None:
        arrange(world)
        worlds.append(world)

    measured = load.replication(3, PROPOSALS, clients=2, arrange=both)
    return worlds[0], measured


def test_as_it_is_everything_is_there() -> None:
    """Each proposal leaves events, is in the logs, and changes the state."""
    world, measured = after(lambda world: None)
    assert measured.events > 10 * PROPOSALS
    assert sum(len(slot.disk.files["raft.log"]) for slot in world.slots.values()) > 3 * PROPOSALS * 20


def test_without_the_trace_the_history_does_not_grow() -> None:
    """Nodes note, and nobody keeps it; messages go as before."""
    _, measured = after(untold)
    assert measured.events == 0
    assert measured.messages >= 4 * PROPOSALS


def test_without_watchers_the_history_grows_and_nobody_is_told() -> None:
    """The model of the logs has seen nothing since."""
    world, measured = after(unwatched)
    assert measured.events > 10 * PROPOSALS
    logs = world.watchers[0]
    assert max(held.last for held in logs.held.values()) <= 2  # type: ignore[attr-defined]  # the model of the logs


def test_without_a_log_nothing_is_written() -> None:
    """Every save is said to be durable, after the time of a sync, and no disk holds it."""
    world, measured = after(unwritten)
    assert measured.messages >= 4 * PROPOSALS
    assert max(len(slot.disk.files["raft.log"]) for slot in world.slots.values()) < 200


def test_without_applying_clients_are_answered_and_no_state_changes() -> None:
    """No session remembers a request."""
    sessions: list[int] = []

    def watched(world: World) -> None:
        unapplied(world)
        nodes = [slot.node for slot in world.slots.values() if slot.node is not None]
        world.history.followers.append(
            lambda event: sessions.append(sum(len(list(node.apply_loop.sessions.by_client())) for node in nodes))
        )

    _, measured = after(watched)
    assert measured.events > 10 * PROPOSALS
    assert set(sessions) == {0}


def test_every_line_is_measured_and_printed() -> None:
    """One line for all of it, one for the law, one for each feature."""
    result = features(1, PROPOSALS)
    assert set(result["features"]) == {feature.name for feature in FEATURES}
    assert 0 < result["law"] < result["microseconds"]
    lines = as_lines(result)
    assert len(lines) == 2 + len(FEATURES) + len(ADDED)
    assert result["microseconds"] == pytest.approx(float(lines[0].split("costs ")[1].split(" ")[0]), abs=0.1)
