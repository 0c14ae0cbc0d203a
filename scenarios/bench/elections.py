"""`unkindness bench elections`: published election times beside those of the real core under the same parameters.

This file runs the lines of `elections_lines`, measures and judges. An election itself is in `elections_driver`, and the
published figures are in `elections_published`. The random numbers of a trial are derived from its name, so that neither
the number of processes nor the order of lines changes any figure.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from math import sqrt
from os import cpu_count
from statistics import fmean, median

from cluster.value import value
from scenarios.bench.elections_driver import Elected, Setting, trial
from scenarios.bench.elections_lines import (
    MEAN,
    RARE,
    SPLITS,
    STANDARD_ERRORS,
    THEORY_TRIALS,
    ElectionLine,
    Experiment,
    SplitVotes,
)
from scenarios.bench.elections_published import Published
from scenarios.bench.elections_variants import varied
from scenarios.worker_processes import process_pool

CHUNK = 250
"""The number of trials in one unit of work of a process."""
MOST = 32
"""The greatest number of processes: more would wait for each other at the end of every part."""


@value
class MeasuredElections:
    """The measured elections of one line. Times in ms."""

    durations: tuple[float, ...]
    """The duration of each trial in ms, sorted."""
    mean: float
    median: float
    messages: float
    split: float
    """The share of trials whose first term had no leader."""

    @classmethod
    def of(cls, trials: Sequence[Elected]) -> "MeasuredElections":
        """The figures of at least one trial."""
        durations = tuple(sorted([each.duration / 1_000 for each in trials]))
        messages = fmean([each.messages for each in trials])
        split = sum([each.rounds > 1 for each in trials]) / len(trials)
        return cls(durations, fmean(durations), median(durations), messages, split)

    def share(self, within: float) -> float:
        """The share of trials that took at most `within` ms."""
        return bisect_right(self.durations, within) / len(self.durations)

    def quantile(self, share: float) -> float:
        """The duration in ms that this share of trials did not exceed."""
        return self.durations[min(int(share * len(self.durations)), len(self.durations) - 1)]


@value
class ElectionRow:
    """The figures measured for a line, beside the published ones."""

    line: ElectionLine
    ours: MeasuredElections
    misses: tuple[str, ...]
    """Each difference that exceeds its limit, in words."""

    @property
    def judged(self) -> bool:
        """Whether the line has any limit to exceed."""
        return any(limit is not None for limit in differences(self.line, self.ours).values())


@value
class Theory:
    """The figures measured for a cluster, beside those that the formulas predict."""

    split: SplitVotes
    ours: MeasuredElections
    trials: int

    @property
    def mean(self) -> float:
        """The measured mean election time in units of the base timeout."""
        return self.ours.mean / 1_000

    @property
    def errors(self) -> float:
        """The difference between the measured share of split votes and its predicted chance, in standard errors."""
        chance = self.split.split_chance
        return (self.ours.split - chance) / sqrt(chance * (1 - chance) / self.trials)

    @property
    def misses(self) -> tuple[str, ...]:
        """Each difference that exceeds its limit, in words."""
        found = []
        # Where not even one split is likely, one split more says little about the chance and is no miss.
        near = abs(self.ours.split - self.split.split_chance) * self.trials <= 2
        if abs(self.errors) > STANDARD_ERRORS and not near:
            found.append(f"the share of split votes is {self.errors:+.1f} standard errors off")
        off = self.mean / self.split.expected - 1
        if self.split.latency <= RARE and abs(off) > MEAN:
            found.append(f"the mean is {off:+.1%} off, {MEAN:.0%} is allowed")
        return tuple(found)


# ---- judging ----


def distance(ours: MeasuredElections, published: Published) -> float:
    """The Kolmogorov-Smirnov distance, taken at the published points: exact to 0.01 for a table of hundredths."""
    return max([abs(ours.share(within) - share) for within, share in published.points])


def differences(line: ElectionLine, ours: MeasuredElections) -> dict[str, float | None]:
    """Each difference as a multiple of its limit, by what is compared; None where nothing is judged."""
    published, limits = line.published, line.limits
    found: dict[str, float | None] = {
        "distance": limits.distance and distance(ours, published) / limits.distance,
        "median": limits.median and abs(ours.median / published.median - 1) / limits.median,
        "mean": limits.mean and abs(ours.mean / published.mean - 1) / limits.mean,
    }
    if published.messages is not None:
        found["messages"] = limits.messages and abs(ours.messages / published.messages - 1) / limits.messages
    return found


def judged(line: ElectionLine, ours: MeasuredElections) -> ElectionRow:
    """Compare a line's figures with the published ones."""
    misses = [
        f"the {what} is {off:.2f} times as far off as allowed"
        for what, off in differences(line, ours).items()
        if off is not None and off > 1
    ]
    return ElectionRow(line, ours, tuple(misses))


# ---- running ----


def chunk(setting: Setting, seed: int, name: str, first: int, last: int) -> list[Elected]:
    """Run the trials from `first` up to but not including `last`: one unit of work of a process."""
    with varied(setting.variant):
        return [trial(setting, seed, name, number) for number in range(first, last)]


class ElectionRunner:
    """Runs settings in this process or over several; the figures are the same."""

    def __init__(self, seed: int, pool: Executor | None = None) -> None:
        self.seed = seed
        self.pool = pool

    def measured(self, settings: Sequence[tuple[str, Setting]], trials: int) -> Iterator[MeasuredElections]:
        """Measure each setting in turn, with `trials` trials whose random numbers are derived from `name`. ValueError below one trial."""
        if trials < 1:
            raise ValueError(f"{trials} trials measure nothing: ask for one at least")
        chunks = [(first, min(first + CHUNK, trials)) for first in range(0, trials, CHUNK)]
        if self.pool is None:
            for name, setting in settings:
                yield MeasuredElections.of([each for part in chunks for each in chunk(setting, self.seed, name, *part)])
            return
        under_way = [
            [self.pool.submit(chunk, setting, self.seed, name, *part) for part in chunks] for name, setting in settings
        ]
        for futures in under_way:
            yield MeasuredElections.of([each for future in futures for each in future.result()])

    def part(self, part: Experiment, trials: int | None = None) -> list[ElectionRow]:
        """Measure every line of an experiment."""
        names = [(f"{part.key}/{line.name}", line.setting) for line in part.lines]
        found = self.measured(names, trials or part.trials)
        return [judged(line, ours) for line, ours in zip(part.lines, found, strict=True)]

    def theory(self, trials: int | None = None) -> list[Theory]:
        """Measure every cluster that the formulas are compared with."""
        count = trials or THEORY_TRIALS
        found = self.measured([(f"theory/{each.name}", each.setting) for each in SPLITS], count)
        return [Theory(split, ours, count) for split, ours in zip(SPLITS, found, strict=True)]


@contextmanager
def runner(seed: int, processes: int | None = None) -> Iterator[ElectionRunner]:
    """Make a runner with that many processes: None: one per processor; 1: this process alone."""
    count = min(processes or cpu_count() or 1, MOST)
    if count == 1:
        yield ElectionRunner(seed)
        return
    pool = process_pool(count)
    try:
        yield ElectionRunner(seed, pool)
    finally:
        pool.shutdown(cancel_futures=True)
