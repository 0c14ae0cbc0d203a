"""Small yardsticks. The start of a command is measured in processes of its own; a run without backups starts without their package."""

import subprocess
import sys

from scenarios.bench import program, start, states


def test_a_start_is_measured_beside_its_imports() -> None:
    """One round: a command costs more than what it has to import, and less than ten times as much."""
    result = start.start(rounds=1)
    assert 1 < result["of_imports"]["run"] < 10
    assert "split_vote" in "\n".join(program.as_text("start", result))


def test_a_run_without_backups_brings_in_none() -> None:
    """All of `backup` would be a third of the start: only its rules by name, and what a local folder refused, are asked."""
    code = (
        "import sys\nfrom scenarios.cli import main\nmain(['run', 'split_vote', '-q'])\n"
        "print(*sorted(name for name in sys.modules if name.startswith('backup.') and name.count('.') == 1), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stderr.split()) <= {"backup.record", "backup.destinations"}


def test_states_are_counted_by_the_cpu_second() -> None:
    """A few thousand states: the figures and their text."""
    result = states.states(most=5_000)
    assert result["states"] >= 5_000
    assert result["states_per_cpu_second"] > 0
    assert "states a CPU second" in "\n".join(program.as_text("explore", result))
