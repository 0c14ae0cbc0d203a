"""The yardstick of backups: what it measures, and that the command takes a number of documents."""

import json

import pytest

from scenarios.bench.backup import as_lines, backup, document
from scenarios.cli import main


def test_documents_are_a_kilobyte_and_always_the_same() -> None:
    """What is measured is what is said."""
    sizes = [len(json.dumps(document(number))) for number in range(100)]
    assert 850 < sum(sizes) / 100 < 1_050
    assert document(7) == document(7) != document(8)


def test_the_figures_of_a_small_run() -> None:
    """Each part ran in a process of its own, and all documents came back."""
    result = backup(2_000)
    assert set(result["ratio_to_plain"]) == {"backup", "restore"}
    assert all(ratio > 0 for ratio in result["ratio_to_plain"].values())
    assert all(added < 50 for added in result["added_mebibytes"].values())
    assert len(as_lines(result)) == 4


def test_a_number_of_documents_belongs_to_backup(capsys: pytest.CaptureFixture[str]) -> None:
    """A number for another yardstick is the user's mistake."""
    assert main(["bench", "time", "--documents", "5"]) == 64
    assert "belongs to `unkindness bench backup`" in capsys.readouterr().err
