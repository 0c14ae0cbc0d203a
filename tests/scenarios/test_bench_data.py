"""`unkindness bench data`: what data of a size take in memory."""

from scenarios.bench import data


def test_the_figures_of_small_data() -> None:
    """A run and a restore of each kind, in MiB, and lines for people."""
    result = data.data(long=200_000, many=2_000)
    rows = result["peak_mebibytes"]
    assert sorted(rows) == ["many small documents", "one long document"]
    for row in rows.values():
        assert 0 < row["data"] < 1
        assert 20 < row["restore"] < row["run"] < 200
    assert len(data.as_lines(result)) == 3


def test_the_memory_of_whoever_asks_is_not_counted() -> None:
    """A process takes over the peak of the one that began it, unless it is asked from inside."""
    held = bytearray(300_000_000)
    assert data._peak("--help") < 100
    del held
