"""A run as a test for pytest: it fails as the run broke, or holds as it held. The story is named, not copied."""

from collections.abc import Iterable
from json import dumps

from cluster.sim.run import BROKEN
from scenarios.export.excerpt import Excerpt


def pytest_file(excerpt: Excerpt) -> Iterable[str]:
    """The lines of the module."""
    request, outcome = excerpt.run.request, excerpt.run.outcome
    broke = outcome.verdict == BROKEN and outcome.failure is not None
    ended = f"{outcome.verdict}, {outcome.failure}" if broke else outcome.verdict
    name = "".join(each if each.isalnum() or each == "_" else "_" for each in request.story.rsplit("/", 1)[-1])
    rules = request.rules if request.rules != request.own_rules else None
    options = {"rules": rules, "data": request.data, "bug": request.bug}
    named = "".join(f", {option}={dumps(said)}" for option, said in options.items() if said)
    seed = str(request.seed).replace("-", "minus_")
    yield f'"""The run {_plain(excerpt.title)} as a test, by unkindness {excerpt.version}; verdict: {_plain(ended)}"""'
    yield ""
    yield "from pathlib import Path"
    yield ""
    yield "from scenarios.kept_run import run_again"
    yield ""
    yield ""
    yield f"def test_{name}_{seed}(tmp_path: Path) -> None:"
    yield f'    """{len(outcome.history):,} events, digest {outcome.digest} when it was exported."""'
    yield f"    run_again({dumps(request.story)}, {request.seed}{named}, backups=tmp_path)"


def _plain(words: str) -> str:
    """The words in one line that can stand in a docstring."""
    return " ".join(words.split()).replace("\\", "/").replace('"', "'")
