"""Steps as kind and fields: the same from the value and from its text, and nothing that a text hides."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.destinations.faults import Full
from backup.destinations.local import LocalFolder
from backup.record.database_commands import CreateDatabase
from backup.record.encryption_keys import SIZE, Key
from backup.record.task import Task
from backup.record.task_commands import DefineTask
from backup.requests.document_requests import Attach, PutDocuments
from cluster import steps
from cluster.step_fields import NoStep, json_form, read_text
from cluster.trace import Happened, Stepped, as_fields
from scenarios.strategies import faults
from tests.sim.test_steps import SAYS


@dataclass
class Plain:
    """A request that is a dataclass, as an application may have them."""

    words: str
    number: float = -1.5
    more: tuple[Any, ...] = ()


REQUESTS = {
    "enum": DefineTask("Shop", Task("0 0 * * *", "", (LocalFolder("backups"),))),
    "key": CreateDatabase("Shop", key=Key(bytes(range(SIZE)))),
    "documents": PutDocuments.of("Shop", {"orders/1": {"of": "'>\"<"}}, "Orders"),
    "bytes": Attach("Shop", "orders/1", "ä>.pdf", b"signed"),
    "dataclass": Plain("it's \"<so>\\", more=(None, True, (1, -2.5e300), b"\x00'<", frozenset({1}), float("inf"))),
}


@given(step=st.one_of(faults("ABC"), st.sampled_from([*SAYS, *(steps.Ask("A", each) for each in REQUESTS.values())])))
def test_text_and_value_give_the_same(step: steps.Step) -> None:
    """A run kept before, which has only the text, is read as what it would be now."""
    assert read_text(steps.recorded_text(step)) == json_form(step)
    assert json.loads(json.dumps(json_form(step))) == json_form(step)


def test_a_step_stands_as_kind_and_fields_beside_its_text() -> None:
    """What is inside a step is open as well; the text stays as it was."""
    step = steps.When("Voted", steps.Disturb("", Full("backups")), count=2)
    found = as_fields(Happened(3, 5, "", 0, Stepped(step)))
    assert list(found) == ["seq", "t", "node", "kind", "cause", "step", "step_kind", "step_fields", "says", "text"]
    assert (found["kind"], found["step"], found["step_kind"]) == ("Stepped", repr(step), "When")
    assert found["step_fields"] == {
        "kind": "Voted",
        "fault": {
            "kind": "Disturb",
            "fields": {"node": "", "trouble": {"kind": "Full", "fields": {"path": "backups"}}},
        },
        "node": "",
        "count": 2,
    }


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_what_a_text_hides_stays_hidden(request_: Any) -> None:
    """A key is in no file; of many documents only the number is."""
    found = json.dumps(json_form(steps.Ask("A", request_)))
    assert str(list(range(SIZE)))[1:-1] not in found
    if isinstance(request_, CreateDatabase):
        assert "Key(<hidden>)" in found
    if isinstance(request_, PutDocuments):
        assert json_form(request_) == repr(request_)


@pytest.mark.parametrize(
    "text", ["", "crash A", "Crash(node=", "'Crash'", "Crash('A')", "1", "(" * 500, "__import__('os').getcwd()", "a\0b"]
)
def test_another_text_is_refused(text: str) -> None:
    """With the text in the message, and nothing of it evaluated."""
    with pytest.raises(NoStep, match="is not the text of a step"):
        read_text(text)
