"""Each line of each published figure as a `Setting`, with its limits: how near our figure must come. It holds no result."""

from cluster.raft.timing import Timing
from cluster.time_units import MILLISECOND, SECOND
from cluster.value import value
from scenarios.bench import elections_theory
from scenarios.bench.elections_driver import Normal, Setting, Uniform
from scenarios.bench.elections_published import WAN as WAN_CURVES
from scenarios.bench.elections_published import Published, table

SPREADS = ("12-24", "25-50", "50-100", "100-200", "150-151", "150-155", "150-175", "150-200", "150-300")
"""Election timeouts in ms, as the figures name their lines."""


@value
class Limits:
    """The greatest allowed differences from the published line; None where a difference is shown and not judged."""

    distance: float | None = None
    """The Kolmogorov-Smirnov distance: the largest difference between the two distributions."""
    median: float | None = None
    """The median relative to the published one; the two below likewise."""
    mean: float | None = None
    messages: float | None = None


@value
class ElectionLine:
    """One line of a figure."""

    name: str
    """The line's name within its part; random numbers are derived from both names."""
    setting: Setting
    published: Published
    limits: Limits


@value
class Experiment:
    """One experiment."""

    key: str
    title: str
    """The publication, and the parameters under which it is run here."""
    trials: int
    """Trials for each line: as many as published, or more."""
    lines: tuple[ElectionLine, ...]


@value
class SplitVotes:
    """A cluster for which formulas predict split votes: its size and one latency, in units of the base timeout."""

    servers: int
    down: int
    latency: float

    @property
    def name(self) -> str:
        """The cluster as a table shows it."""
        return f"{self.servers} servers, {self.down} down, latency {self.latency:g}"

    @property
    def setting(self) -> Setting:
        """The setting of the experiment: the base timeout is one second, and every message takes the same time."""
        latency = int(self.latency * SECOND)
        return Setting(
            timing=paper(1_000, 2_000),
            servers=self.servers,
            live=self.servers - self.down,
            latency=Uniform(latency, latency),
            logs=(1,) * self.servers,
            lead_in=SECOND // 2,
        )

    @property
    def split_chance(self) -> float:
        """The chance of a split vote by the formula."""
        return elections_theory.split_chance(self.servers, self.down, self.latency)

    @property
    def expected(self) -> float:
        """The mean election time by the formula, in units of the base timeout."""
        return elections_theory.expected(self.servers, self.down, self.latency)


def paper(low: int, high: int, *, writing_counts: bool = True, check_quorum: bool = False) -> Timing:
    """The paper's timers: uniform in [low, high) ms and drawn anew each time; heartbeats every `low` / 2; no trial election."""
    return Timing(
        election=high * MILLISECOND,
        first=(low, high),
        again=(low, high),
        ticking=False,
        writing_counts=writing_counts,
        heartbeat=low * MILLISECOND // 2,
        trial=False,
        check_quorum=check_quorum,
    )


def spread(name: str) -> tuple[int, int]:
    """The bounds in ms that a line's name states."""
    low, _, high = name.partition("-")
    return int(low), int(high)


# ---- the Raft paper's benchmark on a LAN ----


def lan_setting(name: str) -> Setting:
    """LogCabin: every write of metadata takes 0.35 to 6.65 ms, and the server stands still meanwhile."""
    low, high = spread(name)
    return Setting(
        timing=paper(low, high),
        servers=5,
        live=4,
        latency=Uniform(50, 200),
        logs=(4, 3, 2, 1, 4),
        write=Uniform(350, 6_650),
        skew=500,
        lead_in=low * MILLISECOND // 2,
        until="heard",
    )


LAN = Experiment(
    "lan",
    "Raft paper, figure 16 (dissertation 9.8): LogCabin on a LAN, 5 servers, the leader dies, 2 of 4 logs can win;\n"
    "  one way 0.05-0.2 ms, a write 0.35-6.65 ms, timers start within 0.5 ms; until a majority has heard the new leader",
    1_000,
    tuple(
        ElectionLine(
            name, lan_setting(name), published, Limits(distance=0.12, median=0.20 if name == "150-151" else 0.10)
        )
        for name, published in table("lan").items()
    ),
)


# ---- the dissertation's simulation of a WAN ----


def wan_setting(down: int, differ: bool) -> Setting:
    """AvailSim: fresh timers, free disks; lengths 0..4 are dealt out anew in each trial, to the dead too."""
    return Setting(
        timing=paper(300, 600, check_quorum=True),
        servers=5,
        live=5 - down,
        latency=Uniform(30 * MILLISECOND, 40 * MILLISECOND),
        logs=(1, 2, 3, 4, 5) if differ else (1,) * 5,
        shuffled=differ,
        until="stable",
        beats=16,
    )


WAN = Experiment(
    "wan",
    "dissertation, figures 9.9 and 9.10: AvailSim, 5 servers, one way 30-40 ms, timeouts 300-600 ms, disks cost nothing;\n"
    "  from fresh timers to the start of the leader that then keeps 16 heartbeats",
    10_000,
    tuple(
        ElectionLine(name, wan_setting(int(name[-6]), name.startswith("logs differ")), published, Limits(mean=0.05))
        for name, published in WAN_CURVES.items()
    ),
)


# ---- Raft Refloated ----

REFUSES = "refuses-once-deposed"


def refloated_setting(name: str, eligible: int, variant: str) -> Setting:
    """Five live nodes; a node that may not lead has a shorter log, unless the variant knows it by its number."""
    low, high = spread(name)
    logs = (1,) * 5 if "one-too-many" in variant else (2,) * eligible + (1,) * (5 - eligible)
    return Setting(
        timing=paper(low, high),
        servers=5,
        live=5,
        latency=Normal(5 * MILLISECOND, 3 * MILLISECOND),
        logs=logs,
        lead_in=low * MILLISECOND // 2,
        variant=variant,
    )


def refloated(figure: str, eligible: int) -> tuple[ElectionLine, ...]:
    """The nine lines of one of its figures, as its simulator was."""
    variant = f"one-too-many:{eligible}+{REFUSES}"
    return tuple(
        ElectionLine(
            f"{figure}/{name}",
            refloated_setting(name, eligible, variant),
            table("refloated")[f"{figure}/{name}"],
            Limits(mean=0.12 if name in ("150-151", "150-155") else 0.07, messages=0.12),
        )
        for name in SPREADS
    )


REFLOATED = Experiment(
    "refloated",
    "Howard et al., Raft Refloated: 5 live nodes, one way Normal(5, 3) ms redrawn until positive, until the first leader;\n"
    "  with two quirks of its simulator planted: one node more may lead than said (org: 4), deposed candidates refuse",
    1_000,
    (*refloated("org", 3), *refloated("ine-1", 1), *refloated("ine-5", 5)),
)

WITHOUT = {"only one too many": "one-too-many:3", "only refusals": REFUSES, "neither": ""}
QUIRKS = Experiment(
    "quirks",
    "the same experiment (org, three may lead) with one quirk or none: what the two did to the published means",
    1_000,
    tuple(
        ElectionLine(f"{said}/{name}", refloated_setting(name, 3, variant), table("refloated")[f"org/{name}"], Limits())
        for said, variant in WITHOUT.items()
        for name in SPREADS
    ),
)

PARTS = (LAN, WAN, REFLOATED, QUIRKS)

# ---- the arithmetic ----

THEORY_TRIALS = 4_000
THEORY_TITLE = (
    "dissertation, 9.2-9.4: the chance of a split vote and the mean election time, beside the arithmetic;\n"
    "  timeouts 1-2 units, one fixed latency, the leader dies uniformly within half a unit"
)
SPLITS = tuple(
    SplitVotes(servers, down, latency)
    for servers, down in ((3, 0), (3, 1), (5, 0), (5, 1), (5, 2), (7, 2), (9, 4))
    for latency in (0.02, 0.05, 0.1, 0.2, 0.3)
)
STANDARD_ERRORS = 4.0
"""The allowed distance of the measured share of split votes from the formula, in standard errors."""
RARE = 0.1
"""The latency (in base timeouts) up to which splits are rare enough to judge the mean by its formula, within `MEAN`."""
MEAN = 0.05
