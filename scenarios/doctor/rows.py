"""The table of the doctor: fences, endings and faults, each row with what it does and with the probes that show it.

The table of faults in `scenarios/README.md` is made of the rows of faults (`make golden`).
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

from cluster.sim.run import BROKEN, HELD, INCONCLUSIVE, MISTAKE
from cluster.value import value
from scenarios.doctor import (
    cluster_probes,
    ending_probes,
    fence_probes,
    hardware_probes,
    link_probes,
    node_probes,
    place_probes,
    probes,
)

ENTERED = (cluster_probes, hardware_probes, link_probes, node_probes, place_probes)
"""The modules that enter probes of verbs when they are imported."""


@value
class FaultRow:
    """One row of the table of faults."""

    shown: str
    """The verbs as a story writes them, each in backticks."""
    does: str
    """What they do, in a phrase."""
    troubles: str = ""
    """What else is probed for this row: names of troubles."""

    def probed(self) -> list[str]:
        """The names of the row's probes."""
        return [*re.findall(r"`(\w+)", self.shown), *self.troubles.split()]


FAULTS = (
    FaultRow(
        "`crash` `stop` `restart` `pause` `resume`",
        "lose memory and what was not synced; end in order, with all of it synced; come back; stand still while the clocks go on",
    ),
    FaultRow(
        "`cut` `cut_one_way` `split` `isolate` `heal`",
        "links, judged where a message lands: what is on the way is hit too",
    ),
    FaultRow(
        "`hold` `release` `corrupt`",
        "what arrives waits, then lands, in order; what is under way is damaged, noticed and lost",
    ),
    FaultRow(
        "`rewire(latency=, jitter=, loss=, duplicate=, ordered=, delay_chance=, delay=, between=)`",
        'how all links behave, or those between groups: `between=("A", "BC")`',
    ),
    FaultRow(
        "`jump_clock` `drift` `freeze_clock` `zone`",
        "a node's wall clock is set, or stands still; its rate in parts per million; its IANA zone",
    ),
    FaultRow(
        "`slow_disk` `full_disk` `fail_sync` `fail_read`",
        "a disk that takes its time, or nothing at all, or fails",
    ),
    FaultRow("`short`", "a node has too little `memory`, `dirty memory` or `cpu credits`, or enough of it again"),
    FaultRow(
        "`flip_bit` `misdirect` `roll_back` `wipe`",
        "damage: refused by name at the next start; a disk as at the last start; an empty one",
    ),
    FaultRow(
        '`disturb("B", Full("backups"))`',
        "a node's place for files is `Full`, `Filling`, `Slow`, `Refusing`, `Silent`, `ReadOnly`, `Disconnected`, `Losing`, "
        "`Cutting`, or `Well` again (backup/destinations/faults.py); so is a cloud, by its address `s3://nightly`",
        troubles="Full Filling Slow Refusing Silent ReadOnly Disconnected Losing Cutting Well",
    ),
    FaultRow(
        '`when(Voted, Crash(""))`',
        "strike at an event, at its node; or before `VoteUnsynced` is durable",
    ),
    FaultRow(
        "`join(node, watcher=)` `remove` `promote` `demote`",
        "the cluster is asked to take a node, let one go, give or take a vote; wait with `joined`, `left`",
    ),
    FaultRow(
        "`reconfigure(voters, watchers)` `transfer(node)`",
        "just these are to be the cluster, jointly if need be; another is to lead; wait with `reconfigured`, `led_by`",
    ),
    FaultRow("`mend`", "the sky clears: everything works, every node is up"),
)
ALSO = ("start", "ask")
"""Verbs that are no fault and have a probe: without them the others would show nothing."""


@value
class ProbedRow:
    """One line of the doctor: a group, what is probed, what it does, and its probes by name."""

    group: str
    name: str
    does: str
    probes: tuple[tuple[str, Callable[[], str]], ...]
    """Name, and what plays it and returns what is wrong, or nothing."""


CODES = {HELD: 0, BROKEN: 1, INCONCLUSIVE: 2, MISTAKE: 64}
"""The exit code of the command for each verdict."""
FENCES = {
    "clock": "a real clock is refused: take `world.now`, or `member.wall()` and `member.monotonic()`",
    "sleep": "a real wait is refused: take `trio.sleep`, or `member.sleep()`",
    "luck": "luck without a seed is refused: take `member.dice(…)`, or `random.Random(7)`",
    "outside": "sockets, threads and processes are refused: take `member.outside(work, cost)`",
}


def rows() -> Iterator[ProbedRow]:
    """Every row, in the order in which it is shown."""
    for kind, does in FENCES.items():
        here = [fence for fence in fence_probes.fences(fence_probes.OF_KIND[kind]) if fence.is_here()]
        probed = [(f"{each.module}.{each.name}", partial(fence_probes.failure_of, each)) for each in here]
        yield ProbedRow("fences", f"{kind}, {len(here)} names", does, tuple(probed))
    for ending in ending_probes.ENDINGS:
        probe = partial(ending_probes.failure_of, ending)
        yield ProbedRow("endings", f"{ending.verdict} ({CODES[ending.verdict]})", ending.says, ((ending.says, probe),))
    for fault in FAULTS:
        verbs = tuple((name, partial(probes.failure_of, name)) for name in fault.probed())
        yield ProbedRow("faults", fault.shown, fault.does, verbs)


def faults_table() -> str:
    """The rows of faults as a table of Markdown."""
    lines = ["| verb | what it does |", "|---|---|", *[f"| {fault.shown} | {fault.does} |" for fault in FAULTS]]
    return "\n".join(lines) + "\n"
