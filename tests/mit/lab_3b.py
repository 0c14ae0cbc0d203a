"""3B: the log."""

import trio

from tests.mit.lab import ELECTION, Lab
from tests.mit.seeds import lab


@lab(3)
async def basic_agree(lab: Lab) -> None:
    """Three commands take places 1, 2, 3, and none is there before it is started."""
    for place in (1, 2, 3):
        assert lab.committed(place) == 0
        assert await lab.one(3, retry=False) == place


@lab(3, skipping=False)
async def rpc_bytes(lab: Lab) -> None:
    """Each command is sent to each follower about once."""
    await lab.one(3, retry=False)
    before, sent = lab.bytes, 0
    for place in range(2, 12):
        ballast = bytes([place]) * 5_000
        assert await lab.one(3, retry=False, ballast=ballast) == place
        sent += len(ballast)
    assert lab.bytes - before <= 3 * sent + 50_000


@lab(3)
async def follower_failure(lab: Lab) -> None:
    """With one follower away there is agreement, with both there is none."""
    await lab.one(3, retry=False)
    leader = await lab.one_leader()
    lab.disconnect(lab.after(leader, 1))
    await lab.one(2, retry=False)
    await trio.sleep(ELECTION)
    await lab.one(2, retry=False)
    leader = await lab.one_leader()
    lab.disconnect(lab.after(leader, 1), lab.after(leader, 2))
    assert lab.start(leader, lab.fresh())
    await trio.sleep(2 * ELECTION)
    assert lab.committed(4) == 0


@lab(3)
async def leader_failure(lab: Lab) -> None:
    """Without its leader the cluster goes on, without two leaders it does not."""
    await lab.one(3, retry=False)
    first = await lab.one_leader()
    lab.disconnect(first)
    await lab.one(2, retry=False)
    await trio.sleep(ELECTION)
    await lab.one(2, retry=False)
    lab.disconnect(await lab.one_leader())
    for name in lab.names:
        lab.start(name, 104)
    await trio.sleep(2 * ELECTION)
    assert lab.committed(4) == 0


@lab(3)
async def fail_agree(lab: Lab) -> None:
    """A follower that was away catches up."""
    await lab.one(3, retry=False)
    leader = await lab.one_leader()
    lab.disconnect(lab.after(leader, 1))
    for _ in range(2):
        await lab.one(2, retry=False)
    await trio.sleep(ELECTION)
    for _ in range(2):
        await lab.one(2, retry=False)
    lab.connect(lab.after(leader, 1))
    await lab.one(3)
    await trio.sleep(ELECTION)
    await lab.one(3)


@lab(5)
async def fail_no_agree(lab: Lab) -> None:
    """What three of five never saw is not agreed on; once they are back, the cluster goes on at the next place."""
    await lab.one(5, retry=False)
    leader = await lab.one_leader()
    away = [lab.after(leader, by) for by in (1, 2, 3)]
    lab.disconnect(*away)
    assert lab.start(leader, lab.fresh())
    await trio.sleep(2 * ELECTION)
    assert lab.committed(2) == 0
    lab.connect(*away)
    leader = await lab.one_leader()
    number = lab.fresh()
    assert lab.start(leader, number)
    await lab.one(5)
    assert lab.place_of(number) in (2, 3)


@lab(3)
async def concurrent_starts(lab: Lab) -> None:
    """Five commands at once, in one term: each has a place of its own, and all are seen."""
    for _ in range(5):
        leader = await lab.one_leader()
        term = lab.world[leader].term
        numbers = [lab.fresh() for _ in range(5)]
        for number in numbers:
            assert lab.start(leader, number)
        await trio.sleep(ELECTION)
        if lab.world[leader].term == term and lab.world[leader].role == "leader":
            places = [lab.place_of(number) for number in numbers]
            assert 0 not in places
            assert len(set(places)) == 5
            assert all(lab.committed(place) == 3 for place in places)
            return
    raise AssertionError("the term changed in each of five tries")


@lab(3)
async def rejoin(lab: Lab) -> None:
    """What a leader alone took is gone when it comes back, whoever leads then."""
    await lab.one(3)
    first = await lab.one_leader()
    lab.disconnect(first)
    lonely = [lab.fresh() for _ in range(3)]
    for number in lonely:
        lab.start(first, number)
    await lab.one(2)
    second = await lab.one_leader()
    lab.disconnect(second)
    lab.connect(first)
    await lab.one(2)
    lab.connect(second)
    await lab.one(3)
    assert not any(lab.place_of(number) for number in lonely)


@lab(5)
async def backup(lab: Lab) -> None:
    """Fifty entries that nobody else has, twice, on both sides: the logs come together within seconds."""
    await lab.one(5)
    first = await lab.one_leader()
    lab.disconnect(*[lab.after(first, by) for by in (2, 3, 4)])
    for _ in range(50):
        lab.start(first, lab.fresh())
    await trio.sleep(ELECTION / 2)
    lab.only(*[lab.after(first, by) for by in (2, 3, 4)])
    for _ in range(50):
        await lab.one(3)
    second = await lab.one_leader()
    other = next(name for name in (lab.after(first, by) for by in (2, 3, 4)) if name != second)
    lab.disconnect(other)
    for _ in range(50):
        lab.start(second, lab.fresh())
    await trio.sleep(ELECTION / 2)
    lab.only(first, lab.after(first, 1), other)
    for _ in range(50):
        await lab.one(3)
    lab.only(*lab.names)
    await lab.one(5)


@lab(3, skipping=False)
async def count(lab: Lab) -> None:
    """No more requests than it takes: for an election, for ten commands, for a second in which nothing happens."""
    await lab.one_leader()
    requests = lab.sent.get("RequestVote", 0) + lab.sent.get("AppendEntries", 0)
    assert 1 <= requests <= 30, f"{requests} requests for the first election"
    for _ in range(5):
        leader = await lab.one_leader()
        term = lab.world[leader].term
        before = dict(lab.sent)
        numbers = [lab.fresh() for _ in range(10)]
        for number in numbers:
            assert lab.start(leader, number)
        await lab.one(3)
        asked = lab.sent["AppendEntries"] - before["AppendEntries"]
        if lab.world[leader].term != term:
            continue
        assert [lab.place_of(number) for number in numbers] == list(
            range(lab.place_of(numbers[0]), lab.place_of(numbers[0]) + 10)
        )
        assert asked <= (10 + 1 + 3) * 3, f"{asked} requests for ten commands"
        before = dict(lab.sent)
        await trio.sleep(1)
        idle = lab.sent["AppendEntries"] - before["AppendEntries"]
        assert idle <= 3 * 20, f"{idle} requests in an idle second"
        return
    raise AssertionError("the term changed in each of five tries")
