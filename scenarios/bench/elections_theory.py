"""The formulas for elections of Ongaro's dissertation, 9.2-9.4. Nothing here is simulated.

Times are in units of the base timeout. Timeouts are uniform in [1, 2]; the heartbeat interval is half a unit, and the leader
dies at a uniformly distributed instant between two heartbeats. n is the size of the cluster, `down` the number of servers that
do not answer, s = n - down.
"""

from math import comb


def split_chance(servers: int, down: int, latency: float) -> float:
    """The chance that the first vote is split: so many timeouts fall within one latency that no majority is left (figure 9.4)."""
    live = servers - down
    # with this many further timeouts within one latency of the first, no candidate gets a majority
    enough = live - servers // 2
    return sum(comb(live, k) * latency**k * (1 - latency) ** (live - k) for k in range(enough, live + 1))


def expected(servers: int, down: int, latency: float) -> float:
    """The mean time from the leader's death to the next leader, if every round were a fresh one (figure 9.6).

    The formula counts each split round as a whole one that ends a latency after its first timeout. Real timers restart when they
    run out, before that latency, so that the formula is too long where splits are common.
    """
    first = 1 + 1 / (servers - down + 1)
    return (first + latency) / (1 - split_chance(servers, down, latency)) + latency - 1 / 4
