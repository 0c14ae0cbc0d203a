"""A task moves to another node by hand: once that has run a full, nobody keeps deletions for the chain left behind."""

import trio

from scenarios import World, days, hours, minutes
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="ABC")
    nightly = await shop.define(full="0 0 * * *", incremental="0 */6 * * *", mentor="A")
    await nightly.ran(2, within=hours(13))
    await nightly.edit(mentor="B")
    await nightly.assigned(other_than="A")

    for day in range(3):
        await shop.delete(*[f"orders/{10 * day + number}" for number in range(1, 11)])
        stored = await shop.put_compare_exchange("locks/door", {"day": day})
        await shop.delete_compare_exchange("locks/door", stored.index)
        await trio.sleep(days(1))
    await trio.sleep(minutes(20))
    for node in "ABC":
        view = await shop.show(on=node)
        assert (view.tombstones, view.kept_because) == (0, ()), f"rules 8.12, 26.4: nobody needs them, not even {node}"
    assert not world["A"].state.existing("Shop").values.tombstones, "rule 18.6: nor those of values"

    await nightly.edit(mentor="A")
    await nightly.assigned(other_than="B")
    run = await nightly.ran(within=hours(8))
    while run.node != "A":
        run = await nightly.ran(within=hours(8))
    assert run.full, "A has missed fulls, and begins with one"
    restored = await nightly.restore_newest("Restored", on="A")
    assert restored.compared()
