"""Cron against a dumb second reading of it, clock changes, and the next backup of a task (ravendb.md section 8)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backup.destinations.local import LocalFolder
from backup.record.cron import CronError, check_cron, next_occurrence, occurrences
from backup.record.record import Delay, Kind, Status, Task
from backup.record.rules import rules_named
from backup.runs.schedule import drops_local_status, next_backup, scheduling_status
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, as_datetime, as_instant

WORLD = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
OURS, NEW, OLD = rules_named("unkindness"), rules_named("ravendb-6.2"), rules_named("ravendb-4.2")


def at(text: str, zone: ZoneInfo = WORLD, fold: int = 0) -> int:
    """The instant of a local time like `2024-03-10 02:30`."""
    return as_instant(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold))


def local(instant: int | None, zone: ZoneInfo = WORLD) -> str:
    return "never" if instant is None else as_datetime(instant).astimezone(zone).strftime("%Y-%m-%d %H:%M")


# ---- cron ----


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("0 * * * *", "2024-01-01 10:00", "2024-01-01 11:00"),
        ("0 * * * *", "2024-01-01 09:59:59.999999", "2024-01-01 10:00"),
        ("*/20 3 * * *", "2024-01-01 03:40", "2024-01-02 03:00"),
        ("0 0 L * ?", "2024-02-01 00:00", "2024-02-29 00:00"),
        ("0 0 LW * *", "2024-03-01 00:00", "2024-03-29 00:00"),
        ("0 0 ? * 5L", "2024-01-01 00:00", "2024-01-26 00:00"),
        ("0 0 * * 1#2", "2024-01-01 00:00", "2024-01-08 00:00"),
        ("0 0 * * SUN", "2024-01-01 00:00", "2024-01-07 00:00"),
        (
            "0 0 13 * 5",
            "2024-01-01 00:00",
            "2024-09-13 00:00",
        ),  # both days must match, where the usual cron says either
        ("0 5-5/2 * * *", "2024-01-01 05:00", "2024-01-02 05:00"),
        ("0 0 */2 * *", "2024-01-01 00:00", "2024-01-02 00:00"),
        ("0 0 1 */5 *", "2024-01-01 00:00", "2024-05-01 00:00"),
        ("30/20 3 * * *", "2024-01-01 00:00", "2024-01-01 03:10"),
        ("0 0 * * MON/3", "2024-01-01 00:00", "2024-01-04 00:00"),
        ("0 0 L/9 * *", "2024-01-01 00:00", "2024-01-31 00:00"),
        ("0 0 29 2 *", "2024-03-01 00:00", "2028-02-29 00:00"),
        ("0 0 31 2 1", "2024-01-01 00:00", "never"),
    ],
)
def test_the_next_occurrence_is_strictly_after(cron: str, after: str, expected: str) -> None:
    """Rule 8.1, and the dialect of NCrontab: a step counts from 0 through the whole field."""
    assert local(next_occurrence(cron, at(after), WORLD)) == expected


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("", "has 0 fields"),
        ("@daily", "write '0 0 \\* \\* \\*'"),
        ("@Hourly", "write '0 \\* \\* \\* \\*'"),
        ("@reboot", "names are not known: give five fields"),
        ("*/90 * * * *", "a step of 90 in minute, which goes to 59"),
        ("0-59/60 * * * *", "a step of 60 in minute, which goes to 59"),
        ("0,*/25 */25 * * *", "a step of 25 in hour, which goes to 23"),
        ("0 0 */32 * *", "a step of 32 in day-of-month, which goes to 31"),
        ("0 0 1 3/13 *", "a step of 13 in month, which goes to 12"),
        ("0 0 * * */8", "a step of 8 in day-of-week, which goes to 7"),
        ("*/0 * * * *", "bad minute"),
        ("*/5/5 * * * *", "bad minute"),
        ("0 0 0 * * *", "has 6 fields"),
        ("0 0 15W * *", "weekday nearest to a day"),
        ("60 * * * *", "bad minute"),
        ("0 0 0 * *", "bad day-of-month"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 * * MOON", "bad day-of-week"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(cron: str, words: str) -> None:
    """Rules 6.4, 26.7."""
    with pytest.raises(CronError, match=words) as refusal:
        check_cron(cron)
    assert repr(cron) in str(refusal.value)


def test_occurrences_include_both_ends() -> None:
    found = occurrences("0 */6 * * *", at("2024-01-01 06:00"), at("2024-01-01 18:00"), WORLD)
    assert [local(instant)[11:] for instant in found] == ["06:00", "12:00", "18:00"]
    assert occurrences("0 0 31 2 1", 0, DAY, WORLD) == ()


def field(low: int, high: int) -> st.SearchStrategy[str]:
    """A cron field: star, number, range, step."""
    number = st.integers(low, high)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.integers(1, high).map(lambda step: f"*/{step}"),
        st.tuples(number, st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        st.tuples(number, number, st.integers(1, high)).map(
            lambda three: f"{min(three[:2])}-{max(three[:2])}/{three[2]}"
        ),
    )


def matches(text: str, low: int, high: int) -> set[int]:
    """The dumb reading of a field."""
    span, _, step = text.partition("/")
    if step and "-" not in span:  # of NCrontab: through the whole field
        return {each for each in range(low, high + 1) if (each - int(span.replace("*", "0"))) % int(step) == 0}
    first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
    return set(range(int(first), int(last or first) + 1, int(step or 1)))


@settings(max_examples=150, deadline=None)
@given(
    fields=st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)),
    start=st.integers(0, 4 * 365 * 24 * 60),
)
def test_any_expression_agrees_with_a_search_day_by_day(fields: tuple[str, ...], start: int) -> None:
    """Guards `day_and` of cronsim, which its documentation does not promise."""
    minutes, hours, days, months, weekdays = (
        matches(text, low, high)
        for text, (low, high) in zip(fields, [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)], strict=True)
    )
    after = as_datetime(start * MINUTE)
    expected = None
    for ahead in range(3 * 365):
        day = (after + timedelta(days=ahead)).date()
        if day.month not in months or day.day not in days or day.isoweekday() % 7 not in weekdays:
            continue
        times = (
            datetime(day.year, day.month, day.day, h, m, tzinfo=UTC) for h in sorted(hours) for m in sorted(minutes)
        )
        expected = next((time for time in times if time > after), None)
        if expected is not None:
            break
    assume(expected is not None)
    assert expected is not None
    assert next_occurrence(" ".join(fields), start * MINUTE, WORLD) == as_instant(expected)


# ---- clock changes ----


def test_a_time_that_spring_skips_moves_to_the_first_that_exists() -> None:
    """New York, 2024-03-10: 02:30 does not exist."""
    found = occurrences("30 2 * * *", at("2024-03-09 00:00", NEW_YORK), at("2024-03-12 00:00", NEW_YORK), NEW_YORK)
    assert [local(instant, NEW_YORK)[5:] for instant in found] == ["03-09 02:30", "03-10 03:00", "03-11 02:30"]


def test_a_time_that_autumn_repeats_occurs_once() -> None:
    """New York, 2024-11-03: 01:30 exists twice; so too if one asks between the two."""
    found = occurrences("30 1 * * *", at("2024-11-03 00:00", NEW_YORK), at("2024-11-05 00:00", NEW_YORK), NEW_YORK)
    assert found == (at("2024-11-03 01:30", NEW_YORK, fold=0), at("2024-11-04 01:30", NEW_YORK))
    between = at("2024-11-03 01:10", NEW_YORK, fold=1)
    assert next_occurrence("30 1 * * *", between, NEW_YORK) == at("2024-11-04 01:30", NEW_YORK)


def test_every_hour_means_every_hour_through_both_clock_changes() -> None:
    for day in ("2024-03-10 00:00", "2024-11-03 00:00"):
        first = at(day, NEW_YORK)
        found = occurrences("0 * * * *", first, first + 6 * HOUR, NEW_YORK)
        assert found == tuple(first + hour * HOUR for hour in range(7))


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_several_times_in_the_hour_that_spring_skips_are_one_run(rules: str) -> None:
    """Berlin, 2024-03-31: the hour from two to three does not exist, and the day has its run nevertheless."""
    task = attrs.evolve(TASK, full="", incremental="*/15 2 * * *")
    ran_at = at("2024-03-30 02:45", BERLIN)
    last = attrs.evolve(ran("01 02:00"), last_full_internal=ran_at, last_incremental_internal=ran_at)
    spring = next_backup(task, last, ran_at, BERLIN, rules_named(rules), "B")
    assert local(spring.due, BERLIN) == "2024-03-31 03:00"
    assert spring.due is not None
    after = attrs.evolve(last, last_incremental_internal=spring.due)
    assert (
        local(next_backup(task, after, spring.due, BERLIN, rules_named(rules), "B").due, BERLIN) == "2024-04-01 02:00"
    )


CLOCK_CHANGES = [
    ("Europe/Berlin", "2024-03-31"),
    ("Europe/Berlin", "2024-10-27"),
    ("America/New_York", "2024-03-10"),
    ("America/New_York", "2024-11-03"),
    ("Australia/Lord_Howe", "2024-04-07"),
    ("Australia/Lord_Howe", "2024-10-06"),
    ("America/Sao_Paulo", "2018-11-04"),  # midnight itself is skipped
    ("UTC", "2024-03-31"),
]


@settings(max_examples=300, deadline=None)
@given(
    minutes=st.one_of(field(0, 59), st.sampled_from(["*/15", "0-59/15", "0,15,30,45"])),
    hours=st.one_of(field(0, 23), field(0, 3), st.sampled_from(["*", "2", "1,2", "0-23"])),
    change=st.sampled_from(CLOCK_CHANGES),
)
def test_the_day_of_a_clock_change_agrees_with_a_look_at_each_minute(
    minutes: str, hours: str, change: tuple[str, str]
) -> None:
    """Every hour means every hour; else a skipped time is the first that exists, and a repeated one is its first."""
    zone, day = ZoneInfo(change[0]), datetime.fromisoformat(change[1])
    first, last = at(change[1], zone), at(str(day + timedelta(days=1))[:10], zone) - MINUTE
    of_minutes, of_hours = matches_any(minutes, 0, 59), matches_any(hours, 0, 23)
    assume(len(of_hours) < 24 or "Lord_Howe" not in change[0])  # half an hour: cronsim leaves out a repeated half past
    expected = set()
    shown: dict[datetime, int] = {}  # a local time, and the first instant at which a clock on the wall shows it
    for instant in range(first, last + MINUTE, MINUTE):
        moment = as_datetime(instant).astimezone(zone).replace(tzinfo=None, fold=0)
        shown.setdefault(moment, instant)
        if len(of_hours) == 24 and moment.minute in of_minutes:
            expected.add(instant)
    if len(of_hours) < 24:
        for hour in of_hours:
            for minute in of_minutes:
                moment = day.replace(hour=hour, minute=minute)
                while moment not in shown:
                    moment += timedelta(minutes=1)
                expected.add(shown[moment])
    assert occurrences(f"{minutes} {hours} * * *", first, last, zone) == tuple(sorted(expected))


def matches_any(text: str, low: int, high: int) -> set[int]:
    """The dumb reading of a list of fields."""
    return set().union(*(matches(term, low, high) for term in text.split(",")))


def test_midnight_is_the_nodes_own() -> None:
    """Rule 8.1: the zone of the node that runs it."""
    assert next_occurrence("0 0 * * *", at("2024-07-01 00:00"), NEW_YORK) == at("2024-07-01 04:00")
    assert next_occurrence("0 0 * * *", at("2024-07-01 00:00"), ZoneInfo("Etc/UTC")) == at("2024-07-02 00:00")


@settings(max_examples=200, deadline=None)
@given(
    cron=st.sampled_from(["30 2 * * *", "30 1 * * *", "0,30 1,2 * * *", "15 * * * *", "*/7 1-3 * * *", "0 0 * * *"]),
    zone=st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "Africa/Casablanca"]),
    start=st.integers(0, 2 * 365 * 24 * 60 * 60),
    gap=st.integers(0, 6 * 60 * 60),
)
def test_the_next_occurrence_lies_ahead_and_never_moves_back(cron: str, zone: str, start: int, gap: int) -> None:
    earlier, later = (next_occurrence(cron, second * SECOND, ZoneInfo(zone)) for second in (start, start + gap))
    assert earlier is not None
    assert later is not None
    assert start * SECOND < earlier <= later
    assert later > (start + gap) * SECOND


# ---- the next backup ----

TASK = Task("0 2 * * *", "0 * * * *", (LocalFolder("/b"),), name="T", id=7, created_at=at("2024-01-01 00:10"))


def ran(full: str | None, incremental: str | None = None, node: str = "B") -> Status:
    """The status after a full at that time of January and an incremental after it."""
    first = at(f"2024-01-{full}") if full else None
    last = at(f"2024-01-{incremental}") if incremental else None
    return Status(7, Kind.BACKUP, node, last is None, first, last, first, last, last_etag=5)


def plan(status: Status | None, now: str, task: Task = TASK, rules: str = "unkindness", **more: Any) -> str:
    """`due kind rule` of node B's next backup."""
    found = next_backup(task, status, at(f"2024-01-{now}"), WORLD, rules_named(rules), "B", **more)
    return f"{local(found.due).removeprefix('2024-01-')} {'full' if found.full else 'incremental'} {found.rule}"


def test_the_bases_are_the_last_attempts_well_or_badly() -> None:
    """Rules 8.2, 8.9: a failed full at 02:00 moves the base, though there is no successful full of that time."""
    failed = attrs.evolve(ran("01 02:00"), last_full_internal=at("2024-01-02 02:00"))
    assert plan(failed, "02 02:10") == "02 03:00 incremental 8.4, 8.6"
    assert plan(ran("02 02:00", "02 05:00"), "02 05:10") == "02 06:00 incremental 8.4, 8.6"


def test_a_tie_runs_the_full() -> None:
    """Rule 8.6: at 02:00 both are due."""
    assert plan(ran("01 02:00", "02 01:00"), "02 01:30") == "02 02:00 full 8.4, 8.6"


@pytest.mark.parametrize(
    ("rules", "kind"), [("unkindness", "full"), ("ravendb-6.2", "incremental"), ("ravendb-4.2", "incremental")]
)
def test_a_full_that_is_due_at_the_start_covers_the_incrementals_before_it(rules: str, kind: str) -> None:
    """8.4: whether both are overdue, or the incremental was put off until the full is due; in RavenDB it comes first."""
    status = ran("02 02:00", "02 05:00")
    assert plan(status, "09 12:00", rules=rules).startswith(f"09 12:00 {kind}")
    night = Delay(at("2024-01-03 02:30"), at("2024-01-03 01:00"), at("2024-01-03 00:30"))
    before = ran("02 02:00", "03 00:00")
    assert plan(before, "03 00:30", rules=rules, delay=night).startswith(f"03 02:30 {kind}")
    early = attrs.evolve(night, until=at("2024-01-03 01:30"))
    assert plan(before, "03 00:30", rules=rules, delay=early).startswith("03 01:30 incremental")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"last_full": None}, "no full backup to build on"),
        ({"kind": Kind.SNAPSHOT}, "now makes a Backup and not a Snapshot"),
        ({"last_etag": None}, "how far the last one came"),
    ],
)
def test_a_run_that_cannot_build_on_another_is_full(change: dict[str, Any], why: str) -> None:
    """Rule 8.6."""
    status = attrs.evolve(ran("02 02:00", "02 05:00"), **change)
    found = next_backup(TASK, status, at("2024-01-02 05:10"), WORLD, OURS, "B")
    assert found.full
    assert why in found.why
    assert local(found.due) == "2024-01-02 06:00"


def test_another_node_forces_a_full_only_where_the_rules_say_so() -> None:
    """Rule 8.6: classic does."""
    status = ran("02 02:00", "02 05:00", node="A")
    assert plan(status, "02 05:10", rules="ravendb-4.2") == "02 06:00 full 8.4, 8.6"
    assert plan(status, "02 05:10", rules="ravendb-6.2") == "02 06:00 incremental 8.4, 8.6"


def test_an_overdue_run_starts_at_once_or_after_a_minute_on_a_new_owner() -> None:
    """Rule 8.5."""
    assert plan(ran("02 02:00", "02 05:00"), "02 08:30") == "02 08:30 incremental 8.5, 8.6"
    assert plan(ran("02 02:00", "02 05:00", "A"), "02 08:30", rules="ravendb-4.2") == "02 08:31 full 8.5, 8.6"
    assert plan(ran("02 02:00", "02 05:00", ""), "02 08:30", rules="ravendb-6.2") == "02 08:30 incremental 8.5, 8.6"


def test_the_plan_names_the_occurrence_it_answers() -> None:
    found = next_backup(TASK, ran("02 02:00", "02 05:00"), at("2024-01-02 08:30"), WORLD, OURS, "B")
    assert local(found.occurrence) == "2024-01-02 06:00"


def test_a_delay_by_hand_wins_over_an_earlier_occurrence() -> None:
    """Rule 8.4."""
    status = ran("02 02:00", "02 05:00")
    delay = Delay(at("2024-01-02 07:45"), at("2024-01-02 06:00"), asked_at=at("2024-01-02 05:20"))
    assert plan(status, "02 05:30", delay=delay) == "02 07:45 incremental 8.4, 8.6"
    assert plan(status, "02 06:30", delay=delay) == "02 07:45 incremental 8.4, 8.6"
    assert plan(status, "02 07:50", delay=delay) == "02 07:50 incremental 8.5, 8.6"
    earlier = attrs.evolve(delay, until=at("2024-01-02 05:45"))
    assert plan(status, "02 05:30", delay=earlier) == "02 06:00 incremental 8.4, 8.6"


def test_a_delay_is_over_when_a_run_has_started_since_it_was_asked_for() -> None:
    """Rule 15.2: a backup asked for by hand, say."""
    delay = Delay(at("2024-01-02 09:45"), None, asked_at=at("2024-01-02 06:20"))
    assert plan(ran("02 02:00", "02 06:30"), "02 06:40", delay=delay) == "02 07:00 incremental 8.4, 8.6"
    assert plan(ran("02 02:00", "02 06:00"), "02 06:40", delay=delay) == "02 09:45 incremental 8.4, 8.6"
    assert plan(None, "02 06:40", delay=delay) == "02 09:45 full 8.4, 8.6"


def test_a_full_that_fell_due_with_an_incremental_does_for_both_in_ours() -> None:
    """Rule 8.2: RavenDB counts incrementals from incrementals, and one follows such a full at once."""
    tie = attrs.evolve(TASK, incremental="0 2 * * *")
    status = ran("03 02:00", "02 02:00")
    assert plan(status, "03 02:01", tie) == "04 02:00 full 8.4, 8.6"
    assert plan(status, "03 02:01", tie, "ravendb-6.2") == "03 02:01 incremental 8.5, 8.6"


def test_a_run_that_was_cancelled_by_hand_answers_what_was_due() -> None:
    """Rule 15.6, repaired: the next one is the next occurrence after its start."""
    status = ran("02 02:00", "02 05:00")
    assert plan(status, "02 06:10", settled=at("2024-01-02 06:00")) == "02 07:00 incremental 8.4, 8.6"
    assert plan(status, "02 06:10") == "02 06:10 incremental 8.5, 8.6"
    assert plan(None, "02 06:10", settled=at("2024-01-02 06:00")) == "02 07:00 full 8.4, 8.6"


def test_a_changed_type_means_a_full_even_if_it_was_changed_back() -> None:
    """Rule 6.7: at the next occurrence in ours, at once in RavenDB, whose task has forgotten its runs."""
    status = attrs.evolve(ran("02 02:00", "02 05:00"), last_raft_index=7)
    renewed = attrs.evolve(TASK, renewed=8)
    assert plan(status, "02 05:10", renewed) == "02 06:00 full 8.4, 6.7"
    assert plan(status, "02 05:10", renewed, "ravendb-6.2") == "02 05:10 full 8.5, 6.7"
    assert plan(attrs.evolve(status, last_raft_index=8), "02 05:10", renewed) == "02 06:00 incremental 8.4, 8.6"


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (Task("", ""), "never full 8.3"),
        (Task("0 0 31 2 1", ""), "never full 8.3"),
        (Task("nonsense", "0 * * * *"), "02 06:00 full 8.4, 8.6"),
    ],
)
def test_frequencies_that_never_come_schedule_nothing(task: Task, expected: str) -> None:
    """Rule 8.3."""
    never_ran = attrs.evolve(task, created_at=at("2024-01-02 05:10"))
    assert plan(None, "02 05:10", never_ran) == expected


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_nothing_comes_after_the_year_9999(zone: str) -> None:
    """Dates end there: what would come later never does."""
    assert next_occurrence("0 0 1 1 *", at("9999-06-01 00:00"), ZoneInfo(zone)) is None
    assert (
        local(next_occurrence("0 0 1 1 *", at("9998-06-01 00:00"), ZoneInfo(zone)), ZoneInfo(zone))
        == "9999-01-01 00:00"
    )


def test_with_one_frequency_only() -> None:
    """Rule 8.8: incrementals follow the first full for ever; fulls alone are all full."""
    incrementals, fulls = attrs.evolve(TASK, full=""), attrs.evolve(TASK, incremental="")
    assert plan(None, "01 00:20", incrementals) == "01 01:00 full 8.4, 8.6"
    assert plan(ran("01 01:00"), "01 01:10", incrementals) == "01 02:00 incremental 8.4, 8.6"
    assert plan(ran("01 02:00"), "01 02:10", fulls) == "02 02:00 full 8.4, 8.6"


# ---- take-over: B is the new owner, A ran the task before ----


def test_a_new_owner_in_ravendb_6_counts_from_creation_and_runs_a_full() -> None:
    """Rule 8.11: whatever A did."""
    by_a = ran("03 02:00", "03 05:00", node="A")
    assert plan(None, "03 05:30", rules="ravendb-6.2", cluster=by_a) == "03 05:30 full 8.5, 8.6"
    incrementals = attrs.evolve(TASK, full="")
    assert plan(None, "03 05:30", incrementals, "ravendb-6.2", cluster=by_a) == "03 06:00 full 8.4, 8.6"


def test_a_new_owner_in_ours_counts_from_the_last_run_anybody_made() -> None:
    """Rule 24.8: covered occurrences are not run again, uncovered ones at once; without a chain of its own, in full."""
    by_a = ran("03 02:00", "03 05:00", node="A")
    assert plan(None, "03 05:30", cluster=by_a) == "03 06:00 full 8.4, 8.6"
    assert plan(None, "03 08:30", cluster=by_a) == "03 08:30 full 24.8, 8.6"


def test_a_task_that_nobody_ever_ran_is_late_from_its_creation_on() -> None:
    """Rules 8.2, 24.8: RavenDB lets a task with incrementals alone wait for the next one."""
    incrementals = attrs.evolve(TASK, full="")
    assert plan(None, "01 03:30", incrementals) == "01 03:30 full 8.5, 8.6"
    assert plan(None, "01 03:30", incrementals, "ravendb-6.2") == "01 04:00 full 8.4, 8.6"
    assert plan(None, "01 03:30", TASK, "ravendb-6.2") == "01 03:30 full 8.5, 8.6"
    assert plan(None, "01 03:30", TASK, "ravendb-4.2") == "01 04:00 full 8.4, 8.6"


# ---- which status counts ----


def test_the_local_status_counts_if_it_is_newer_and_of_the_same_node() -> None:
    """Rule 8.10."""
    kept = attrs.evolve(ran("02 02:00"), version=4)
    assert scheduling_status(None, kept) is kept
    assert scheduling_status(kept, None) is kept
    assert scheduling_status(kept, newer := attrs.evolve(kept, version=5)) is newer
    assert scheduling_status(kept, attrs.evolve(kept, version=4, duration=9)) is kept
    assert scheduling_status(kept, attrs.evolve(kept, version=5, node="A")) is kept


def test_a_node_that_missed_a_full_forgets_its_own_status() -> None:
    """Rule 8.12."""
    local_status = ran("02 02:00", "02 08:00")
    before, after = ran("02 02:00", "03 01:00", node="A"), ran("03 02:00", node="A")
    assert not drops_local_status(TASK, local_status, before, "B", WORLD)
    assert drops_local_status(TASK, local_status, after, "B", WORLD)
    assert drops_local_status(TASK, local_status, attrs.evolve(before, duration=HOUR), "B", WORLD)
    assert not drops_local_status(TASK, local_status, attrs.evolve(after, node="B"), "B", WORLD)
    assert not drops_local_status(attrs.evolve(TASK, full=""), local_status, after, "B", WORLD)
