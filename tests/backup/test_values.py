"""Identities, compare-exchange values, index definitions, policies: the pure change of them, and what tells them (18.1)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.content.definitions import index_json, index_of
from backup.database import agreed_values as agreed
from backup.database.agreed_values import (
    NOTHING,
    CompareExchangeResult,
    ConfigureRevisions,
    DefineIndex,
    DeleteCompareExchange,
    IndexDefinition,
    NextIdentity,
    PutCompareExchange,
    RemoveIndex,
    SeedIdentity,
    ValueCommand,
    Values,
)
from backup.database.revisions import Policies, RevisionPolicy
from backup.record.commands import apply
from backup.record.database_commands import CreateDatabase
from backup.record.record import Record
from cluster.member import Refused

SALES = IndexDefinition("Sales", "Orders", ("Company", "Total"), "Company", ("Total",))


def done(*commands: ValueCommand) -> tuple[Values, list[object]]:
    """The values after these, at log indexes 1, 2, 3 …, and the answers."""
    values, answers = NOTHING, []
    for index, command in enumerate(commands, 1):
        values, answer = agreed.change(values, command, index)
        answers.append(answer)
    return values, answers


def test_an_identity_only_grows() -> None:
    """A number is given once, whatever the case of the key; a seed never takes it back."""
    _, answers = done(
        NextIdentity("Shop", "orders|"),
        NextIdentity("Shop", "Orders|", 3),
        SeedIdentity("Shop", "orders|", 2),
        SeedIdentity("Shop", "orders|", 10),
        NextIdentity("Shop", "orders|"),
    )
    assert answers == [1, 4, 4, 10, 11]


def test_a_value_is_exchanged_against_the_one_that_was_seen() -> None:
    """Who names another index than the value's changes nothing, and hears what there is; 0 means that there is none."""
    values, answers = done(
        PutCompareExchange("Shop", "Key", "1", 0),
        PutCompareExchange("Shop", "key", "2", 0),
        PutCompareExchange("Shop", "key", "2", 1),
        DeleteCompareExchange("Shop", "key", 1),
        DeleteCompareExchange("Shop", "key", 3),
        DeleteCompareExchange("Shop", "key", 0),
    )
    assert answers == [
        CompareExchangeResult(True, "1", 1),
        CompareExchangeResult(False, "1", 1),
        CompareExchangeResult(True, "2", 3),
        CompareExchangeResult(False, "2", 3),
        CompareExchangeResult(True, None, 5),
        CompareExchangeResult(False, None, 0),
    ]
    assert (values.exchanged, values.tombstones, values.changed) == ({}, {"key": 5}, 5)
    assert values.fingerprint_sum == 0


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (NextIdentity("Shop", "orders"), "no key of an identity"),
        (NextIdentity("Shop", "orders|", 0), "ask for 1 or more"),
        (PutCompareExchange("Shop", "", "1", 0), "no key of a compare-exchange value"),
        (RemoveIndex("Shop", "none"), "there is no index 'none'"),
        (DefineIndex("Shop", IndexDefinition("", "Orders", ("a",))), "give it a name and a collection"),
        (DefineIndex("Shop", IndexDefinition("x", "Orders", ())), "maps nothing"),
        (DefineIndex("Shop", IndexDefinition("x", "Orders", ("a b",))), "of letters and digits"),
        (DefineIndex("Shop", IndexDefinition("x", "Orders", ("a",), "b")), "reduces by 'b', which it does not map"),
        (DefineIndex("Shop", IndexDefinition("x", "Orders", ("a",), "", ("a",))), "say by which field"),
        (ConfigureRevisions("Shop", (RevisionPolicy("a"), RevisionPolicy("A"))), "one policy that keeps 0 or more"),
    ],
)
def test_what_cannot_be_is_refused(command: ValueCommand, says: str) -> None:
    """And nothing changes."""
    record, _ = apply(Record(), CreateDatabase("Shop", ("A",)), 1)
    with pytest.raises(Refused, match=says):
        apply(record, command, 2)


def test_values_do_not_move_what_topologies_are_judged_by() -> None:
    """Rule 5.13 compares `changed`; a backup goes by `raft_index`, which is moved by values too (9.7, 18.3)."""
    record, _ = apply(Record(), CreateDatabase("Shop", ("A",)), 1)
    record, answer = apply(record, NextIdentity("shop", "orders|"), 2)
    database = record.database("Shop")
    assert database is not None
    assert (answer, database.changed, database.raft_index) == (1, 1, 2)


keys = st.sampled_from(["a|", "b|"])
commands = st.one_of(
    st.builds(NextIdentity, st.just("Shop"), keys, st.integers(1, 3)),
    st.builds(SeedIdentity, st.just("Shop"), keys, st.integers(1, 9)),
    st.builds(PutCompareExchange, st.just("Shop"), keys, st.sampled_from(["1", '"x"']), st.integers(0, 12)),
    st.builds(DeleteCompareExchange, st.just("Shop"), keys, st.integers(0, 12)),
    st.builds(DefineIndex, st.just("Shop"), st.sampled_from([SALES, IndexDefinition("sales", "Orders", ("Total",))])),
    st.just(RemoveIndex("Shop", "Sales")),
    st.builds(
        ConfigureRevisions,
        st.just("Shop"),
        st.lists(st.builds(RevisionPolicy, st.sampled_from(["", "Orders"]), st.integers(1, 3)), max_size=1).map(tuple),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(commands, max_size=15))
def test_the_sum_is_what_counting_anew_gives(history: list[ValueCommand]) -> None:
    """However the values came to be: two histories that end alike have one sum, and it knows no log index."""
    values = NOTHING
    for index, command in enumerate(history, 1):
        try:
            values, _ = agreed.change(values, command, index)
        except Refused:
            continue
    anew: Any = NOTHING
    for definition in values.indexes.values():
        anew = agreed.with_index(anew, definition, 0)
    for key, stored in sorted(values.exchanged.items(), reverse=True):
        anew = agreed.with_exchanged(anew, key, stored.text, 0)
    for key, identity in values.identities.items():
        anew = agreed.with_identity(anew, key, identity.number, 0)
    anew = agreed.with_policies(anew, values.policies.policies, 0)
    assert anew.fingerprint_sum == values.fingerprint_sum
    assert values.exchanged.keys().isdisjoint(values.tombstones)


def test_a_policy_for_every_collection() -> None:
    """A collection's own policy stands before that for all others; a disabled one keeps nothing."""
    policies = Policies(1, (RevisionPolicy("", 5), RevisionPolicy("Orders", 2), RevisionPolicy("Users", disabled=True)))
    assert [policies.limit(name) for name in ("orders", "Companies", "Users")] == [2, 5, 1_024]
    assert policies.of("USERS") is None


@pytest.mark.parametrize(
    "definition",
    [SALES, IndexDefinition("a", "Orders", ("x",)), IndexDefinition("c", "Orders", ("x", "y"), "x")],
)
def test_an_index_definition_survives_ravendbs_linq(definition: IndexDefinition) -> None:
    """What is written in RavenDB's words is read back; what goes beyond the model is not guessed at."""
    written = index_json(definition)
    assert index_of(written) == definition
    for other in ("from o in docs.Orders where o.X > 1 select new { o.X }", "docs.Orders.Select(o => new { o.X })"):
        fields = {**written["IndexDefinition"], "Maps": [other]}
        assert index_of({**written, "IndexDefinition": fields}) is None
    two = {**written["IndexDefinition"], "Maps": written["IndexDefinition"]["Maps"] * 2}
    assert index_of({**written, "IndexDefinition": two}) is None
