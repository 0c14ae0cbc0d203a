"""Nobody leads, and the machine room floods: the responsible node backs up now, as it needs nobody for that."""

import trio

from backup.requests.backup_requests import BackupNow
from scenarios import World
from scenarios.backups import AskAnother, backups

TOLD_UNDER = ("unkindness", "ravendb-6.2")
"""Where nodes compute their owners, a task that never ran is nobody's without a leader (rule 7.6)."""


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC")
    nightly = await shop.define(full="0 2 * * *")
    owner = await nightly.assigned()
    await world.settled()
    other = next(name for name in world.names if name != owner)
    with world.expecting(AskAnother):  # RavenDB answers with a redirect (rule 15.1)
        await world.ask(other, BackupNow("Shop", nightly.id))

    for name in world.names:
        if name != owner:
            world.crash(name)
    await trio.sleep(5)
    await nightly.backup_now(on=owner)
    done = await nightly.ran()
    assert (done.node, done.outcome) == (owner, "written")
    for name in world.names:
        if name != owner:
            world.restart(name)
    await world.elected()
    await nightly.reported()
    restored = await nightly.restore_newest("Shop-again")
    assert restored.compared(), restored.compared().text()
