"""Replication at work: copies of a group converge, a dead peer costs nearly nothing, who returns is served at once."""

import trio

from backup.node.service import Backups
from backup.record.database_commands import CreateDatabase
from backup.requests.document_requests import DeleteDocuments, PatchDocument
from cluster.sim.world import World
from cluster.time_units import SECOND, hours, minutes

from .shop import orders, played


def fingerprints(world: World, nodes: str) -> set[str]:
    """What the copies on these nodes hold."""
    found = set()
    for name in nodes:
        application = world[name].application
        assert isinstance(application, Backups)
        store = application.store(world[name].state.database("Shop").id)
        assert store is not None
        found.add(store.fingerprint)
    return found


def test_copies_converge() -> None:
    """19.1-19.3: writes at every node, at the same time, to the same documents."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", replication_factor=3))
        await trio.sleep(1)
        for node in "ABC":
            await world.ask(node, orders(1, 600, f"at {node}"))
            await world.ask(node, DeleteDocuments("Shop", ("orders/7",)))
        await world.ask("B", PatchDocument("Shop", "orders/8", '{"last": true}'))
        await trio.sleep(2)
        assert len(fingerprints(world, "ABC")) == 1

    played(story)


def test_copies_converge_over_bad_wires() -> None:
    """Lost, doubled and late messages are said again or taken once."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", replication_factor=3))
        await trio.sleep(1)
        world.rewire(loss=0.2, duplicate=0.2, delay_chance=0.3, delay=0.3)
        for number in range(5):
            await world.ask("ABC"[number % 3], orders(number * 100, number * 200, f"round {number}"))
        await trio.sleep(40)
        assert len(fingerprints(world, "ABC")) == 1

    played(story, budget=3_000_000)


def test_a_write_that_was_answered_survives_a_crash() -> None:
    """It is in the journal before anybody hears of it; the etag it took is not given again."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", replication_factor=2))
        await trio.sleep(1)
        world.split("A", "BC")
        await world.ask("A", orders(1, 5))
        world.restart("A")
        await trio.sleep(1)
        await world.ask("A", orders(6, 9))
        world.heal()
        await trio.sleep(5)
        assert len(fingerprints(world, "AB")) == 1

    played(story)


def test_who_returns_is_served_at_once() -> None:
    """A restarted node tells its group where it stands; nobody waits for a back-off of a minute to end."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", replication_factor=3))
        await trio.sleep(1)
        world.crash("C")
        await world.ask("A", orders(1, 50))
        await trio.sleep(minutes(30))
        world.restart("C")
        await trio.sleep(1)
        assert len(fingerprints(world, "ABC")) == 1

    played(story)


def test_a_healed_link_is_used_within_the_longest_back_off() -> None:
    """Nothing but asking again can find out that a link works again."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", replication_factor=3))
        await trio.sleep(1)
        world.isolate("C")
        await world.ask("A", orders(1, 50))
        await trio.sleep(minutes(30))
        world.heal()
        await trio.sleep(61)
        assert len(fingerprints(world, "ABC")) == 1

    played(story)


def test_a_dead_peer_costs_nearly_nothing() -> None:
    """Hours of it: a question a minute, from each of its peers."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", replication_factor=3))
        await trio.sleep(1)
        world.crash("C")
        await world.ask("A", orders(1, 50))
        await trio.sleep(hours(2))

    told = played(story)
    ordinary = [event for event in told.outcome.history.events if event.t > 120 * SECOND]
    assert len(ordinary) < 3 * 2 * 60


def test_a_copy_that_is_made_anew_is_filled() -> None:
    """Its disk was lost: its peers learn from its new id that it has nothing."""

    async def story(world: World) -> None:
        await world.ask("A", CreateDatabase("Shop", replication_factor=3))
        await trio.sleep(1)
        await world.ask("A", orders(1, 300))
        await trio.sleep(1)
        world.crash("B")
        world.slots["B"].disk.wipe()
        world.restart("B")
        await trio.sleep(5)
        assert len(fingerprints(world, "ABC")) == 1

    played(story)
