"""3A: leader election."""

import trio

from tests.mit.lab import ELECTION, Lab
from tests.mit.seeds import lab


@lab(3)
async def initial_election(lab: Lab) -> None:
    """Somebody is elected, and while nothing happens nothing changes."""
    await lab.one_leader()
    await trio.sleep(0.05)
    term = lab.one_term()
    assert term >= 1
    await trio.sleep(2 * ELECTION)
    assert lab.one_term() == term
    await lab.one_leader()


@lab(3)
async def re_election(lab: Lab) -> None:
    """A leader that goes is replaced, one that comes back disturbs nobody, and without a majority nobody leads."""
    first = await lab.one_leader()
    lab.disconnect(first)
    await lab.one_leader()
    lab.connect(first)
    second = await lab.one_leader()
    lab.disconnect(second, lab.after(second, 1))
    await trio.sleep(2 * ELECTION)
    lab.no_leader()
    lab.connect(lab.after(second, 1))
    await lab.one_leader()
    lab.connect(second)
    await lab.one_leader()


@lab(7)
async def many_elections(lab: Lab) -> None:
    """Ten times three of seven go and come back: one leader, always."""
    await lab.one_leader()
    for _ in range(10):
        away = {lab.names[lab.dice.below(7)] for _ in range(3)}
        lab.disconnect(*away)
        await lab.one_leader()
        lab.connect(*away)
    await lab.one_leader()
