"""Probes of links: cut, held, and made worse."""

import trio

from cluster.sim.world import World
from cluster.time_units import MILLISECOND
from cluster.trace import Delivered, Lost
from scenarios.doctor.adder import Adder, heard, say, three
from scenarios.doctor.probes import shows


@shows("cut")
async def nothing_passes_a_cut_not_even_what_is_on_its_way(world: World) -> None:
    await three(world)
    say(world, "A", "B", "C")
    world.cut("A", "B")
    say(world, "A", "B")
    say(world, "B", "A")
    await trio.sleep(1)
    assert (heard(world, "A"), heard(world, "B"), heard(world, "C")) == ([], [], [("A", "hello")])
    lost = [event for event in world.history.of(Lost) if event.note.message == "Word"]
    assert sorted((event.node, event.note.why) for event in lost) == [("A", "cut"), ("B", "cut"), ("B", "cut")]


@shows("cut_one_way")
async def the_other_direction_of_a_one_way_cut_stays(world: World) -> None:
    await three(world)
    world.cut_one_way("A", "B")
    say(world, "A", "B")
    say(world, "B", "A")
    await trio.sleep(1)
    assert (heard(world, "A"), heard(world, "B")) == ([("B", "hello")], [])


@shows("split")
async def a_split_parts_groups_and_leaves_the_rest_alone(world: World) -> None:
    world.start("ABCDE", Adder)
    await world.elected()
    world.split("AB", "CD")
    for node in "ABCDE":
        say(world, node, *"ABCDE".replace(node, ""), word=node)
    await trio.sleep(1)
    all_heard = {node: "".join(sorted(word for _, word in heard(world, node))) for node in "ABCDE"}
    assert all_heard == {"A": "BE", "B": "AE", "C": "DE", "D": "CE", "E": "ABCD"}


@shows("heal")
async def healing_ends_cuts_and_only_cuts(world: World) -> None:
    await three(world)
    world.cut("A", "B")
    world.cut_one_way("B", "C")
    world.hold("C", "A")
    world.heal()
    say(world, "A", "B")
    say(world, "B", "C")
    say(world, "C", "A")
    await trio.sleep(1)
    assert (heard(world, "A"), heard(world, "B"), heard(world, "C")) == ([], [("A", "hello")], [("B", "hello")])


@shows("hold")
async def what_is_held_waits_and_is_not_lost(world: World) -> None:
    await three(world)
    say(world, "A", "B", word="on its way")
    world.hold("A", "B")
    say(world, "A", "B", word="later")
    say(world, "B", "A")
    await trio.sleep(10)
    assert (heard(world, "A"), heard(world, "B")) == ([("B", "hello")], [])
    assert not [event for event in world.history.of(Lost) if event.note.message == "Word"]


@shows("release")
async def what_was_held_lands_in_its_order(world: World) -> None:
    await three(world)
    world.hold("A", "B")
    for number in range(5):
        say(world, "A", "B", word=str(number))
    await trio.sleep(10)
    assert heard(world, "B") == []
    world.release("A", "B")
    assert [word for _, word in heard(world, "B")] == ["0", "1", "2", "3", "4"]
    say(world, "A", "B", word="free")
    await trio.sleep(1)
    assert heard(world, "B")[-1] == ("A", "free")
    world.release("A", "B")  # nothing is held


@shows("rewire")
async def rewired_links_behave_otherwise(world: World) -> None:
    await three(world)

    async def sent(count: int = 200) -> tuple[list[int], list[float]]:
        """Numbers in the order of arrival, and how many ms each took."""
        begun = len(world.history)
        for number in range(count):
            say(world, "A", "B", word=str(number))
        await trio.sleep(20)
        landed = [event for event in world.history.of(Delivered) if event.seq > begun]
        arrived = [event for event in landed if event.note.message == "Word"]
        numbers = [int(word) for _, word in heard(world, "B")]
        heard(world, "B").clear()
        return numbers, [(event.t - event.note.sent) / MILLISECOND for event in arrived]

    in_order = list(range(200))
    world.rewire(latency=0.05, jitter=0)
    numbers, took = await sent()
    assert numbers == in_order
    assert min(took) == 50
    assert max(took) < 50.3, "each lands at least 1 µs after the one before"

    world.rewire(jitter=0.1)
    numbers, took = await sent()
    assert numbers == in_order
    assert 50 < min(took) < max(took) < 151
    assert max(took) > 145

    world.rewire(ordered=False)
    numbers, took = await sent()
    assert numbers != in_order
    assert sorted(numbers) == in_order
    assert min(took) < 60
    assert max(took) > 140

    world.rewire(jitter=0, ordered=True, delay_chance=0.2, delay=3)
    numbers, took = await sent()
    assert sorted(numbers) == in_order
    assert 20 < sum(each >= 3_050 for each in took) < 60
    assert sum(each < 51 for each in took) == 200 - sum(each >= 3_050 for each in took)

    world.rewire(delay_chance=0.0, loss=0.3)
    numbers, _ = await sent()
    assert 110 < len(numbers) < 170
    assert numbers == sorted(set(numbers))

    world.rewire(loss=0.0, duplicate=0.3)
    numbers, _ = await sent()
    assert 230 < len(numbers) < 290
    assert sorted(set(numbers)) == in_order

    world.rewire(duplicate=0.0)
    assert (await sent())[0] == in_order

    world.rewire(loss=1.0, between=("A", "B"))
    assert (await sent())[0] == []
    world.rewire(loss=0.0, between=("A", "B"))
    assert (await sent())[0] == in_order


@shows("corrupt")
async def what_is_damaged_is_refused_with_all_that_is_under_way(world: World) -> None:
    await three(world)
    say(world, "A", "B", word="one")
    say(world, "A", "B", word="two")
    say(world, "B", "A")
    world.corrupt("A", "B")
    await trio.sleep(1)
    say(world, "A", "B", word="three")
    await trio.sleep(1)
    assert (heard(world, "A"), heard(world, "B")) == ([("B", "hello")], [("A", "three")])
    lost = [event.note.why for event in world.history.of(Lost) if event.note.message == "Word"]
    assert lost == ["damaged", "damaged"], "a new connection carries what is said later"
