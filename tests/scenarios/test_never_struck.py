"""What a run says at its end of faults that never struck: a mistyped place looks like a cluster that endures everything."""

import json
from pathlib import Path

import pytest
import trio

from cluster.sim.run import HELD, play
from cluster.sim.world import World
from cluster.steps import Crash, Disturb, Fault
from cluster.time_units import hours
from cluster.trace import Crashed, Note
from scenarios.backups import (
    FOLDER,
    AmazonS3,
    BackupFailed,
    BackupFinished,
    Cutting,
    Disconnected,
    Full,
    LocalFolder,
    Losing,
    ReadOnly,
    Refusing,
    Slow,
    Trouble,
    Well,
    backups,
)
from scenarios.cli import main

BUCKET = AmazonS3("nightly")
ELSEWHERE = "s3://weekly"


def said(*troubles: Trouble | Well, node: str = "B") -> tuple[str, ...]:
    """What never struck of these troubles of B, in a night in which it backs up to a folder and a bucket."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(LocalFolder(FOLDER), BUCKET))
        await task.ran()
        for trouble in troubles:
            world.disturb(node, trouble)
        await shop.put({"orders/1": {}})
        await trio.sleep(hours(2))
        world.mend()

    outcome = play(story)
    assert outcome.verdict == HELD, outcome.failure
    return outcome.never_struck


@pytest.mark.parametrize("kind", [Full, Refusing, ReadOnly, Cutting, Losing, Disconnected])
def test_a_trouble_of_a_place_that_nobody_has_is_told(kind: type) -> None:
    """`backup` where the task's folder is `backups`: with the places that the node has used."""
    (text,) = said(kind("backup"))
    assert text == f"{kind('backup').says('B')}; B has used only {FOLDER}, {BUCKET.address}"


@pytest.mark.parametrize(
    "trouble", [Full(FOLDER), Refusing(FOLDER), ReadOnly(FOLDER), Slow(FOLDER, 2), Slow(BUCKET.address, 2)]
)
def test_a_trouble_that_strikes_is_not(trouble: Trouble) -> None:
    """Each kind, of a folder and of the way to a bucket."""
    assert said(trouble) == ()


def test_slowness_of_a_place_that_nobody_has_is_told() -> None:
    """Slowness breaks nothing, so that only this line tells."""
    assert said(Slow("backup", 3)) == (f"backup of B is 3 times slower; B has used only {FOLDER}, {BUCKET.address}",)


def test_a_trouble_of_a_cloud_that_nobody_uses_is_told() -> None:
    """With what all nodes have used, as a cloud is everybody's."""
    assert said(Full(ELSEWHERE)) == (f"{ELSEWHERE} is full; the cluster has used only {FOLDER}, {BUCKET.address}",)


def test_the_way_of_another_node_is_told() -> None:
    """C uses no place: only B is in the group."""
    assert said(Disconnected(BUCKET.address), node="C") == (
        f"the connection from C to {BUCKET.address} is lost; C has used no place",
    )


def test_an_end_of_troubles_where_none_were_is_told() -> None:
    """The trouble goes on, and its end has another name."""
    assert said(Full(FOLDER), Well("backup")) == ("backup of B is well again; no fault was given there",)
    assert said(Full(FOLDER), Well("./backups")) == (f"{FOLDER} of B is full; nothing that was done there met it",)


def test_a_trouble_that_ends_before_anybody_came_is_told() -> None:
    """The place is right, and the time is not."""
    assert said(Full(FOLDER), Well(FOLDER)) == (f"{FOLDER} of B is full; nothing that was done there met it",)


def test_the_same_trouble_again_is_no_other() -> None:
    """It has struck, if it once did."""
    assert said(Full(FOLDER), Well(FOLDER), Full(FOLDER)) == ()


@pytest.mark.parametrize(
    ("kind", "fault", "node", "count", "mended", "why"),
    [
        (BackupFailed, Crash("B"), "", 1, False, "at the first BackupFailed: crash B; no such event came"),
        (
            BackupFinished,
            Crash(""),
            "C",
            1,
            False,
            "at the first BackupFinished at C: crash its node; no such event came",
        ),
        (BackupFinished, Crash(""), "", 9, False, "at the 9th BackupFinished: crash its node; only 2 came"),
        (Crashed, Crash("C"), "", 1, True, "at the first Crashed: crash C; no such event came before all was mended"),
        (
            BackupFinished,
            Disturb("", Full("no")),
            "",
            1,
            False,
            f"no of B is full; B has used only {FOLDER}",
        ),
        (BackupFinished, Crash(""), "", 2, False, ""),
    ],
)
def test_a_fault_that_waits_in_vain_is_told(
    kind: type[Note], fault: Fault, node: str, count: int, mended: bool, why: str
) -> None:
    """With how many of its events came; of one that strikes, what it did is told if that struck nothing."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="B")
        world.when(kind, fault, node, count)
        if mended:
            world.mend()
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *")
        await task.ran()
        await shop.put({"orders/1": {}})
        await trio.sleep(hours(2))
        if mended:
            world.crash("C")

    outcome = play(story)
    assert outcome.verdict == HELD, outcome.failure
    assert outcome.never_struck == ((why,) if why else ())


STORY = '''"""Three mistyped places and one more."""

import trio

from scenarios import World, hours
from scenarios.backups import Full, Slow, backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", members="B")
    await shop.define(full="0 0 * * *", incremental="0 * * * *")
    for number in range(4):
        world.disturb("B", Full(f"backup{number}"))
    await trio.sleep(hours(1))
'''


def test_the_screen_shows_three_and_the_object_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it is with excuses."""
    path = tmp_path / "mistyped.py"
    path.write_text(STORY)
    assert main(["run", str(path), "-q"]) == 0
    shown = [line for line in capsys.readouterr().out.splitlines() if "never struck" in line]
    assert shown == [
        *[f"  never struck: backup{number} of B is full; B has used only backups" for number in range(3)],
        "  never struck: 1 more",
    ]
    assert main(["run", str(path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["never_struck"]) == 4
