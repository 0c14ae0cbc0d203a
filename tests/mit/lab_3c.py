"""3C: what survives a crash, and networks that lose, delay and reorder."""

import trio

from tests.mit.lab import ELECTION, Lab
from tests.mit.seeds import PAPER, UNRELIABLE, lab


@lab(3)
async def persist_1(lab: Lab) -> None:
    """All restart, the leader restarts, the leader is away for a while: nothing is lost."""
    await lab.one(3)
    for name in lab.names:
        lab.restart(name)
    await lab.one(3)
    leader = await lab.one_leader()
    lab.restart(leader)
    await lab.one(3)
    leader = await lab.one_leader()
    lab.crash(leader)
    await lab.one(2)
    lab.restart(leader)
    await lab.one(3)
    follower = lab.after(await lab.one_leader(), 1)
    lab.crash(follower)
    await lab.one(2)
    lab.restart(follower)
    await lab.one(3)


@lab(5)
async def persist_2(lab: Lab) -> None:
    """Five times: two are away, then all but two of the rest restart in turn, and agreement goes on where it was."""
    for _ in range(5):
        await lab.one(5)
        leader = await lab.one_leader()
        away = [lab.after(leader, by) for by in (1, 2)]
        lab.disconnect(*away)
        await lab.one(3)
        rest = [leader, lab.after(leader, 3), lab.after(leader, 4)]
        lab.disconnect(*rest)
        lab.connect(*away)
        for name in away:
            lab.restart(name)
        await trio.sleep(ELECTION)
        lab.restart(lab.after(leader, 3))
        lab.connect(lab.after(leader, 3))
        await lab.one(3)
        lab.connect(leader, lab.after(leader, 4))
    await lab.one(5)


@lab(3)
async def persist_3(lab: Lab) -> None:
    """A leader and a follower crash in a partition and come back in another order."""
    await lab.one(3)
    leader = await lab.one_leader()
    lab.disconnect(lab.after(leader, 2))
    await lab.one(2)
    lab.crash(leader)
    lab.crash(lab.after(leader, 1))
    lab.connect(lab.after(leader, 2))
    lab.restart(leader)
    await lab.one(2)
    lab.restart(lab.after(leader, 1))
    await lab.one(3)


async def crash_and_crash(lab: Lab, rounds: int) -> None:
    """Figure 8: leaders that crash at once or a little later, never more than two of five down."""
    up = set(lab.names)
    for _ in range(rounds):
        leader = ""
        for name in lab.names:
            if name in up and lab.start(name, lab.fresh()):
                leader = name
        long = lab.dice.below(1000) < 100
        await trio.sleep(lab.dice.below(500) / 1000 if long else lab.dice.below(13) / 1000)
        if leader:
            lab.crash(leader)
            up.discard(leader)
        if len(up) < 3:
            name = lab.names[lab.dice.below(5)]
            if name not in up:
                lab.restart(name)
                up.add(name)
    for name in lab.names:
        if name not in up:
            lab.restart(name)


@lab(5)
async def figure_8(lab: Lab) -> None:
    """A thousand rounds of the paper's figure 8, then agreement."""
    await lab.one(1)
    await crash_and_crash(lab, 1_000)
    await lab.one(5)


@lab(5, wire=UNRELIABLE)
async def unreliable_agree(lab: Lab) -> None:
    """Fifty rounds of five commands each over a network that loses a tenth: all are agreed on."""
    for _ in range(1, 50):
        numbers = [lab.fresh() for _ in range(4)]
        async with trio.open_nursery() as nursery:
            for number in numbers:
                nursery.start_soon(once, lab, number)
            await lab.one(1)
    lab.world.rewire(loss=0.0, jitter=0.002, ordered=True)
    await lab.one(5)
    states = {lab.world[name].state for name in lab.names}
    assert len(states) == 1
    assert set(next(iter(states))) == set(range(1, lab.number + 1))


async def once(lab: Lab, number: int) -> None:
    await lab.one(1, number=number)


@lab(5, wire=UNRELIABLE, timing=PAPER)
async def figure_8_unreliable(lab: Lab) -> None:
    """The paper's figure 8 by disconnection, and from round 200 on answers that come seconds late."""
    await lab.one(1)
    for round_ in range(1_000):
        if round_ == 200:
            lab.answers_late = True
        leader = ""
        for name in lab.names:
            if lab.start(name, lab.fresh()) and name in lab.connected:
                leader = name
        long = lab.dice.below(1000) < 100
        await trio.sleep(lab.dice.below(500) / 1000 if long else lab.dice.below(13) / 1000)
        if leader and lab.dice.below(1000) < 500:
            lab.disconnect(leader)
        if len(lab.connected) < 3:
            name = lab.names[lab.dice.below(5)]
            if name not in lab.connected:
                lab.connect(name)
    lab.connect(*lab.names)
    await lab.one(5)


async def churn(lab: Lab) -> None:
    """Three clients write while servers crash, restart, come and go; what was acknowledged is in the log at the end."""
    acknowledged: list[int] = []
    stopping = False

    async def client() -> None:
        while not stopping:
            number, taken = lab.fresh(), False
            for name in lab.names:
                if name in lab.connected and lab.start(name, number):
                    taken = True
            if taken:
                for pause in (0.01, 0.02, 0.05, 0.1, 0.2):
                    if lab.place_of(number):
                        acknowledged.append(number)
                        break
                    await trio.sleep(pause)
            else:
                await trio.sleep(0.079 + lab.dice.below(20) / 1000)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(client)
        for _ in range(20):
            if lab.dice.below(1000) < 200:
                lab.disconnect(lab.names[lab.dice.below(5)])
            if lab.dice.below(1000) < 500:
                name = lab.names[lab.dice.below(5)]
                if not lab.world[name].up:
                    lab.restart(name)
                lab.connect(name)
            if lab.dice.below(1000) < 200:
                lab.crash(lab.names[lab.dice.below(5)])
            await trio.sleep(0.7 * ELECTION)
        lab.world.rewire(loss=0.0, jitter=0.002, ordered=True)
        for name in lab.names:
            if not lab.world[name].up:
                lab.restart(name)
        lab.connect(*lab.names)
        stopping = True
    await trio.sleep(ELECTION)
    place = await lab.one(5)
    final = lab.world["A"].state[:place]
    assert acknowledged
    assert set(acknowledged) <= set(final)


@lab(5)
async def reliable_churn(lab: Lab) -> None:
    """Over links that work."""
    await churn(lab)


@lab(5, wire=UNRELIABLE)
async def unreliable_churn(lab: Lab) -> None:
    """Over links that lose and reorder."""
    await churn(lab)
