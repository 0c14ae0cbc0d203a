"""Every verb of a story says in one sentence what is wrong with what it was given, at the line of the story."""

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio

from backup.destinations.faults import Full, Slow
from backup.destinations.setting_checks import WrongSettings
from backup.record.encryption_keys import Encryption, EncryptionMode
from backup.record.task import Task as Definition
from backup.record.task_commands import DefineTask
from backup.requests.backup_requests import ShowBackups
from cluster import steps
from cluster.argument_kinds import kind_of, problem
from cluster.member import Refused
from cluster.sim.errors import Misuse, NotAwaited
from cluster.sim.run import HELD, MISTAKE, play
from cluster.sim.world import Cluster, World
from cluster.steps import Crash, Gust
from cluster.trace import Note, Voted
from scenarios import minutes
from scenarios.backups import AmazonS3, Ftp, Kind, LocalFolder, backups
from scenarios.backups.client import Client
from scenarios.backups.database import Database
from scenarios.backups.replica import Replica
from scenarios.backups.server_wide import ServerWide
from scenarios.backups.task import Task
from scenarios.cli import main
from scenarios.meant_names import hint

VALUES: tuple[Any, ...] = (
    None,
    7,
    1.5,
    float("nan"),
    "Fancy",
    b"x",
    [7],
    (None,),
    {7: 7},
    {"a": 7},
    Crash,
    Crash("A"),
    World,
)
"""What a beginner may give: each is wrong for most parameters, and for each parameter several are."""
HANDLES: tuple[type, ...] = (World, Cluster, Client, Database, Task, ServerWide, Replica)


def verbs() -> Iterator[tuple[type, str, inspect.Signature]]:
    """Every public verb of every handle."""
    for handle in HANDLES:
        for name, member in vars(handle).items():
            if inspect.isfunction(member) and not name.startswith("_"):
                yield handle, name, inspect.signature(member)


def wrong_calls(
    signature: inspect.Signature, space: dict[str, Any]
) -> Iterator[tuple[str, Any, tuple[Any, ...], dict[str, Any]]]:
    """Each parameter with each value that it does not admit; the others have something that fits."""
    parameters = list(signature.parameters.values())[1:]
    for wrong in parameters:
        for each in VALUES:
            if kind_of(of_parameter(wrong, space)).fits(each):
                continue
            if wrong.kind is wrong.VAR_POSITIONAL:
                yield wrong.name, each, (each,), {}
            elif wrong.kind is wrong.VAR_KEYWORD:
                yield "Orders", each, (), {"Orders": each}
            else:
                others = {
                    other.name: sample(of_parameter(other, space))
                    for other in parameters
                    if needs(other) and other is not wrong
                }
                yield wrong.name, each, (), {**others, wrong.name: each}


def of_parameter(parameter: inspect.Parameter, space: dict[str, Any]) -> object:
    """Its annotation; one in quotes is read where its class stands."""
    annotation: object = parameter.annotation
    return space.get(annotation, Any) if isinstance(annotation, str) else annotation


def needs(parameter: inspect.Parameter) -> bool:
    """Whether a call must give it."""
    return parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD


def sample(annotation: object) -> Any:
    """Something of the right kind."""
    samples: tuple[Any, ...] = (
        "A",
        1,
        1.0,
        True,
        {"orders/1": {}},
        Voted,
        Crash("A"),
        lambda: True,
        ShowBackups("Shop"),
        b"x",
        (),
        LocalFolder("x"),
        Database(cast("Client", SimpleNamespace(world=None)), "Far"),
    )
    return next((each for each in samples if kind_of(annotation).fits(each)), None)


async def handles_of(world: World) -> dict[type, Any]:
    """One of each, ready to be asked."""
    client = backups(world)
    cluster = client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", replication_factor=3)
    far = await client.create_database("Far")
    task = await shop.define(full="0 * * * *")
    everywhere = await client.define_server_wide(full="0 0 * * *")
    replica = await shop.define_replication(far)
    return {
        World: world,
        Cluster: cluster,
        Client: client,
        Database: shop,
        Task: task,
        ServerWide: everywhere,
        Replica: replica,
    }


def test_every_parameter_of_every_verb_is_checked() -> None:
    """A wrong kind is a Misuse that names the verb, the parameter and the remedy, and nothing of the call happens."""
    silent: list[str] = []
    tried = 0

    async def story(world: World) -> None:
        nonlocal tried
        found = await handles_of(world)
        before = len(world.history)
        for handle, name, signature in verbs():
            space = vars(inspect.getmodule(handle))
            for parameter, value, given, named in wrong_calls(signature, space):
                tried += 1
                call = f"{handle.__name__}.{name}({parameter}={value!r})"
                try:
                    answer: Any = getattr(found[handle], name)(*given, **named)
                    if inspect.isawaitable(answer):
                        await answer
                    else:
                        with answer:
                            pass
                except Misuse as error:
                    if not re.match(rf"{name}: {parameter} is .+: give .+", str(error), re.S):
                        silent.append(f"{call} says {error}")
                except Exception as error:
                    silent.append(f"{call} raises {error!r}")
                else:
                    silent.append(f"{call} is taken")
        assert len(world.history) == before, "nothing happened"

    assert play(story).verdict == HELD
    assert silent == []
    assert tried > 800


def test_only_what_no_annotation_tells_is_unchecked() -> None:
    """A parameter that admits anything is an object, a request, or the values of a query."""
    loose = {
        f"{handle.__name__}.{name}.{parameter.name}"
        for handle, name, signature in verbs()
        for parameter in list(signature.parameters.values())[1:]
        if kind_of(of_parameter(parameter, vars(inspect.getmodule(handle)))).wanted == "anything"
    }
    assert loose == {
        "World.disturb.trouble",
        "World.ask.request",
        "World.seen.fields",
        "Cluster.ask.request",
        "Client.shop.group",
        "ServerWide.edit.changes",
        "Database.put_compare_exchange.data",
        "Database.query.where",
        "Task.edit.changes",
    }


Wrong = Callable[[Any, Any, Any], Any]
SAID: dict[str, tuple[Wrong, str]] = {
    "put": (
        lambda world, shop, task: shop.put("a/1", {}),
        "put: objects is 'a/1': give a mapping of text to a mapping",
    ),
    "kind": (
        lambda world, shop, task: shop.define(full="0 0 * * *", kind="Fancy"),
        "define: kind is 'Fancy': give Kind.BACKUP or Kind.SNAPSHOT",
    ),
    "one place": (
        lambda world, shop, task: shop.define(full="0 0 * * *", to=LocalFolder("x")),
        "define: to is LocalFolder(path='x', disabled=False, script=None): give it in a list, with `[` and `]` around it",
    ),
    "a class of places": (
        lambda world, shop, task: shop.define(full="0 0 * * *", to=LocalFolder),
        "define: to is the class LocalFolder: give a list of LocalFolder(…) or",
    ),
    "a secret": (
        lambda world, shop, task: shop.define(full="0 0 * * *", encryption="hush"),
        "define: encryption is a str that is not shown: give Encryption(…) or None",
    ),
    "a name": (
        lambda world, shop, task: world.elected(withn=2),
        "elected: got an unexpected keyword argument 'withn'. Did you mean within? its parameters are within, other_than",
    ),
    "nothing": (
        lambda world, shop, task: world.crash(),
        "crash: missing a required argument: 'node': its parameters are node",
    ),
    "text for a number": (
        lambda world, shop, task: world.elected(within="2"),
        "elected: within is '2': give seconds, as in 90",
    ),
    "less than no time": (
        lambda world, shop, task: world.elected(within=-1),
        "elected: within is -1: give seconds, 0 or more",
    ),
    "a class of faults": (
        lambda world, shop, task: world.when(Voted, Crash),
        "when: fault is the class Crash: give Crash(…) or Stop(…) or Restart(…) or another of its kind; Crash is a class: put "
        "its values in brackets behind it",
    ),
    "a fault for a gust": (
        lambda world, shop, task: world.suffer([Crash("A")]),
        "suffer: weather is [Crash(node='A')]: give a list of Gust(…)",
    ),
    "a gust by itself": (
        lambda world, shop, task: world.suffer(Gust(0, Crash("A"))),
        "suffer: weather is Gust(after=0, fault=Crash(node='A')): give it in a list, with `[` and `]` around it",
    ),
    "a gust out of time": (
        lambda world, shop, task: world.suffer((Gust(-1, Crash("A")),)),
        "Gust(after=-1, fault=Crash(node='A')): `after` is a duration: give 0 s or more",
    ),
    "a wire": (
        lambda world, shop, task: world.rewire(los=0.1),
        "rewire: got an unexpected keyword argument 'los'. Did you mean loss?",
    ),
    "a name for a kind": (
        lambda world, shop, task: world.seen("Voted"),
        "seen: kind is 'Voted': give the class itself, one of Note",
    ),
    "no function": (
        lambda world, shop, task: world.until(True),
        "until: true is True: give a function, as in `lambda: …`",
    ),
    "one group": (
        lambda world, shop, task: world.split("ABC"),
        "split: ('ABC',) parts nobody: name two groups or more",
    ),
    "no cluster": (lambda world, shop, task: world.reconfigure(""), "a cluster has one voter at least"),
    "no zone": (
        lambda world, shop, task: world.zone("A", "Mars/Base"),
        "there is no such IANA time zone: give one such as",
    ),
    "no step": (lambda world, shop, task: world.do("crash"), "the step is 'crash': give Crash(…) or"),
    "a step of a wrong kind": (
        lambda world, shop, task: world.do(Crash(7)),  # type: ignore[arg-type]
        "Crash(node=7): node is 7: give text",
    ),
    "an address": (
        lambda world, shop, task: world.ask("A", object()),
        "Ask(node='A', request=<object object>): a request is an attrs or a dataclass value",
    ),
    "no documents": (lambda world, shop, task: shop.fill(-1), "fill: count is -1: give 0 or more documents"),
    "no JSON": (
        lambda world, shop, task: shop.put_compare_exchange("k", object()),
        "put_compare_exchange: <object object> has no JSON form",
    ),
    "no runs": (lambda world, shop, task: task.ran(times=0), "ran: times is 0: wait for 1 run at least"),
    "no field": (lambda world, shop, task: task.edit(ful="x"), "edit: a task has no field 'ful'. Did you mean full?"),
    "a span for retention": (
        lambda world, shop, task: task.edit(retention=172_800.0),
        "edit: retention is 172800.0: give how long backups are kept as keep=",
    ),
    "an hour that no day has": (
        lambda world, shop, task: world.at("25:00"),
        "at: '25:00' is no time of day: give one before '24:00', or '1d 01:00:00.000'",
    ),
    "a count in text": (
        lambda world, shop, task: minutes("3"),  # type: ignore[arg-type]
        "minutes: count is '3': give a number, as in minutes(3)",
    ),
    "no node": (lambda world, shop, task: task.files("Z"), "there is no node 'Z'; nodes are A, B, C"),
}


@pytest.mark.parametrize(("wrong", "says"), SAID.values(), ids=SAID)
def test_what_a_beginner_writes_is_answered(wrong: Wrong, says: str) -> None:
    """In one sentence, as a mistake of the story."""

    async def story(world: World) -> None:
        found = await handles_of(world)
        answer = wrong(world, found[Database], found[Task])
        if inspect.isawaitable(answer):
            await answer

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert says in str(outcome.failure)
    assert "\n" not in str(outcome.failure)


def test_the_command_names_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the story, not one of ours; exit code 64."""
    path = tmp_path / "mine.py"
    path.write_text("async def story(world):\n    world.start('ABC')\n    await world.elected(within='2')\n")

    assert main(["run", str(path), "-q"]) == 64
    assert capsys.readouterr().err.startswith(f"unkindness: {path}:3: elected: within is '2': give seconds, as in 90")


# ---- settings, and requests made by hand ----


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: AmazonS3(bucket=7), "AmazonS3: bucket is 7: give text"),  # type: ignore[arg-type]
        (lambda: AmazonS3("b", disabled="no"), "AmazonS3: disabled is 'no': give True or False"),  # type: ignore[arg-type]
        (lambda: AmazonS3("b", secret_key=b"hush"), "AmazonS3: secret_key is a bytes that is not shown: give text"),  # type: ignore[arg-type]
        (lambda: Ftp(url=None), "Ftp: url is None: give text"),  # type: ignore[arg-type]
        (lambda: LocalFolder(Path("x")), "LocalFolder: path is PosixPath('x'): give text"),  # type: ignore[arg-type]
        (lambda: Full(7), "Full: path is 7: give text"),  # type: ignore[arg-type]
        (lambda: Slow("x", "fast"), "Slow: factor is 'fast': give a whole number"),  # type: ignore[arg-type]
    ],
)
def test_settings_of_a_wrong_kind_are_refused_where_they_are_made(make: Callable[[], Any], says: str) -> None:
    """A secret is not shown."""
    with pytest.raises(WrongSettings) as raised:
        make()
    assert str(raised.value) == says


def test_a_request_of_a_wrong_kind_is_refused_by_the_node() -> None:
    """Whatever it holds: the node goes on, and nothing of it reaches the log."""

    async def story(world: World) -> None:
        await handles_of(world)
        for wrong, says in (
            (Definition(full=7), "full is 7: give text"),  # type: ignore[arg-type]
            (Definition(full="0 0 * * *", encryption=Encryption("x")), "mode is 'x': give EncryptionMode"),  # type: ignore[arg-type]
            (Definition(full="0 0 * * *", destinations=LocalFolder("x")), "give it in a list"),  # type: ignore[arg-type]
        ):
            with pytest.raises(Refused, match=re.escape(says)):
                await world.ask("A", DefineTask("Shop", wrong))
        await world.ask("A", DefineTask("Shop", Definition(full="0 0 * * *", destinations=(LocalFolder("x"),))))

    assert play(story).verdict == HELD


# ---- what was forgotten, and something else failed of it first ----


async def elects(world: World) -> str:
    """A function of the story's own."""
    return await world.elected()


USES: dict[str, Callable[[World, Any], Any]] = {
    "an attribute": lambda world, forgotten: forgotten.upper(),
    "a node": lambda world, forgotten: world[forgotten],
    "a verb": lambda world, forgotten: world.crash(forgotten),
    "a number": lambda world, forgotten: forgotten + "x",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("call", [World.elected, elects], ids=["a verb", "a function of the story"])
def test_a_forgotten_await_is_named_before_what_came_of_it(
    use: Callable[[World, Any], Any], call: Callable[[World], Awaitable[str]]
) -> None:
    """At the line where it was forgotten."""

    async def story(world: World) -> None:
        world.start("ABC")
        leader = call(world)
        use(world, leader)
        await trio.sleep(1)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, NotAwaited)
    line = story.__code__.co_firstlineno + 2
    assert (
        str(outcome.failure) == f"{__file__}:{line}: `{call.__name__}` was never awaited: write `await` before the call"
    )


def test_a_wait_that_is_kept_for_later_is_not_forgotten() -> None:
    """What fails meanwhile has nothing to do with it, and is told as what it is."""

    async def story(world: World) -> None:
        world.start("ABC")
        later = world.elected()
        try:
            assert world["A"].leader, "nobody leads yet"
        finally:
            await later

    assert str(play(story).failure).startswith("nobody leads yet")


# ---- the kinds ----


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (int, (0, -1), (True, 1.0, "1")),
        (float, (0, 1.5, float("inf")), (float("nan"), True, "1")),
        (bool, (True,), (1, None)),
        (str | None, ("", None), (b"", 1)),
        (tuple[str, ...], ((), ("a",), ["a"]), ("a", {"a"}, (1,))),
        (typing.Iterable[str], ("ab", ["a"], {"a"}, iter([1])), (b"ab", 1, [1])),
        (typing.Mapping[str, int], ({}, {"a": 1}), ({1: 1}, {"a": "b"}, [])),
        (Callable[[int], int], (len, int), (1, "len")),
        (type[Note], (Voted,), ("Voted", Crash, Voted(1, "A"))),
        (Kind, (Kind.BACKUP,), ("Backup", None)),
        (steps.Fault, (Crash("A"),), (Crash, "A", steps.Mend())),
        (EncryptionMode | None, (None, EncryptionMode.NONE), ("None",)),
        (Any, (1, None), ()),
        (typing.TypeVar("T"), (1,), ()),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else str(value),  # the text of an iterator holds its address
)
def test_what_a_kind_admits(annotation: object, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    """And what it does not; the text names the value and the remedy."""
    assert [each for each in good if problem("it", each, annotation)] == []
    for each in bad:
        assert re.match(r"it is .+: give .+", problem("it", each, annotation))


def test_a_member_of_an_enumeration_is_found_in_any_spelling() -> None:
    """`UseProvidedKey`, as RavenDB spells it, is `USE_PROVIDED_KEY`."""
    with pytest.raises(AttributeError) as error:
        EncryptionMode.UseProvidedKey  # type: ignore[attr-defined]  # noqa: B018
    assert hint(error.value) == ". Did you mean USE_PROVIDED_KEY?"


def test_a_timedelta_where_python_wants_seconds_is_explained() -> None:
    """`trio.sleep(timedelta(hours=1))`: what to give instead."""
    with pytest.raises(TypeError) as error:
        timedelta(hours=1) + 1.0  # type: ignore[operator]
    assert "give `.total_seconds()` of it" in hint(error.value)


def test_a_story_with_its_seed_behind_it_is_answered_with_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    """STORY@SEED names a run elsewhere; `run` takes `--seed`."""
    assert main(["run", "storm@6"]) == 64
    assert "To play storm with that seed, write `storm --seed 6`." in capsys.readouterr().err
