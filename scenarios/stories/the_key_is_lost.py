"""The database is gone, and its key with it. The files are whole, and worth nothing until the key is found again."""

from backup.record.database_commands import RemoveDatabase
from scenarios import World
from scenarios.backups import Encryption, EncryptionMode, KeyRefused, NoKey, WrongKey, backups


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    envelope = client.key("shop")  # what the operator wrote down
    shop = await client.create_database("Shop", members="B", key=envelope)
    written = await shop.fill(200)
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *")
    await hourly.ran()
    await shop.put({"orders/last": {"since": "half past one"}})
    last = await hourly.ran()
    assert all(".ravendb-encrypted-" in file for file in hourly.files("B"))
    await hourly.reported()

    await world.ask("A", RemoveDatabase("Shop"))
    await world.settled()
    folder = last.folder
    with world.expecting(NoKey):
        await client.restore("Shop", "B", folder=folder)
    another = Encryption(EncryptionMode.USE_PROVIDED_KEY, client.key("another"))
    with world.expecting(WrongKey):
        await client.restore("Shop", "B", folder=folder, encryption=another)
    with world.expecting(KeyRefused):  # rule 13.5
        await client.restore("Shop", "B", folder=folder, encryption=Encryption(EncryptionMode.USE_DATABASE_KEY))
    assert world["B"].state.database("Shop") is None, "nothing half restored is left"

    world.say("the key is found again, in an envelope in the safe")
    result = await client.restore("Shop", "B", folder=folder, key=envelope)
    assert result.compared()
    assert result.documents == written + 1
