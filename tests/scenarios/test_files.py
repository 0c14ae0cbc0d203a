"""`unkindness restore-points` and `unkindness restore`, on the files that a run kept."""

import json
import shutil
from pathlib import Path

import pytest
import trio

from backup.destinations.world_destinations import TEMPORARY
from cluster.sim.run import play
from cluster.sim.world import World
from scenarios.backups import AmazonS3, BackupFailed, Full, LocalFolder, Well, backups
from scenarios.cli import BROKEN, DAMAGED, HELD, MISTAKE, main
from scenarios.inspect.restore_files import FilesError, instant_of_files, keys_in, places
from scenarios.sample_documents import documents_in
from tests.ports.clouds import Clouds
from tests.scenarios.test_secrets import key_of

Say = pytest.CaptureFixture[str]
REAL = Path(__file__).parents[1] / "backup" / "data"


@pytest.fixture(scope="module")
def friday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kept run of the story of that Friday."""
    out = tmp_path_factory.mktemp("friday")
    assert main(["run", "back_to_last_friday", "--out", str(out), "-q"]) == HELD
    return out


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A kept run with encrypted files, and the key file."""
    out = tmp_path_factory.mktemp("encrypted")
    assert main(["run", "the_key_is_lost", "--out", str(out), "-q"]) == HELD
    key_file = out / "envelope"
    key_file.write_text(f"{key_of('another').as_text()}\n{key_of('shop').as_text()}\n")
    return out, key_file


def rows(text: str) -> list[dict[str, object]]:
    """JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_points_are_listed_with_all_that_rule_17_11_names(friday: Path, capsys: Say) -> None:
    """As JSON lines, or for eyes."""
    capsys.readouterr()
    assert main(["restore-points", str(friday), "--json"]) == HELD
    found = rows(capsys.readouterr().out)
    assert all(row["restorable"] and row["database"] == "Shop" and row["node"] == "C" for row in found)
    first = next(row for row in found if str(row["at"]).startswith("2024-01-05T09:03"))
    assert (first["kind"], first["encrypted"], first["filesNeeded"]) == ("incremental", False, 3)
    assert main(["restore-points", str(friday)]) == HELD
    text = capsys.readouterr().out
    assert "files, whole" in text
    assert "2024-01-05 09:03:00  incremental" in text


def test_back_to_friday_from_the_command_line(friday: Path, tmp_path: Path, capsys: Say) -> None:
    """`--at` 9:03, into a file that another run may take as its data."""
    into = tmp_path / "friday.jsonl"
    capsys.readouterr()
    assert main(["restore", str(friday), "--at", "2024-01-05 09:03:30", "--into", str(into)]) == HELD
    assert capsys.readouterr().err.startswith(
        "unkindness: restored 32 documents from 3 files, the last 2024-01-05-09-03"
    )
    found = list(documents_in(into))
    assert [document.id for document in found[:2]] == ["customers/1", "customers/2"]
    assert {document.collection for document in found} == {"Customers", "Orders"}
    assert main(["restore", str(friday), "--at", "2024-01-05T10:04:00+01:00"]) == HELD
    assert len(capsys.readouterr().out.splitlines()) == 32, "an offset is honoured"
    assert main(["restore", str(friday)]) == HELD
    assert len(capsys.readouterr().out.splitlines()) == 2, "the newest, if nothing is asked for"
    assert main(["restore", str(friday), "--into", str(into)]) == MISTAKE
    assert "is there already: name a new file" in capsys.readouterr().err


def test_one_chain_up_to_a_file(friday: Path, capsys: Say) -> None:
    """By the name of the last file; one that is not there is refused with those that are."""
    chain = next(path for path in friday.rglob("2024-01-05*-backup") if path.is_dir())
    files = sorted(path.name for path in chain.iterdir())
    capsys.readouterr()
    assert main(["restore", str(chain), "--last-file", files[2]]) == HELD
    assert len(capsys.readouterr().out.splitlines()) == 32
    assert main(["restore", str(chain), "--last-file", "nope"]) == MISTAKE
    assert f"there is no file nope in {chain.name}: give one of {files[0]}, " in capsys.readouterr().err


def test_a_broken_chain_is_said_and_not_restored(friday: Path, tmp_path: Path, capsys: Say) -> None:
    """23: where it breaks, and up to where it restores; the exit code tells it too."""
    chain = next(path for path in friday.rglob("2024-01-05*-backup") if path.is_dir())
    copy = tmp_path / chain.name
    copy.mkdir()
    files = sorted(chain.iterdir())
    for path in files:
        if path != files[1]:
            (copy / path.name).write_bytes(path.read_bytes())
    (copy / f"{files[-1].name}.in-progress").write_bytes(b"")
    capsys.readouterr()
    assert main(["restore-points", str(tmp_path), "--json"]) == BROKEN
    found = rows(capsys.readouterr().out)
    assert [row.get("restorable") for row in found[:3]] == [True, False, False]
    assert f"which is not in {chain.name}: put that file back" in str(found[1]["problem"])
    assert found[-1]["problem"] == "it was never finished"
    assert main(["restore-points", str(tmp_path)]) == BROKEN
    assert "not whole" in capsys.readouterr().out
    into = tmp_path / "half.jsonl"
    assert main(["restore", str(copy), "--into", str(into)]) == DAMAGED
    assert [path.name for path in tmp_path.iterdir()] == [copy.name], "what was not restored leaves no file"


def test_encrypted_files_need_their_key(encrypted: tuple[Path, Path], tmp_path: Path, capsys: Say) -> None:
    """No key, another key, the key; and a key file that is none is never quoted."""
    out, key_file = encrypted
    capsys.readouterr()
    assert main(["restore", str(out), "--key-file", str(key_file)]) == HELD
    assert len(capsys.readouterr().out.splitlines()) == 201
    assert main(["restore-points", str(out), "--key-file", str(key_file)]) == HELD
    assert "full, encrypted, 200 documents" in capsys.readouterr().out
    assert main(["restore", str(out)]) == MISTAKE
    assert "is encrypted and no key was given" in capsys.readouterr().err
    assert main(["restore-points", str(out)]) == BROKEN
    capsys.readouterr()
    wrong = tmp_path / "wrong"
    wrong.write_text(key_of("another").as_text())
    assert main(["restore", str(out), "--key-file", str(wrong)]) == MISTAKE
    assert "does not open with this key" in capsys.readouterr().err
    wrong.write_text("hunter2hunter2")
    assert main(["restore", str(out), "--key-file", str(wrong)]) == MISTAKE
    assert "hunter2" not in capsys.readouterr().err


def test_ravendbs_own_chain(capsys: Say) -> None:
    """Read when it is allowed to be unsealed; what has no place is counted. Else both commands say which flag reads it."""
    chain = next(REAL.glob("*-backup"))
    assert main(["restore-points", str(chain)]) == BROKEN
    shown = capsys.readouterr().out
    assert shown.count("has no seal, as RavenDB writes its files") == shown.count("--unsealed") == 3
    assert "damaged" not in shown
    assert main(["restore-points", str(chain), "--unsealed"]) == HELD
    shown = capsys.readouterr().out
    assert "3 files, whole as far as can be told without a seal" in shown
    assert "full, 208 documents, without a seal" in shown
    assert main(["restore-points", str(chain), "--unsealed", "--json"]) == HELD
    assert [row["sealed"] for row in rows(capsys.readouterr().out)] == [False] * 3
    assert main(["restore", str(chain), "--unsealed"]) == HELD
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 206
    assert "left out" in printed.err
    assert main(["restore", str(chain)]) == MISTAKE
    assert "--unsealed" in capsys.readouterr().err
    assert main(["restore", str(chain), "--unsealed", "--at", "2026-11-23"]) == MISTAKE
    assert "name the last file instead of an instant" in capsys.readouterr().err


def test_a_cut_file_of_ravendb_is_damaged_with_the_flag_too(tmp_path: Path, capsys: Say) -> None:
    """What it lacks has nothing to do with the seal."""
    whole = next(REAL.glob("*-backup/*full-backup"))
    copy = tmp_path / whole.parent.name
    copy.mkdir()
    (copy / whole.name).write_bytes(whole.read_bytes()[:2500])
    for words in (["restore"], ["restore", "--unsealed"]):
        assert main([words[0], str(copy), *words[1:]]) == DAMAGED
        assert f"{whole.name} is damaged: it " in capsys.readouterr().err
    assert main(["restore-points", str(copy), "--unsealed"]) == BROKEN
    assert "NOT RESTORABLE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["restore", "nowhere"], "there is no folder nowhere"),
        (["restore-points", "."], "holds no folder of backups"),
        (["restore", "X", "--at", "tomorrow"], "'tomorrow' is no time: write"),
        (["restore", "X", "--key-file", "nowhere"], "key file nowhere cannot be read"),
    ],
)
def test_mistakes_are_said(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Say
) -> None:
    """In one line, with the remedy."""
    monkeypatch.chdir(tmp_path)
    assert main(words) == MISTAKE
    assert says in capsys.readouterr().err


def test_both_an_instant_and_a_file(friday: Path, capsys: Say) -> None:
    """One of them, not both; and a last file needs one chain."""
    assert main(["restore", str(friday), "--at", "2024-01-05", "--last-file", "x"]) == MISTAKE
    assert main(["restore", str(friday), "--last-file", "x"]) == MISTAKE
    assert "is no single chain" in capsys.readouterr().err
    assert main(["restore", str(friday), "--at", "2023-12-31"]) == MISTAKE
    assert "no backup of Shop had started at 2023-12-31" in capsys.readouterr().err


def test_what_is_only_being_built_is_no_place(tmp_path: Path) -> None:
    """A node that dies leaves its temporary folder (11.8): nothing in there is a backup of anybody."""
    kept, working = tmp_path / "backups" / "B" / "nightly", tmp_path / "backups" / "B" / TEMPORARY / "3"
    for folder in (kept, working):
        (folder / "2024-01-05-09-03-00.ravendb-Shop-B-backup").mkdir(parents=True)
    assert [place.name for place in places(tmp_path)] == [str(kept)]


def test_places_are_found_wherever_they_are(friday: Path) -> None:
    """From the run's folder, the place, or the chain."""
    (place,) = places(friday)
    folder = Path(place.name)
    assert [each.name for each in places(folder)] == [place.name]
    assert places(next(folder.iterdir()))[0].name == place.name
    assert instant_of_files("2024-01-01") == 0
    with pytest.raises(FilesError, match="is empty"):
        (friday / "empty").write_text("\n")
        keys_in(friday / "empty")


def test_files_of_a_real_cloud(clouds: Clouds, capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """12.4: an address instead of a folder; what gets in is in the environment, as the libraries have it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", clouds.amazon_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the secret key")
    block = clouds.s3_block(remote_folder="shop")

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC", clouds="real")
        await world.elected()
        shop = await client.create_database("Shop")
        await shop.put({"orders/1": {"freight": 1}})
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", to=(block,))
        await task.ran()
        await shop.put({"orders/2": {"freight": 2}})
        await task.ran()

    assert play(story, 1).failure is None
    where = f"s3://{block.bucket}/shop"
    assert main(["restore-points", where]) == HELD
    shown = capsys.readouterr().out
    assert f"{where}\n" in shown
    assert "2 files, whole" in shown
    (folder,) = block.open().folders()
    for asked in (where, f"{where}/{folder}"):
        assert main(["restore", asked]) == HELD
        assert [line["freight"] for line in map(json.loads, capsys.readouterr().out.splitlines())] == [1, 2]
    assert main(["restore", where, "--at", "2024-01-01 01:30"]) == HELD
    assert len(capsys.readouterr().out.splitlines()) == 1
    for asked, says in (
        ("ftp://files.example/x", "nothing is restored from ftp://files.example/x directly"),
        ("http://x", "is no address of backups: write s3://bucket/folder"),
        (f"{where}/nothing", "there is no backup of any database here"),
        ("s3://nosuchbucket", "see whether it can be reached"),
    ):
        assert main(["restore", asked]) == MISTAKE
        assert says in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("path", ["backups", "s3://vault/shop"])
def test_a_full_backup_that_fails_leaves_no_folder(path: str, tmp_path: Path, capsys: Say) -> None:
    """9.6c: nothing is left of it, in a folder or in a cloud; the next full is the first chain there."""
    to = AmazonS3("vault", remote_folder="shop") if "://" in path else LocalFolder(path)

    async def story(world: World) -> None:
        client = backups(world)
        client.start("A")
        await world.elected()
        shop = await client.create_database("Shop")
        await shop.fill(10)
        world.disturb("A", Full(path))
        task = await shop.define(full="0 * * * *", to=(to,))
        await world.seen(BackupFailed, within=7_200)
        await trio.sleep(60)
        assert not client.destinations.place("A", path).folders()
        world.disturb("A", Well(path))
        await task.ran(within=7_200)

    outcome = play(story, 1, places={"backups": str(tmp_path)})
    assert outcome.failure is None
    assert len(list(tmp_path.rglob("*.ravendb-Shop-A-backup"))) == 1
    assert main(["restore-points", str(tmp_path)]) == HELD
    assert "1 file, whole" in capsys.readouterr().out


def test_a_folder_in_which_no_backup_was_finished_is_no_broken_chain(friday: Path, tmp_path: Path, capsys: Say) -> None:
    """An empty one, or one with what a dead run left, is told, and the exit code is about the chains."""
    chain = next(path for path in friday.rglob("2024-01-05*-backup") if path.is_dir())
    shutil.copytree(chain, tmp_path / chain.name)
    (tmp_path / "2024-01-04-00-00-00.ravendb-Shop-C-backup").mkdir()
    dead = tmp_path / "2024-01-04-01-00-00.ravendb-Shop-C-backup"
    dead.mkdir()
    (dead / "2024-01-04-01-00-00.ravendb-full-backup.in-progress").write_bytes(b"half")
    capsys.readouterr()
    assert main(["restore-points", str(tmp_path)]) == HELD
    shown = capsys.readouterr().out
    assert shown.count("no finished backup: a run failed or died there, or its files were removed") == 2
    assert "full-backup.in-progress: never finished" in shown
    assert main(["restore", str(tmp_path)]) == HELD
    assert main(["restore", str(dead)]) == MISTAKE
    assert "holds no finished backup" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("azure://container/x", "give the account's name with its key or a SAS token, or AZURE_STORAGE_ACCOUNT_NAME"),
        ("gs://bucket/x", "credentials have no client_email; give the text of a service account"),
    ],
)
def test_a_cloud_that_nobody_can_get_in_to_is_the_users_mistake(
    where: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings that the library refuses are told with the address and the remedy, without a secret."""
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", '{"private_key": "hush"}')

    assert main(["restore-points", where]) == MISTAKE
    said = capsys.readouterr().err
    assert said.startswith(f"unkindness: {where}: ")
    assert says in said
    assert "hush" not in said
    assert len(said.splitlines()) == 1


def test_a_run_without_backups_counts_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no node has the service there is nothing to count; where it has, zeros are said."""
    assert main(["run", "split_vote", "-q"]) == HELD
    assert "backups:" not in capsys.readouterr().out
    assert main(["run", "from_a_task_to_a_file_and_back", "-q"]) == HELD
    assert "backups: " in capsys.readouterr().out
