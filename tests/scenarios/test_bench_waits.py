"""What people wait for is measured on whole runs that hold, beside a yardstick of the same process."""

from scenarios.bench import program, waits


def test_a_bad_night_is_measured() -> None:
    """One seed of each keeper: most of it is skipped, and it says what it cost in bare messages."""
    result = waits.nights(seeds=1)
    assert list(result) == ["night", "migration"]
    assert all(row["lived"] < 0.2 and row["bare_messages_a_seed"] > 0 for row in result.values())
    assert "CPU minute" in "\n".join(program.as_text("nights", result))


def test_a_year_is_measured_by_the_day() -> None:
    """A day of it, each way in a process of its own."""
    result = waits.year(days=1)
    assert all(result[way]["cpu_seconds"] > 0 for way in waits.WAYS)
    assert "1 days of 5 nodes" in program.as_text("year", result)[0]
