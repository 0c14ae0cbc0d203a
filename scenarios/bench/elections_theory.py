"""What arithmetic says of an election: Ongaro's dissertation, 9.2-9.4. Nothing here is simulated.

Times in units of the base timeout, and timeouts are uniform in [1, 2]; the heartbeat is half a unit, the leader dies
uniformly between two. n is the size of the cluster, `down` how many do not answer, s = n - down.
"""

from math import comb


def split_chance(servers: int, down: int, latency: float) -> float:
    """The chance that the first vote is split: that so many timeouts fall within one latency (figure 9.4)."""
    live = servers - down
    enough = live - servers // 2  # with so many more timeouts within one latency of the first, nobody gets a majority
    return sum(comb(live, k) * latency**k * (1 - latency) ** (live - k) for k in range(enough, live + 1))


def expected(servers: int, down: int, latency: float) -> float:
    """The mean from the leader's death to the next leader, if every round were a fresh one (figure 9.6).

    It takes each split round for a whole one that ends a latency after its first timeout. Timers restart where they run
    out, before that latency, so that the formula is too long where splits are common.
    """
    first = 1 + 1 / (servers - down + 1)
    return (first + latency) / (1 - split_chance(servers, down, latency)) + latency - 1 / 4
