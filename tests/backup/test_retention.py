"""Which chains may go (section 14), as tables; and against a second, dumb reading of the rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.destinations.local import LocalFolder
from backup.record.commands import apply
from backup.record.database_commands import CreateDatabase
from backup.record.record import Record, Task
from backup.record.retention_policy import Retention, StoredChain, choose
from backup.record.rules import rules_named
from backup.record.task_commands import DefineTask
from cluster.member import Refused
from cluster.time_units import DAY

OURS, RAVENDB = rules_named("unkindness"), rules_named("ravendb-6.2")
NOW = 100 * DAY


def chain(began: int, last: int | None = None, **changes: Any) -> StoredChain:
    """A chain that began so many days ago and was last written to so many."""
    files = 1 if last is None else 3
    last = began if last is None else last
    given: dict[str, Any] = {"files": files, "database": "Shop", "task": 1, **changes}
    return StoredChain(f"{began} days", NOW - began * DAY, NOW - last * DAY, **given)


def going(*chains: StoredChain, age: int = 7, ravendb: bool = False) -> list[str] | str:
    """The folders that may go, or why none may."""
    choice = choose(chains, "shop", 1, NOW, age * DAY, RAVENDB if ravendb else OURS)
    return choice.refused or [each.folder for each in choice.expired]


def test_old_chains_go_and_young_ones_stay() -> None:
    """14.3: those whose folder is as old as the age, or older."""
    assert going(chain(20), chain(8), chain(7), chain(6), chain(0)) == ["20 days", "8 days", "7 days"]
    assert going(chain(6), chain(0)) == []


def test_a_fresh_incremental_keeps_its_chain() -> None:
    """14.3: all that an incremental needs is kept while the incremental is young."""
    assert going(chain(20, 6), chain(19, 8), chain(0)) == ["19 days"]


def test_what_is_no_chain_is_left_alone() -> None:
    """14.3: no files, or a first file that is no full."""
    assert going(chain(20, files=0), chain(19, opens_with_full=False), chain(0)) == []


def test_everything_old_is_refused() -> None:
    """14.5: nothing goes, and the operator is told."""
    for ravendb in (False, True):
        assert going(chain(20), chain(10), ravendb=ravendb) == (
            "all 2 chains are older than the policy asks for, and none may be the last"
        )


def test_another_databases_chains_stay() -> None:
    """14.3: in any case of letters."""
    assert going(chain(20, database="Other"), chain(19, database="SHOP"), chain(0)) == ["19 days"]


def test_another_tasks_chains_stay_with_us_and_go_with_ravendb() -> None:
    """14.4, 22.8."""
    chains = (chain(20, task=2), chain(19), chain(0))
    assert going(*chains) == ["19 days"]
    assert going(*chains, ravendb=True) == ["20 days", "19 days"]


def test_the_last_chain_that_restores_stays_with_us() -> None:
    """The young one was cut by somebody since: what is old is all there is."""
    chains = (chain(20), chain(0, whole=False))
    assert going(*chains) == "no chain that can be restored would be left of this task"
    assert going(*chains, ravendb=True) == ["20 days"]
    another = chain(0, task=2)
    assert going(chain(20), another) == "no chain that can be restored would be left of this task"


chains = st.lists(
    st.builds(
        lambda began, last, task, database, full, whole: chain(
            began, min(began, last), task=task, database=database, opens_with_full=full, whole=whole
        ),
        st.integers(0, 12),
        st.integers(0, 12),
        st.integers(1, 2),
        st.sampled_from(["Shop", "Other"]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
).map(lambda found: sorted(found, key=lambda each: each.at))


@given(chains, st.integers(1, 10))
def test_nothing_goes_that_may_not(found: list[StoredChain], age: int) -> None:
    """Every restore point younger than the age stays, everybody else's chains do, and one that is whole is left."""
    choice = choose(found, "Shop", 1, NOW, age * DAY, OURS)
    for gone in choice.expired:
        assert NOW - gone.last >= age * DAY
        assert (gone.database, gone.task) == ("Shop", 1)
    if choice.expired:
        assert any(
            each.whole and (each.database, each.task) == ("Shop", 1) and each not in choice.expired for each in found
        )


@given(chains, st.integers(1, 10))
def test_ravendbs_way_against_a_dumb_one(found: list[StoredChain], age: int) -> None:
    """14.3 to 14.5, read once more, literally."""
    young = [number for number, each in enumerate(found) if NOW - each.at < age * DAY]
    before = found[: young[0]] if young else found
    doomed = [
        each
        for each in before
        if each.database == "Shop" and each.opens_with_full and NOW - each.last >= age * DAY and each.files
    ]
    choice = choose(found, "Shop", 1, NOW, age * DAY, RAVENDB)
    assert list(choice.expired) == (doomed if young else [])
    assert bool(choice.refused) == bool(doomed and not young)


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (Retention(0), "must be positive"),
        (Retention(-DAY), "must be positive"),
        (Retention(DAY - 1), "must be a day or more"),
        (Retention(0, disabled=True), ""),
        (Retention(DAY), ""),
        (Retention(), ""),
    ],
)
def test_policies_are_judged_when_they_are_defined(policy: Retention, says: str) -> None:
    """6.4; one that is off may say anything (14.2)."""
    record, _ = apply(Record(), CreateDatabase("Shop", ("A",)), 1)
    task = Task(full="0 0 * * *", destinations=(LocalFolder("/b"),), retention=policy)
    if says:
        with pytest.raises(Refused, match=says):
            apply(record, DefineTask("Shop", task), 2)
    else:
        changed, _ = apply(record, DefineTask("Shop", task), 2)
        database = changed.database("Shop")
        assert database is not None
        assert database.tasks[2].retention == policy
