"""A run as a script: a text that `unkindness run FILE.txt` plays, with the timeline as it was below its steps."""

from collections.abc import Iterable
from pathlib import Path

import attrs

from cluster.sim.run import BROKEN
from cluster.sim.timeline import render
from scenarios.export.excerpt import Excerpt
from scenarios.hunt.recorded_steps import NoScript, script_of
from scenarios.kept_run import ReplayError, perform
from scenarios.script.reading import ScriptText
from scenarios.script.writing import Head, script_lines


def script(excerpt: Excerpt) -> Iterable[str]:
    """The lines of the text. ReplayError if the run has no steps, or one that no text may show."""
    outcome, request, history = excerpt.run.outcome, excerpt.run.request, excerpt.run.outcome.history
    broke = outcome.verdict == BROKEN and outcome.failure is not None
    lesson = f"{excerpt.title} broke: {' '.join(str(outcome.failure).split())}" if broke else excerpt.run.loaded.lesson
    try:
        steps = script_of(history, len(history), history.clock.now + broke)
    except NoScript as error:
        raise ReplayError(f"{excerpt.title}: {error}, so that it has no steps to write down") from error
    head = Head(lesson or excerpt.title, request.seed, request.rules, outcome.setting, request.story)
    lines = script_lines(head, steps)
    if lines is None:
        raise ReplayError(f"{excerpt.title}: a step holds a key or a password, which no text may show")
    loaded = ScriptText(request.story, Path(f"{excerpt.title} as a script"), "\n".join(lines)).loaded()
    again = perform(loaded, attrs.evolve(request, keep_going=False))
    if again.verdict != outcome.verdict:  # an assertion of the story is no step
        head = attrs.evolve(head, lesson=f"{head.lesson}\nIts steps alone: {again.verdict}.")
    timeline = [excerpt.known.without(line) for line in render(again.history, again.names)]
    return script_lines(head, steps, timeline) or ()
