"""3D: snapshots. Every ten entries, in parts of a few hundred bytes, and nothing of the log is kept beyond them."""

from cluster.node import Node
from cluster.raft.messages import AppendEntries
from cluster.raft.timing import Compaction, Timing
from tests.mit.lab import Lab
from tests.mit.seeds import UNRELIABLE, lab

INTERVAL = 10
LARGEST = 2_000
"""Bytes of a log, as it would travel."""
TIMING = Timing(compaction=Compaction(entries=INTERVAL, growth=0, margin=0, part=200))


def largest_log(lab: Lab) -> int:
    """Bytes of the longest log of a server that is up and connected."""
    sizes = [0]
    for name in sorted(lab.connected):
        node = lab.world.slots[name].node
        if node is not None:
            log = node.raft.log
            entries = log.slice(log.base + 1, log.last_index)
            sizes.append(len(node.codec.encode(AppendEntries(1, log.base, 1, entries, 0, 0))))
    return max(sizes)


async def snapshots(lab: Lab, *, disconnect: bool = False, crash: bool = False) -> None:
    """Thirty rounds of commands, a server away meanwhile or dead: logs stay small and whoever was away catches up."""
    everybody = 3
    fewer = everybody - 1 if disconnect or crash else everybody
    await lab.one(everybody)
    leader = await lab.one_leader()
    for round_ in range(30):
        victim, sender = lab.after(leader, 1), leader
        if round_ % 3 == 1:
            victim, sender = leader, lab.after(leader, 1)
        if disconnect:
            lab.disconnect(victim)
            await lab.one(fewer)
        if crash:
            lab.crash(victim)
            await lab.one(fewer)
        for _ in range(INTERVAL // 2 + lab.dice.below(INTERVAL)):
            lab.start(sender, lab.fresh())
        await lab.one(fewer)
        assert largest_log(lab) < LARGEST, f"a log of {largest_log(lab)} bytes"
        if disconnect:
            lab.connect(victim)
        if crash:
            lab.restart(victim)
        if disconnect or crash:
            await lab.one(everybody)
            leader = await lab.one_leader()
    if disconnect or crash:
        assert lab.sent["InstallSnapshot"] >= 2, "nobody needed a snapshot"
    assert max(node.raft.log.base for node in nodes(lab)) > 30 * INTERVAL // 2


def nodes(lab: Lab) -> list[Node]:
    """Those that are up."""
    return [slot.node for slot in lab.world.slots.values() if slot.node is not None]


@lab(3, timing=TIMING)
async def snapshot_basic(lab: Lab) -> None:
    """Nobody is away."""
    await snapshots(lab)


@lab(3, timing=TIMING)
async def snapshot_install(lab: Lab) -> None:
    """A server is off the network while the others drop what it needs."""
    await snapshots(lab, disconnect=True)


@lab(3, timing=TIMING, wire=UNRELIABLE)
async def snapshot_install_unreliable(lab: Lab) -> None:
    """The same over links that lose and reorder the parts."""
    await snapshots(lab, disconnect=True)


@lab(3, timing=TIMING)
async def snapshot_install_crash(lab: Lab) -> None:
    """A server is dead meanwhile."""
    await snapshots(lab, crash=True)


@lab(3, timing=TIMING, wire=UNRELIABLE)
async def snapshot_install_uncrash(lab: Lab) -> None:
    """The same over links that lose and reorder."""
    await snapshots(lab, crash=True)


@lab(3, timing=TIMING)
async def snapshot_all_crash(lab: Lab) -> None:
    """All restart, five times: what was agreed on stays, and the next command stands after it."""
    await lab.one(3)
    for _ in range(5):
        for _ in range(INTERVAL // 2 + lab.dice.below(INTERVAL)):
            await lab.one(3)
        before = await lab.one(3)
        for name in lab.names:
            lab.crash(name)
        for name in lab.names:
            lab.restart(name)
        assert await lab.one(3) > before


@lab(3, timing=TIMING)
async def snapshot_init(lab: Lab) -> None:
    """A log that begins with a snapshot survives two restarts with a single new entry between them."""
    await lab.one(3)
    for _ in range(INTERVAL + 1):
        await lab.one(3)
    for _ in range(2):
        for name in lab.names:
            lab.crash(name)
        for name in lab.names:
            lab.restart(name)
        await lab.one(3)
    assert all(node.raft.log.base >= INTERVAL for node in nodes(lab))
    assert len(lab.world["A"].state) >= INTERVAL + 4
