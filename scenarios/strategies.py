"""Hypothesis strategies: seeds, clusters, links and faults, and a shrunk failure as a story that can be kept.

This is the only module of the product that imports Hypothesis. Everything drawn is valid by construction: nothing is
thrown away. Gaps are relative and stand on a grid, kinds are ordered from mild to severe, so that what is left after
shrinking is short and mild. Never here: a rule of the cluster, or a story that cannot be printed.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import attrs
import trio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cluster import steps
from cluster.member import NoLeader, OutcomeUnknown, Overloaded
from cluster.sim.errors import Misuse
from cluster.sim.network import Wire
from cluster.sim.run import Outcome, Story, run
from cluster.sim.settings import written
from cluster.sim.stepped_world import SteppedWorld
from cluster.steps import Fault, Gust, Weather, When
from cluster.time_units import MILLISECOND
from cluster.written_times import Span
from scenarios import backup_model
from scenarios.backup_model import ModelStep

GAPS = (0, 0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1, 2, 5, 10)
"""The gaps in seconds between one gust (a fault with its time) and the next."""
LONG_GAPS = (0, 1, 3, 10, 30, 90)
"""The gaps in seconds for weather with quiet time in it."""
MOMENTS = ("BecameLeader", "Voted", "Wrote", "Committed", "BecameCandidate", "Recovered", "Started", "Delivered")
"""Kinds of events at which a fault may strike."""
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


def seeds() -> st.SearchStrategy[int]:
    """Seeds. A seed has no size, so a small one means nothing: let Hypothesis shrink the faults instead."""
    return st.integers(1, 999_999)


def cluster_names() -> st.SearchStrategy[str]:
    """The names of three or five nodes."""
    return st.sampled_from(("ABC", "ABCDE"))


def wires() -> st.SearchStrategy[Wire]:
    """The behaviour of links: from the default, by greater latency and jitter, to loss, duplicates and delayed messages."""
    return st.builds(
        Wire,
        latency=_one_of(5, 1, 20, 60, 90).map(_milliseconds),
        jitter=_one_of(2, 0, 20, 60).map(_milliseconds),
        loss=_one_of(0.0, 0.001, 0.01, 0.1),
        duplicate=_one_of(0.0, 0.05, 0.2),
        ordered=_one_of(True, False),
    ).flatmap(
        lambda wire: _one_of((0.0, 0), (0.05, 400), (0.2, 50), (0.1, 1_500)).map(lambda held: _held_up(wire, *held))
    )


def _held_up(wire: Wire, chance: float, milliseconds: int) -> Wire:
    return attrs.evolve(wire, delay_chance=chance, delay=_milliseconds(milliseconds))


# ---- faults: one strategy a kind, from mild to wild ----


def _one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _milliseconds(count: int) -> int:
    return count * MILLISECOND


def _rewire(**chances: Sequence[Any]) -> st.SearchStrategy[Fault]:
    return st.builds(steps.Rewire, **{name: st.sampled_from(values) for name, values in chances.items()})


def _on_one_node(node: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[Fault]]:
    """The faults of a single node; with "" for a node the fault strikes the node of an event."""
    return {
        "resume": st.builds(steps.Resume, node),
        "zone": st.builds(steps.Zone, node, st.sampled_from(ZONES)),
        "drift": st.builds(steps.Drift, node, _one_of(0, 50, -50, 300, -300, 2_000)),
        "jump": st.builds(steps.JumpClock, node, _one_of(1, -1, 60, -60, 3_600, -3_600)),
        "slow disk": st.builds(steps.SlowDisk, node, _one_of(1.0, 10.0, 300.0)),
        "pause": st.builds(steps.Pause, node),
        "restart": st.builds(steps.Restart, node),
        "crash": st.builds(steps.Crash, node),
        "full disk": st.builds(steps.FullDisk, node, st.sampled_from((False, True))),
    }


def _kinds(names: str) -> dict[str, st.SearchStrategy[Fault]]:
    """Every kind of fault, from mild to severe."""
    one = _on_one_node(st.sampled_from(names))
    pair = st.permutations(names).map(lambda order: (order[0], order[1]))
    halves = st.tuples(st.permutations(names), st.integers(1, len(names) // 2)).map(
        lambda drawn: (tuple(sorted(drawn[0][: drawn[1]])), tuple(sorted(drawn[0][drawn[1] :])))
    )
    return {
        "heal": st.just(steps.Heal()),
        "resume": one["resume"],
        "release": pair.map(lambda two: steps.Release(*two)),
        "zone": one["zone"],
        "drift": one["drift"],
        "jump": one["jump"],
        "slow disk": one["slow disk"],
        "pause": one["pause"],
        "latency": _rewire(latency=(0.005, 0.06), jitter=(0.002, 0, 0.06)),
        "delays": _rewire(delay_chance=(0.0, 0.1), delay=(0.4, 2)),
        "any order": _rewire(ordered=(True, False), jitter=(0.06,)),
        "duplicates": _rewire(duplicate=(0.0, 0.1, 0.5)),
        "hold": pair.map(lambda two: steps.Hold(*two)),
        "loss": _rewire(loss=(0.0, 0.01, 0.2)),
        "one way": pair.map(lambda two: steps.CutOneWay(*two)),
        "cut": pair.map(lambda two: steps.Cut(*two)),
        "split": halves.map(steps.Split),
        "restart": one["restart"],
        "crash": one["crash"],
        "full disk": one["full disk"],
    }


def _administration(names: str, joining: str) -> dict[str, st.SearchStrategy[steps.Administration]]:
    """The steps of an administrator: nodes join and leave, and leadership is transferred."""
    one, comer = st.sampled_from(names), st.sampled_from(joining)
    return {
        "transfer": st.builds(steps.Transfer, one),
        "join": st.builds(steps.Join, comer, watcher=st.booleans()),
        "demote": st.builds(steps.Demote, one),
        "remove": st.builds(steps.Remove, one),
    }


def faults(names: str) -> st.SearchStrategy[Fault]:
    """Any fault of these nodes; every kind is equally likely, and the first is the mildest."""
    return st.one_of(*_kinds(names).values())


# ---- weather ----


@st.composite
def weather(
    draw: st.DrawFn,
    names: str = "ABC",
    max_gusts: int = 12,
    *,
    gaps: Sequence[Span] = GAPS,
    without: Sequence[str] = (),
    joining: str = "",
) -> Weather:
    """Up to `max_gusts` faults of these nodes, by time and at events. `without`: kinds of fault that are never drawn.

    `gaps`: durations. `joining`: nodes that may join; if there are any, others may leave, and leaders may hand over.

    The kinds that occur at all are drawn first (swarm testing), because bad runs often have many faults of few kinds.
    Shrinking leads to all kinds.
    """
    possible: dict[str, st.SearchStrategy[Any]] = {**_kinds(names)}
    possible |= _administration(names, joining) if joining else {}
    kinds = {name: kind for name, kind in possible.items() if name not in without}
    order, tenths_off = list(kinds), draw(st.sampled_from((0, 3, 6, 9)))
    flags = draw(st.lists(st.integers(0, 9), min_size=len(order), max_size=len(order)))
    enabled = [name for name, flag in zip(order, flags, strict=True) if flag + tenths_off < 10] or order
    struck = st.one_of([kind for name, kind in _on_one_node(st.just("")).items() if name in enabled])
    moments = st.builds(When, st.sampled_from(MOMENTS), struck, count=st.integers(1, 5))

    def nearest(place: int) -> str:
        """Replace a kind that is not enabled by the next milder one, so that enabling more kinds changes as little as possible."""
        mild = [name for name in order[: place + 1] if name in enabled]
        return mild[-1] if mild else enabled[0]

    by_time = st.integers(0, len(order) - 1).flatmap(lambda place: kinds[nearest(place)])
    gust = st.builds(Gust, st.sampled_from(tuple(gaps)), st.one_of(by_time, by_time, moments))
    return tuple(draw(st.lists(gust, max_size=max_gusts)))


# ---- what users do to backups meanwhile ----


def model_steps(most: int = 12, names: str = "ABC") -> st.SearchStrategy[tuple[ModelStep, ...]]:
    """A list of steps about one database and its backup tasks. It begins with a task, and shrinks to few and mild steps.

    Clocks are not set: otherwise it would be undefined which of two writes is the later one.
    """
    misfortunes = [kind for name, kind in _kinds(names).items() if name not in ("jump", "drift", "zone", "full disk")]
    numbers, tasks = st.integers(1, 6), st.integers(0, 2)
    wait = _one_of(1, 10, 31, 61, 125).map(backup_model.Wait)
    after = st.one_of(
        wait,
        wait.map(lambda short: backup_model.Wait(short.minutes * 2)),
        _one_of(61, 125, 185).map(backup_model.Wait),
        st.builds(
            lambda first, more, text: backup_model.Write(first, first + more, text), numbers, tasks, _one_of(*"abcd")
        ),
        numbers.map(backup_model.Erase),
        st.builds(backup_model.Define, st.integers(0, len(backup_model.CRONS) - 1), _one_of(None, *names)),
        st.builds(backup_model.Now, tasks, st.booleans()),
        st.builds(backup_model.Later, tasks, _one_of(5, 90)),
        tasks.map(backup_model.Stop),
        st.builds(backup_model.Switch, tasks, st.booleans()),
        st.builds(backup_model.Edit, tasks, st.integers(0, len(backup_model.CRONS) - 1)),
        tasks.map(backup_model.Remove),
        st.just(backup_model.Once()),
        st.one_of(*misfortunes).map(backup_model.Strike),
    )
    return st.lists(after, max_size=most).map(
        lambda rest: (backup_model.Define(), backup_model.Write(1, 3, "a"), *rest)
    )


# ---- a machine whose rules are yours ----


class WorldMachine(RuleBasedStateMachine):
    """A state machine over a world: faults come and time passes by rules of its own; a subclass adds rules that ask its application.

    Between two rules time stands still. `self.world` has the verbs that act at once, `self.wait` and `self.ask` those that wait;
    `self.call(lambda: self.world.elected())` is for all others. Promises are watched as in a story: what breaks one is the failure.
    """

    nodes = "ABC"
    """The nodes that start."""
    application: Callable[[], Any] | None = None
    """What makes the application of each node; None: it does nothing."""

    @initialize(seed=seeds())
    def start(self, seed: int) -> None:
        """The nodes start, and somebody leads."""
        self.stepped = SteppedWorld(seed)
        self.world = self.stepped.world
        self.world.start(self.nodes, *([type(self).application] if type(self).application else []))
        self.call(lambda: self.world.elected())

    @rule(seconds=st.sampled_from(GAPS[1:]))
    def time_passes(self, seconds: float) -> None:
        """Whatever was begun goes on meanwhile."""
        self.wait(seconds)

    @rule(data=st.data())
    def a_fault_comes(self, data: st.DataObject) -> None:
        """One of those that a weather has; one that is impossible now does not come."""
        with suppress(Misuse):
            self.world.do(data.draw(faults(self.nodes), label="fault"))

    @rule()
    def the_sky_clears(self) -> None:
        """All faults end, and somebody leads again."""
        self.world.mend()
        self.call(lambda: self.world.elected(within=20))

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.stepped.wait(seconds)

    def call(self, waits: Callable[[], Awaitable[Any]]) -> Any:
        """Call a verb that waits, and return what it gives."""
        return self.stepped.call(waits)

    def ask(self, node: str, request: Any, within: float = 20) -> Any:
        """Ask a node as a client; its answer, or None if it is down, or gave none that says what became of it `within` seconds."""

        async def asks() -> Any:
            with trio.move_on_after(within), suppress(NoLeader, OutcomeUnknown, Overloaded):
                return await self.world.ask(node, request)

        return self.call(asks) if self.world[node].up else None

    def teardown(self) -> None:
        """The end: watchers judge what only it can tell."""
        if hasattr(self, "stepped"):
            self.stepped.end()


# ---- a failure as a story ----

TEXT = '''"""{lesson}"""

import trio

{imports}

SEED = {seed}
WEATHER = (
{weather}
)


async def story(world):
    world.start("{names}", Register)
{rewire}    async with trio.open_nursery() as nursery:
        nursery.start_soon(client, world)
        await world.suffer(WEATHER)
        nursery.cancel_scope.cancel()
    world.mend()
    leader = await world.elected(within=20)
    await world.ask(leader, Put("calm", 1))


async def client(world):
    """Writes as fast as it is answered, wherever somebody is up."""
    number = 0
    while True:
        await trio.sleep(0.03)
        number += 1
        node = "{names}"[number % {size}]
        if world[node].up:
            with trio.move_on_after(1):
                try:
                    await world.ask(node, Put("x", number))
                except (NoLeader, OutcomeUnknown):
                    pass  # as any client must expect in such weather
'''


def as_story(names: str, weather: Weather, seed: int, wire: Wire | None = None) -> str:
    """The text of a story file: this weather under a client's load, then all faults end, and a leader must answer the client.

    The file needs nothing else: `unkindness run FILE` plays the same to the last event.
    """
    faults = [gust.fault for gust in weather]
    used = {type(fault).__name__ for each in faults for fault in (each, each.fault if isinstance(each, When) else each)}
    lines = [
        *([f"from cluster.steps import {', '.join(sorted({'Gust', *used}))}"] if weather else []),
        "from cluster.member import NoLeader, OutcomeUnknown",
        "from scenarios.register import Put, Register",
    ]
    gusts = "1 gust" if len(weather) == 1 else f"{len(weather)} gusts"
    return TEXT.format(
        lesson=f"After {gusts} of weather the sky clears: somebody of {names} leads, and a client is answered.",
        imports="\n".join(sorted(lines)),
        seed=seed,
        weather="\n".join(f"    {gust!r}," for gust in weather),
        names=names,
        size=len(names),
        rewire=f"    world.rewire({', '.join(f'{name}={each!r}' for name, each in written(wire).items())})\n"
        if wire
        else "",
    )


def story_of(text: str) -> Story:
    """The story in a text of `as_story`."""
    told: dict[str, Any] = {"__name__": "story"}
    exec(compile(text, "story.py", "exec", dont_inherit=True), told)
    story: Callable[..., Any] = told["story"]
    return story


def check(story: str | Story, seed: int, **options: Any) -> Outcome:
    """Run a story under `@given`; `options` go to the world. If it fails, its text becomes a note on the failure.

    A story that is given as a function has no text; one of `as_story` is kept as Hypothesis shrank it.
    """
    if not isinstance(story, str):
        return run(story, seed, **options)
    try:
        return run(story_of(story), seed, **options)
    except Exception as failure:
        failure.add_note(f"as a story to keep, the same to the last event:\n\n{story}")
        raise
