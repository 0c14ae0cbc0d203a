"""Names and words that are meant to break what shows them: real stories, played by the tests of pages, exports and screens."""

from pathlib import Path

NAMES: dict[str, tuple[str, ...]] = {
    "markup": ("Shop'&amp;x", "</script><img src=x onerror=alert(1)><!--", "a'b</b", "bu.ck", "</script>\"'"),
    "direction": ("שלום \u05d0", "\u202e\u2066evil\u200b", "שלום", "bkt", "\u202egnol \u2067x"),
    "prototype": ("constructor", "__proto__", "__proto__", "tostring", "hasOwnProperty"),
    "prototype2": ("__proto__", "constructor", "constructor", "valueof", "__proto__"),
    "controls": ("42", "\x1b[2Jgone\n\rnew\tline\x07", "7", "111", "\x1b[31mred\x1b]0;title\x07\x9b31m \u2028 \ud800"),
    "long": ("d" * 200, "t" * 10_000, "/".join(["f" * 150] * 4), "b" * 63, "w" * 10_000),
}
"""By what they are: a database, a task, a folder, a bucket, and the words of an assertion that fails."""
STORY = """
import trio

from scenarios import World
from scenarios.backups import AmazonS3, LocalFolder, backups

DATABASE, TASK, FOLDER, BUCKET, WORDS = {names}


async def story(world: World) -> None:
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database(DATABASE, replication_factor=3)
    await shop.put({{"constructor": {{"__proto__": {{"<b>": "</script>"}}}}}})
    to = (LocalFolder(FOLDER), AmazonS3(BUCKET, remote_folder=FOLDER))
    hourly = await shop.define(full="0 0 * * *", incremental="*/5 * * * *", mentor="B", name=TASK, to=to)
    await hourly.ran(within=7200)
    world.crash("B")
    await trio.sleep(900)
    world.restart("B")
    await trio.sleep(30)
    assert not WORDS, WORDS
"""


def written(kind: str, folder: Path) -> str:
    """The path of a story with names of that kind, whose first line and whose last words are such words too."""
    path = folder / f"{kind}.py"
    words = ascii(NAMES[kind][-1])[1:-1].replace('"', '\\"')
    path.write_text(f'"""{words}: a story."""\n{STORY.format(names=ascii(NAMES[kind]))}', encoding="utf-8")
    return str(path)
