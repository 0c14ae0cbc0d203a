"""What a story, or an application, did wrong: the run is never *held*, and says where, on which node, and under which seed."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from cluster.member import Application, Member
from cluster.sim.errors import Deadlock, NeedlessAwait, NotAwaited, NothingStarted, OutOfBudget, Standstill
from cluster.sim.run import INCONCLUSIVE, MISTAKE, Outcome, play, run
from cluster.sim.world import World
from cluster.steps import Crash
from cluster.trace import Voted
from cluster.value import value
from scenarios.cli import main
from scenarios.register import Put, Register
from tests.sim.vocabulary import Add, Adder, member_of

HERE = __file__


def line_of(function: Callable[..., Any], after: int) -> str:
    """`FILE:LINE` of a line that stands so far below the first one of a function."""
    return f"{HERE}:{function.__code__.co_firstlineno + after}"


def failed(outcome: Outcome, kind: type[BaseException]) -> str:
    """The text of what ended a run that is nobody's but the story's mistake."""
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, kind)
    return str(outcome.failure)


# ---- what was forgotten ----


@pytest.mark.parametrize("kept", [False, True])
def test_a_verb_without_await_is_a_mistake_at_its_line(kept: bool) -> None:
    """Whether the coroutine is dropped at once or kept in a name until the story is over."""
    box: list[Any] = []

    async def story(world: World) -> None:
        world.start("ABC")
        box.append(world.elected())  # as `leader = world.elected()`
        if not kept:
            box.clear()
        leader = box.pop() if kept else None
        await trio.sleep(1)
        assert leader is not False

    assert failed(play(story), NotAwaited) == (
        f"{line_of(story, 2)}: `elected` was never awaited: write `await` before the call"
    )
    with pytest.raises(NotAwaited):
        run(story)


def test_a_chained_call_without_await_is_the_same_mistake() -> None:
    """`world.elected().upper()`: what has no name of its own is named by its verb as well."""

    async def story(world: World) -> None:
        world.start("ABC")
        world.elected().upper()  # type: ignore[attr-defined]

    assert failed(play(story), NotAwaited) == (
        f"{line_of(story, 2)}: `elected` was never awaited: write `await` before the call"
    )


NEEDLESS = {
    "a verb": "`crash` acts at once",
    "a noun": "`world['A'].leader` is there at once",
    "time": "`world.now` is there at once",
}


@pytest.mark.parametrize("of", NEEDLESS)
def test_an_await_too_much_is_a_mistake_at_its_line(of: str) -> None:
    """What acts at once, or only looks, is written without one."""

    async def crashes(world: World) -> None:
        world.start("ABC")
        await world.crash("A")  # type: ignore[func-returns-value, misc]

    async def looks(world: World) -> None:
        world.start("ABC")
        assert await world["A"].leader  # type: ignore[misc]

    async def reads(world: World) -> None:
        world.start("ABC")
        await trio.sleep(1)
        await trio.sleep(await world.now - 1)  # type: ignore[misc]

    story, line = {"a verb": (crashes, 2), "a noun": (looks, 2), "time": (reads, 3)}[of]
    assert failed(play(story), NeedlessAwait) == f"{line_of(story, line)}: {NEEDLESS[of]}: write it without `await`"


def test_a_story_that_starts_nothing_is_a_mistake() -> None:
    """Every promise is kept where there is nobody to break one: that is no run that held."""

    async def story(world: World) -> None:
        await trio.sleep(5)

    assert failed(play(story), NothingStarted).startswith(f"{line_of(story, 0)}: the story starts no node")


# ---- what an application raises ----


@value
class Divide:
    """Asks for a division by this number."""

    by: int


class Divider(Application[float]):
    """Breaks where it is told to: `apply`, `run`, `hear` or `every`."""

    words = (Divide,)

    def __init__(self, breaks: str) -> None:
        self.breaks = breaks

    def empty(self) -> float:
        return 1.0

    def apply(self, state: float, command: Divide, index: int) -> tuple[float, float]:
        return state / command.by, state

    async def serve(self, request: Divide) -> float:
        return 1.0

    def act(self, number: int) -> int:
        raise LookupError("every")

    def heard(self, sender: str, message: Divide) -> None:
        raise LookupError("heard")

    async def run(self, member: Member[float]) -> None:
        if self.breaks == "every":
            member.every(500_000, self.act)
        if self.breaks == "hear":
            member.hear(Divide, self.heard)
            await member.sleep(1_000_000)
            if member.name == "A":
                member.send("B", Divide(1))
        if self.breaks == "run":
            await member.sleep(1_000_000)
            raise LookupError("run")
        while self.breaks == "apply":
            await member.sleep(1_000_000)
            if member.leading:
                await member.propose(Divide(0))


@pytest.mark.parametrize(
    ("breaks", "says"),
    [("apply", "float division by zero"), ("run", "run"), ("hear", "heard"), ("every", "every")],
)
def test_an_applications_error_names_node_seed_and_timeline(breaks: str, says: str) -> None:
    """Wherever the cluster calls it; the verdict is a mistake of the user's, as no line of ours raised it."""

    async def story(world: World) -> None:
        world.start("ABC", lambda: Divider(breaks))
        await trio.sleep(60)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert says in str(outcome.failure)
    assert outcome.history.events[-1].node in "ABC"
    assert "failed: " in outcome.history.events[-1].note.text()
    with pytest.raises((ZeroDivisionError, LookupError)) as raised:
        run(story)
    notes = raised.value.__notes__
    assert any(note.startswith("on node ") for note in notes)
    assert any(note.startswith("seed 1, 00:00:0") for note in notes)
    assert any("A, B and C start" in note for note in notes)
    if breaks == "apply":
        assert any(note.startswith("as it applied Divide, entry ") for note in notes)


def test_the_command_shows_where_an_application_broke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FILE:LINE, the node, the seed, the last lines and the command that repeats it; exit code 64."""
    path = tmp_path / "mine.py"
    path.write_text(
        "import trio\nfrom scenarios.register import Put, Register\n\n\nclass Mine(Register):\n"
        "    def apply(self, state, command, index):\n        return {}['k'], 1\n\n\n"
        "async def story(world):\n    cluster = world.start('ABC', Mine)\n"
        "    await cluster.ask(await world.elected(), Put('x', 1))\n"
    )

    assert main(["run", str(path), "-q", "--seed", "3"]) == 64

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"unkindness: {path}:7: KeyError: 'k'"
    assert lines[1].startswith("  as it applied Put, entry ")
    assert lines[2].startswith("  on node ")
    assert lines[3].startswith("  seed 3, event ")
    assert lines[-1] == f"  again    unkindness run {path} --seed 3"


# ---- what never ends ----


def test_a_deadlock_names_every_task_its_line_and_its_wish() -> None:
    """The story, the tasks it has started, and the program of a node that does not answer it; no assertion broke."""

    class Silent(Register):
        async def serve(self, request: Any) -> Any:
            await trio.Event().wait()

    async def waits(event: trio.Event) -> None:
        await event.wait()

    async def story(world: World) -> None:
        cluster = world.start("ABC", Silent)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits, trio.Event())
            nursery.start_soon(cluster.ask, "B", Put("x", 1))

    lines = failed(play(story), Deadlock).splitlines()
    assert lines[0].endswith("and the story still waits:")
    wish = "Put(name='x', content=1)"
    assert sorted(lines[1:]) == sorted(
        [
            f"  {line_of(story, 2)} in story waits for the tasks of its nursery",
            f"  {line_of(waits, 1)} in waits waits for Event.wait",
            f"  {line_of(Silent.serve, 1)} in serve of node B waits for Event.wait",
            f"  a task of the story's waits for the answer of node B to {wish}",
        ]
    )


async def checkpoints(world: World) -> None:
    """Never waits."""
    while True:
        await trio.lowlevel.checkpoint()


async def shielded(world: World) -> None:
    """Cannot be cancelled, either."""
    while True:
        await trio.lowlevel.cancel_shielded_checkpoint()


async def looks(world: World) -> None:
    """Waits for a time that does not come while it looks."""
    while trio.current_time() < 5:
        pass


async def restarts(world: World) -> None:
    """Does one thing after the other."""
    while True:
        world.restart("A")


@pytest.mark.parametrize("loop", [checkpoints, shielded, looks, restarts])
def test_a_loop_in_which_no_time_passes_is_ended(loop: Callable[[World], Awaitable[None]]) -> None:
    """It would run for ever: the line of the loop is named."""

    async def story(world: World) -> None:
        world.start("A")
        await trio.sleep(1)
        await loop(world)

    text = failed(play(story), Standstill)
    assert text.startswith("time stands still at 00:00:01.000: ")
    assert f"{HERE}:{loop.__code__.co_firstlineno + (2 if loop is looks else 3)}" in text


def test_a_program_in_whose_loop_no_time_passes_is_ended() -> None:
    """A sleep of no time is no sleep; the program, its line and its node are named."""

    class Busy(Register):
        async def run(self, member: Any) -> None:
            while True:
                await member.sleep(0)

    async def story(world: World) -> None:
        world.start("A", Busy)
        await trio.sleep(1)

    text = failed(play(story), Standstill)
    assert f"{line_of(Busy.run, 2)} in run of node A" in text


def test_virtual_time_has_a_budget() -> None:
    """A story that sleeps and sleeps is inconclusive after a thousand years, or what it was given."""

    async def story(world: World) -> None:
        world.start("A")
        for _ in range(1_000):
            await trio.sleep(100 * 86_400)

    outcome = play(story, years=2)
    assert outcome.verdict == INCONCLUSIVE
    assert isinstance(outcome.failure, OutOfBudget)
    assert str(outcome.failure).startswith("the run took 2 years of virtual time and was not finished")


# ---- what a verb is given ----


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda world: world.when("Voted", Crash("")), "kind is 'Voted': give the class itself"),
        (lambda world: world.split("AB", "BC"), "split names B twice: a node is in one group at most"),
    ],
    ids=["a name for a kind", "a node in two groups"],
)
def test_a_wrong_argument_of_a_verb_is_named(wrong: Callable[[World], object], says: str) -> None:
    """A mistake of the story, with the value and the remedy."""

    async def story(world: World) -> None:
        world.start("ABC")
        wrong(world)

    outcome = play(story)
    assert (outcome.verdict, says in str(outcome.failure)) == (MISTAKE, True), outcome.failure


def test_a_field_that_a_note_has_not_is_named() -> None:
    """And not waited for in vain."""

    async def story(world: World) -> None:
        world.start("ABC")
        await world.seen(Voted, nod="A")

    outcome = play(story)
    assert (outcome.verdict, str(outcome.failure)) == (
        MISTAKE,
        "Voted has no field 'nod': its fields are term, candidate",
    )


def test_an_apply_that_gives_no_pair_is_the_applications_mistake() -> None:
    """The text says what it gave, and what is wanted."""

    class Forgetful(Adder):
        def apply(self, state: Any, command: Any, index: int) -> Any:
            return None

    async def story(world: World) -> None:
        world.start("A", Forgetful)
        await world.elected()
        await member_of(world, "A").propose(Add(1))

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert str(outcome.failure) == "Forgetful.apply returned None: return a pair, the new state and the answer"
