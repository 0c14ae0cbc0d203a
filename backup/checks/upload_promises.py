"""Promises about attempts: a cloud that cannot be reached is tried as often as the rules say, before the run fails.

That the file is there afterwards is promised in files.py.
"""

from typing import ClassVar

from backup.notes import UploadFailed, UploadRepeated
from backup.record.rules import Rules
from cluster.checks import Sees, Watcher, on
from cluster.trace import Happened

Attempts = tuple[str, int, int, str]
"""Node, task and start of a run, and the address of a cloud."""


class TriedAsRuled(Watcher):
    promise: ClassVar[str] = "tried as ruled"
    says: ClassVar[str] = (
        "a run that cannot reach a cloud, or send its file there, tries as often as rules say before it fails, unless the "
        "name is taken, its time is up or it is ended (9.8)"
    )

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._repeated: dict[Attempts, int] = {}

    def sees(self) -> Sees:
        return [on(UploadRepeated, self._again), on(UploadFailed, self._failed)]

    def _again(self, event: Happened[UploadRepeated]) -> None:
        note = event.note
        key = (event.node, note.task, note.started_at, note.path)
        self._repeated[key] = self._repeated.get(key, 0) + 1

    def _failed(self, event: Happened[UploadFailed]) -> None:
        note = event.note
        attempts = self._repeated.pop((event.node, note.task, note.started_at, note.path), 0) + 1
        if note.is_last and attempts != self._rules.upload_attempts:
            raise self.broken(
                f"{event.node} gives {note.path} up for task {note.task} of {note.database} after {attempts} "
                f"attempt{'' if attempts == 1 else 's'}, and rules promise {self._rules.upload_attempts}"
            )
