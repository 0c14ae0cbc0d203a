"""A task gets another bucket in mid-chain: ours begins anew there; RavenDB goes on, with nothing there to restore from."""

import trio

from scenarios import World, hours
from scenarios.backups import AmazonS3, backups, check_chain

OLD, NEW = AmazonS3("old"), AmazonS3("new")


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC")
    task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(OLD,), mentor="B")
    first = await task.ran(within=hours(2))
    await task.edit(destinations=(NEW,))
    await shop.put({"orders/1": {"total": 12}})
    second = await task.ran(within=hours(2))
    await trio.sleep(60)

    chain = check_chain(client.destinations.place("B", NEW.address), second.folder)
    if world.options.get("rules") == "unkindness":
        assert second.full, "nothing in the new bucket can be continued"
        assert chain.whole
    else:  # rule 26.3: it asks the status and a local folder, and there is none
        assert (second.full, second.folder) == (False, first.folder)
        assert not chain.whole
        world.say("until the next full nothing in the new bucket can be restored")
