"""Every kind of destination says all that the rest of the house asks of it; a new one is asked the same."""

import os
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from backup.destinations.port import DestinationError
from backup.destinations.registry import KINDS, REMOTE, examples, in_order, kind_of, settings_at
from backup.destinations.settings import DestinationSettings, Script, in_files, json_fields, secret_fields
from backup.destinations.settings_script import ScriptFailed, given
from backup.destinations.world_destinations import WorldDestinations
from backup.node.service import WORDS
from backup.record.task import Task
from backup.record.task_commands import DefineTask
from backup.record.task_json import LeftOut, task_json, tasks_of
from backup.requests.restore_requests import secrets_of
from cluster.wire import Codec
from tests.ports.clouds import SERVED
from tests.ports.samples import SAMPLES as SECRETS

README = Path(__file__).parents[2] / "backup" / "destinations" / "README.md"
TABLE = re.compile(
    r"(?<=<!-- destinations: made of backup/destinations/registry.py by `make golden` -->\n).*(?=<!-- end)", re.S
)
SAMPLES = {str: "{}-of-ours", int: 2_121, bool: True}
"""A content for a field of each type; what no sample is for, no JSON holds."""

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def filled(kind: type[DestinationSettings], **others: Any) -> Any:
    """Settings of a kind with something in every field that has a name in JSON."""
    made: Any = kind
    contents = {field.name: SAMPLES[field.type] for field in json_fields(kind).values() if field.type}
    texts = {
        name: SECRETS.get(name, text.format(name)) if isinstance(text, str) else text for name, text in contents.items()
    }
    return made(**texts, **others)


@each_kind
def test_a_kind_names_every_field(kind: type[DestinationSettings]) -> None:
    """All but the two that every kind has, in RavenDB's way, no two alike; one of them is its key field."""
    every: Any = kind
    fields = attrs.fields(every)
    named = [field.name for field in json_fields(kind).values()]
    assert [*named, "disabled", "script"] == [field.name for field in fields]
    assert kind.key_field in named
    assert all(re.fullmatch(r"([A-Z][A-Za-z0-9]*)+", name) for name in json_fields(kind))


@pytest.mark.parametrize("what", ["json_name", "word", "allowed_as", "scheme", "example", "__name__"])
def test_no_two_kinds_are_called_alike(what: str) -> None:
    """Each has every name, and none has another's."""
    names = [getattr(kind, what) for kind in KINDS]
    assert len(set(names)) == len(KINDS)
    schemes = [scheme for kind in REMOTE for scheme in (kind.scheme, *kind.other_schemes)]
    assert len(set(schemes)) == len(schemes)


@each_kind
def test_a_kind_comes_back_from_its_json(kind: type[DestinationSettings]) -> None:
    """All but its secrets and what goes with them, on or off."""
    whole = filled(kind)
    kept = [field.name for field in json_fields(kind).values() if in_files(field)]
    for settings in (whole, whole.changed(disabled=True)):
        found: Any = kind.from_json(settings.as_json())
        assert {name: getattr(found, name) for name in kept} == {name: getattr(settings, name) for name in kept}
        assert found.disabled is settings.disabled
        assert not found.secrets
    with pytest.raises(KeyError):
        kind.from_json({})


@each_kind
def test_a_task_comes_back_unless_a_secret_lacks(kind: type[DestinationSettings]) -> None:
    """Rule 18.4: what needs a secret is to be defined again, by the name that the file gives it."""
    task = Task(full="0 0 * * *", destinations=(filled(kind),), name="nightly")
    (found,) = tasks_of({"PeriodicBackups": [task_json(task)]})
    if secret_fields(kind):
        assert found == LeftOut("nightly", f"no file holds the secrets of its {kind.json_name}: define it again")
    else:
        assert found == task


@each_kind
def test_no_secret_of_a_kind_is_shown(kind: type[DestinationSettings]) -> None:
    """Not by its `repr`, its address or its JSON; whoever watches knows all of them from the request that brings it."""
    whole = filled(kind)
    hidden = [getattr(whole, field.name) for field in secret_fields(kind)]
    shown = f"{whole!r} {whole.address} {whole.as_json()} {Task(destinations=(whole,))!r}"
    assert [secret for secret in hidden if secret in shown] == []
    assert list(whole.secrets) == hidden == secrets_of(DefineTask("Shop", Task(destinations=(whole,))))


@each_kind
def test_a_kind_travels(kind: type[DestinationSettings]) -> None:
    """Between nodes, secrets and all."""
    codec = Codec(WORDS)
    whole = filled(kind, script=Script("/bin/keys"))
    assert codec.decode(codec.encode(whole)) == whole


@each_kind
def test_a_script_may_give_every_field(kind: type[DestinationSettings], tmp_path: Path) -> None:
    """Rule 12.1: by RavenDB's names; without the key field there is nothing to go to."""
    whole = filled(kind)
    program = tmp_path / "block.py"
    printed = {name: getattr(whole, field.name) for name, field in json_fields(kind).items()}
    program.write_text(f"import json; print(json.dumps({printed!r}))")
    made: Any = kind
    empty = made("", script=Script("python3", str(program)))
    assert given(empty) == whole
    program.write_text("print('{}')")
    with pytest.raises(ScriptFailed, match=f"let it print the {kind.word} block with its"):
        given(empty)


@each_kind
def test_an_address_leads_to_its_kind(kind: type[DestinationSettings]) -> None:
    """By its scheme; nothing in it is lost, and a folder further in is below it."""
    settings = kind.of_address(kind.example)
    assert kind_of(settings.address) is kind
    assert settings.address == kind.example
    assert settings.subfolder("Shop").address == f"{settings.address}/Shop"
    assert settings.usable
    assert not settings.changed(**{kind.key_field: ""}).usable


@pytest.mark.parametrize("kind", REMOTE, ids=lambda kind: kind.__name__)
def test_what_a_user_types_is_read_by_its_scheme(
    kind: type[DestinationSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 12.4: where a restore may read."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    for scheme in (kind.scheme, *kind.other_schemes):
        where = f"{scheme}://{kind.example.partition('://')[2]}"
        if kind.restores:
            assert settings_at(where) == kind.of_address(where)
            assert kind.example in examples(each for each in REMOTE if each.restores)
        else:
            with pytest.raises(ValueError, match=r"directly \(12\.4\): copy it into a folder"):
                settings_at(where)


def test_what_is_no_address_is_answered_with_all_that_are() -> None:
    """A scheme that no kind has, and a scheme with no name behind it."""
    for wrong in ("http://x", "s3://", "s3:///"):
        with pytest.raises(ValueError, match=f"{wrong} is no address of backups: write s3://bucket/folder, "):
            settings_at(wrong)
    with pytest.raises(ValueError, match="http://x is no address of a destination: write s3://bucket/folder, "):
        WorldDestinations().of_path("A", "http://x")


@each_kind
def test_a_simulated_place_does_what_its_kind_says(kind: type[DestinationSettings]) -> None:
    """Without a real server behind it."""
    where = kind.example
    place = WorldDestinations().of_path("A", where)
    assert place.gives_back is kind.gives_back
    place.start("folder/file").write(b"half")
    if kind.gives_back:
        assert bool(place.files("folder")) is kind.shows_progress
    else:
        assert not kind.restores
        assert not kind.retention_applies
        with pytest.raises(DestinationError):
            place.files("folder")


def test_the_order_is_that_of_the_registry() -> None:
    """Rule 6.2: however a task names them."""
    whole = [filled(kind) for kind in KINDS]
    assert in_order(reversed(whole)) == whole


def test_the_contract_is_tried_on_every_real_kind() -> None:
    """The local folder is; each other kind has a server of the tests' own (tests/ports/clouds.py)."""
    assert {kind for kind, _ in SERVED.values()} == set(REMOTE)


def table() -> str:
    """The destinations as the README shows them."""
    lines = ["| settings | address | real, by | a restore reads it directly | retention |", "|---|---|---|---|---|"]
    for kind in KINDS:
        cells = (
            f"`{kind.__name__}`",
            f"`{kind.example}`",
            kind.through,
            "yes" if kind.restores else "no (12.4)",
            "yes" if kind.retention_applies else "never (14.6)",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_readme_lists_every_kind() -> None:
    """`make golden` writes the table again."""
    text = README.read_text(encoding="utf-8")
    if os.environ.get("UNKINDNESS_RECORD") == "1":
        text = TABLE.sub(lambda found: table(), text)
        README.write_text(text, encoding="utf-8", newline="\n")
    found = TABLE.search(text)
    assert found is not None
    assert found[0] == table(), "look at both, then `make golden`"
