"""The files of a task that were lost behind the cluster's back, as far as a run or an answer depends on them."""

from collections.abc import Iterator

from backup.notes import BackupStarted, FileLost
from cluster.time_units import clock_text
from cluster.trace import Happened
from scenarios.inspect.run_history import BackupFacts
from scenarios.inspect.why.facts import Facts

SHOWN = 3
"""At most this many lost files are shown, the newest."""


def lost(facts: Facts) -> Iterator[str]:
    """The files of the task that were lost up to the moment, in the order of their loss."""
    folders = {event.note.folder for event in _files(facts)}
    found = [event for event in facts.history.of(FileLost) if event.t <= facts.t and event.note.folder in folders]
    yield from map(_text, found[-SHOWN:])


def missing(facts: Facts, run: BackupFacts) -> str:
    """What a run that was planned as an incremental did not find when it began, so that it became a full (rule 8.7)."""
    before = [event for event in _files(facts) if event.node == run.node and event.t < run.t]
    if before:
        since, folder = before[-1].t, before[-1].note.folder
        for event in reversed(facts.history.of(FileLost)):
            if since <= event.t <= run.t and event.note.folder == folder:
                return _text(event)
    return "what it was to go on from was not there"


def _files(facts: Facts) -> list[Happened[BackupStarted]]:
    return [event for event in facts.history.of(BackupStarted) if event.note.task == facts.number]


def _text(event: Happened[FileLost]) -> str:
    note = event.note
    return f"{note.file} in {note.path} was {note.how} at {clock_text(event.t)}"
