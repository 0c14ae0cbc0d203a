"""Documents are deleted while a node is out of the cluster: back with its old copy, it brings back none of them."""

import trio

from scenarios import World, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="ABC")
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="A")
    await hourly.ran()

    for other in "AB":
        world.cut_one_way("C", other)
    await shop.put({"orders/late": {"on": "A"}}, on="A")  # C gets it, and cannot answer
    await trio.sleep(0.1)
    world.isolate("C")
    await shop.put({"orders/last": {"only": "here"}}, on="C")  # nobody else has heard of it
    world.remove("C")
    await world.left("C")
    await shop.delete("orders/late", *[f"orders/{number}" for number in range(1, 11)])
    await hourly.ran()
    await trio.sleep(minutes(20))
    assert [(await shop.show(on=node)).tombstones for node in "AB"] == [0, 0], "nobody waits for who has left for good"

    world.heal()
    world.join("C")
    await world.joined("C")
    await world.until(lambda: not world["A"].state.existing("Shop").departed, 120, "C to hand its old copy over")
    assert "orders/last" in shop.documents(on="A"), "rule 5.15: nothing that only it had is lost"
    assert not {"orders/1", "orders/late"} & set(shop.documents(on="A")), "and nothing comes back"
    await shop.add_node("C")
    await shop.grouped("ABC")
    assert shop.documents(on="C") == shop.documents(on="A")
    await trio.sleep(hours(1))
