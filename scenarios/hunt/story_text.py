"""A script as the text of a story file, as a person would write it: the verbs of the world, and the waits between them."""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

import attrs

import scenarios.backups
from backup.node.service import Backups
from backup.record.encryption_keys import Key
from cluster import steps
from cluster.raft.timing import Timing
from cluster.sim.disk import DiskModel
from cluster.sim.run import RunSetting
from cluster.time_units import SECOND
from scenarios.gallery import DEFAULT_RULES
from scenarios.hunt.broken_run import BrokenRun
from scenarios.hunt.recorded_steps import RecordedSteps

WIDTH = 120
OF_A_FILE = "story."
"""How the names of modules begin that are files of stories (`scenarios.gallery`)."""
VERBS: dict[type, str] = {
    steps.Crash: "crash",
    steps.Stop: "stop",
    steps.Restart: "restart",
    steps.Pause: "pause",
    steps.Resume: "resume",
    steps.Cut: "cut",
    steps.CutOneWay: "cut_one_way",
    steps.Heal: "heal",
    steps.Hold: "hold",
    steps.Release: "release",
    steps.Corrupt: "corrupt",
    steps.Zone: "zone",
    steps.FailSync: "fail_sync",
    steps.FailRead: "fail_read",
    steps.Misdirect: "misdirect",
    steps.RollBack: "roll_back",
    steps.Wipe: "wipe",
    steps.Mend: "mend",
    steps.Remove: "remove",
    steps.Promote: "promote",
    steps.Demote: "demote",
    steps.Transfer: "transfer",
}
"""The verb of each step whose fields are the arguments of the verb. Any other step is given to `world.do`."""


def story_text(script: RecordedSteps, broken: BrokenRun, text: str) -> str:
    """The text of a story file with these steps, in a world like that of the run. Whether it breaks the same, a play tells.

    Empty if a step holds a key or a password.
    """
    source, request, cause = Source(), broken.request, broken.cause
    lines = [*_settings(broken, source), *_body(script, broken.setting.application, source)]
    if source.hides:
        return ""
    own = list(source.own_names(request.story))
    imports = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(source.imports.items())]
    rules = [f'RULES = "{request.rules}"'] if request.rules != DEFAULT_RULES else []
    bug = f" with the bug {request.bug} planted" if request.bug else ""
    lesson = f"Broken{bug}: {cause.promise}."
    said = text.removeprefix(f"{cause.promise}: ").replace("\\", "\\\\").replace('"""', "'''")
    head = [f'"""{lesson}', "", *textwrap.wrap(f"It said: {said}", WIDTH), '"""', ""]
    whole = [*head, "import trio", "", *imports, "", *own, f"SEED = {request.seed}", *rules, "", ""]
    return "\n".join([*whole, "async def story(world):", *(f"    {line}" for line in lines), ""])


def _settings(broken: BrokenRun, source: "Source") -> Iterator[str]:
    """The lines that choose timing and disks, where they are not the usual ones, and what is watched beside the usual promises."""
    said = [f"{name}={source.of(each)}" for name, each in tuned(broken.setting)]
    if said:
        yield f"world.tune({', '.join(said)})"
    if broken.setting.watched:
        yield f"world.watch({', '.join(f'{source.named(each)}()' for each in broken.setting.watched)})"


def tuned(setting: RunSetting) -> list[tuple[str, Any]]:
    """Timing and disks of a run, by the names that `world.tune` has for them, where they are not the usual ones."""
    chosen = [("timing", setting.timing, Timing()), ("disk", setting.disk, DiskModel())]
    return [(name, each) for name, each, usual in chosen if each != usual]


def _body(script: RecordedSteps, application: type, source: "Source") -> Iterator[str]:
    """The lines of the story."""
    nodes = _names(script.nodes, source)
    if issubclass(application, Backups):
        source.needs("scenarios.backups", "backups")
        yield f"backups(world).start({nodes})"
    else:
        yield f"world.start({nodes}, {source.named(application)})"
    now = 0
    for each in script.moments:
        yield from _wait(each.at - now)
        now = max(now, each.at)
        yield _verb(each.step, source)
    yield from _wait(script.until - now)


def _wait(gap: int) -> Iterator[str]:
    if gap > 0:
        yield f"await trio.sleep({in_seconds(gap)})"


def in_seconds(time: int) -> str:
    """A time in µs as the shortest decimal number of seconds."""
    return f"{time / SECOND:.6f}".rstrip("0").rstrip(".")


def _names(nodes: tuple[str, ...], source: "Source") -> str:
    """Nodes as a story names several: letters in one text, longer names in a tuple."""
    return source.of("".join(nodes) if all(len(name) == 1 for name in nodes) else nodes)


def _verb(step: Any, source: "Source") -> str:
    """One step as a call."""
    match step:
        case steps.Start(nodes):
            return f"world.found({_names(nodes, source)})"
        case steps.Split(groups):
            return f"world.split({', '.join(_names(group, source) for group in groups)})"
        case steps.Join(node, watcher):
            return f"world.join({source.of(node)}{', watcher=True' if watcher else ''})"
    verb = VERBS.get(type(step))
    if verb is None:
        return f"world.do({source.of(step)})"
    return f"world.{verb}({', '.join(source.of(getattr(step, name)) for name in step.__match_args__)})"


class Source:
    """Values as Python that makes them again, and the names that this needs."""

    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {}
        """The names to bring in, by module."""
        self.own: set[str] = set()
        """The names that are of the story's own file."""
        self.hides = False
        """Whether a value holds a key or a password, which no text may show."""

    def needs(self, module: str, name: str) -> str:
        """Note that a name of a module is used; return it."""
        if module.startswith(OF_A_FILE):
            self.own.add(name)
        else:
            self.imports.setdefault(module, set()).add(name)
        return name

    def own_names(self, story: str) -> Iterator[str]:
        """The lines that bring in what is of the story's own file: no folder of modules is known to hold that."""
        if self.own:
            names = sorted(self.own)
            self.needs("scenarios.gallery", "brought_in")
            yield f"file = brought_in({self.of(story)})"
            yield f"{', '.join(names)} = {', '.join(f'file.{name}' for name in names)}"

    def named(self, kind: type) -> str:
        """A class by its name, from the door for stories where it has one; of one in another class, the outer one is brought in."""
        outer = kind.__qualname__.partition(".")[0]
        is_public = getattr(scenarios.backups, outer, None) is kind
        self.needs("scenarios.backups" if is_public else kind.__module__, outer)
        return kind.__qualname__

    def of(self, value: Any) -> str:
        """The value as Python."""
        if isinstance(value, Enum):
            return f"{self.named(type(value))}.{value.name}"
        if isinstance(value, str):
            return repr(value) if '"' in value or "\\" in repr(value) else f'"{value}"'
        if isinstance(value, tuple | list):
            inner = ", ".join(map(self.of, value))
            return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{self.of(key)}: {self.of(each)}' for key, each in value.items())}}}"
        fields = _fields(value)
        self.hides |= isinstance(value, Key) or _holds_a_secret(value)
        if fields is None:
            return repr(value)
        given = [f"{name}={self.of(each)}" for name, each, default in fields if each != default]
        return f"{self.named(type(value))}({', '.join(given)})"


def _holds_a_secret(value: Any) -> bool:
    """Whether a field of text that the `repr` of a value hides is set."""
    if not attrs.has(type(value)):
        return False
    hidden = [each for each in attrs.fields(type(value)) if not each.repr]
    return any(isinstance(held := getattr(value, each.name), str | bytes) and held for each in hidden)


def _fields(value: Any) -> list[tuple[str, Any, Any]] | None:
    """Name, value and default of each field of a value; None if it is none."""
    if attrs.has(type(value)):
        return [
            (each.alias or each.name, getattr(value, each.name), each.default)
            for each in attrs.fields(type(value))
            if each.init
        ]
    if is_dataclass(value):
        return [(each.name, getattr(value, each.name), each.default) for each in dataclass_fields(value) if each.init]
    return None
