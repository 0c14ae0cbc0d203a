"""Random numbers by name, so that no draw depends on which others were made before.

Every actor has a stream of its own, and a message's luck depends only on its number. Of Python's generator only
`random()` and `getrandbits` are used, and a test pins the values: a recorded history keeps its luck on every later
Python.
"""

import math
import random
from hashlib import sha512

from cluster.time_units import FOREVER

Name = str | tuple[object, ...]
"""The name of a stream, for example `("host", "C", "crash", 2)`: strings and ints. A bare string is a name of one part."""

MASK = (1 << 64) - 1
UNIT = 2.0**-53


class Dice:
    """A stream of random numbers that depends only on seed and name. Implements `cluster.member.Dice`."""

    __slots__ = ("_bits", "random")

    def __init__(self, seed: int, name: Name) -> None:
        stream = random.Random(int.from_bytes(_digest(seed, name), "big"))
        self._bits = stream.getrandbits
        self.random = stream.random
        """A float in [0, 1)."""

    def below(self, limit: int) -> int:
        """An int in [0, limit). ValueError if `limit` is below 1."""
        if limit < 1:
            raise ValueError(f"nothing lies in [0, {limit}): ask for a limit of at least 1")
        bits = (limit - 1).bit_length()
        drawn = self._bits(bits) if bits else 0
        while drawn >= limit:  # drawing again keeps every number equally likely
            drawn = self._bits(bits)
        return drawn


def seed_of(seed: int, *name: object) -> int:
    """A 64-bit seed for `luck` and `gap`, made of a seed and a name of strings and ints."""
    return int.from_bytes(_digest(seed, name)[:8], "big")


def luck(seed: int, a: int, b: int, c: int) -> float:
    """A float in [0, 1) that depends only on the 64-bit seed and the three numbers."""
    # Three odd constants spread the numbers, then two rounds of multiply and shift mix every bit into every other.
    x = (seed + a * 0x9E3779B97F4A7C15 + b * 0xD1B54A32D192ED03 + c * 0xABC98388FB8FAC03) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return ((x ^ (x >> 31)) >> 11) * UNIT


def gap(seed: int, chance: float, k: int) -> int:
    """The distance from lost number `k` to the next lost one, at least 1, if each number is lost with `chance`.

    `FOREVER` if nothing is ever lost. One draw gives the distance, so that the numbers between need no draw each.
    """
    if chance >= 1:
        return 1
    if chance <= 0:
        return FOREVER
    drawn = math.log(1.0 - luck(seed, k, 0, 0)) / math.log1p(-chance)
    return 1 + int(drawn) if drawn < FOREVER else FOREVER


def _digest(seed: int, name: Name) -> bytes:
    parts: list[str] = [str(seed)]
    for part in (name,) if isinstance(name, str) else name:
        if not isinstance(part, str | int):
            raise TypeError(
                f"{part!r} cannot be part of a name of luck: use strings and ints, which read alike in every run"
            )
        parts.append(str(part))
    # The length before each part keeps two different names from becoming the same text.
    return sha512("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
