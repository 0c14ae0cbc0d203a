"""A script is read as a story. Nothing in it is evaluated: values are calls of classes that it `uses`, with plain arguments.

Whatever is wrong is one `StoryError` with file, line and remedy. What it expects is compared when the story has come to its end.
"""

import ast
import importlib
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from cluster import steps
from cluster.raft.timing import Timing
from cluster.sim.disk import DiskModel
from cluster.sim.run import Story
from cluster.sim.timeline import render
from cluster.sim.world import World
from cluster.time_units import SECOND
from scenarios.backups import backups
from scenarios.gallery import DEFAULT_RULES, DEFAULT_SEED, LoadedStory, StoryError, brought_in
from scenarios.hunt.recorded_steps import RecordedSteps, TimedStep, take_steps
from scenarios.hunt.story_text import VERBS
from scenarios.meant_names import suggestion

ANY = "…"
"""Where this stands alone, any lines may come."""
STEPS = {verb: kind for kind, verb in VERBS.items()}
COMMANDS = ("ask", "do", "end", "found", "join", "rewire", "split", *STEPS)
HEADS = ("seed", "rules", "uses", "tune", "start")


def load_script(name: str, path: Path) -> LoadedStory:
    """The story in the file; StoryError says what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StoryError(f"{path} cannot be read ({error}): give a script in UTF-8") from error
    return ScriptText(name, path, text).loaded()


class ScriptText:
    """The commands of a text."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        self._name, self._path, self._number = name, path, 0
        self._seed, self._rules, self._lesson = DEFAULT_SEED, DEFAULT_RULES, ""
        self._known: dict[str, Any] = {"Timing": Timing, "DiskModel": DiskModel}
        self._known |= {each.__name__: each for each in vars(steps).values() if isinstance(each, type)}
        self._tuned: dict[str, Any] = {}
        self._nodes: tuple[str, ...] = ()
        self._application = ""
        self._moments: list[TimedStep] = []
        self._until: int | None = None
        self._has_begun = False
        """Whether a command has come: comments above the first are the lesson."""
        self._expected: list[tuple[int, str]] = []
        for self._number, line in enumerate(text.splitlines(), 1):
            if line[:1].isspace() and line.strip():
                self._expected.append((self._number, line.strip()))
            elif line.startswith("#"):
                self._lesson += "" if self._has_begun else f" {line.lstrip('# ').strip()}"
            elif line.strip():
                self._has_begun = True
                self._read(line.strip())
        if not self._nodes:
            self._wrong("the script starts no node: say `start ABC`")

    def loaded(self) -> LoadedStory:
        """The script as a story."""
        return LoadedStory(
            self._name, self._story(), self._lesson.strip(), self._seed, self._rules, (), str(self._path)
        )

    def _wrong(self, text: str) -> NoReturn:
        raise StoryError(f"{self._path}, line {self._number}: {text}")

    # -- reading

    def _read(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "at":
            at, _, said = rest.partition(" ")
            self._at(at, said.strip())
        elif word not in HEADS:
            meant = suggestion(word, (*HEADS, "at"))
            self._wrong(
                f"there is no command {word!r}.{meant} A step is `at SECONDS VERB`, its verb one of {', '.join(COMMANDS)}"
            )
        elif self._nodes:
            self._wrong(f"`{word}` belongs above `start`, which is said once")
        elif word == "seed":
            if not rest.removeprefix("-").isdecimal():
                self._wrong(f"seed {rest!r} is none: give a whole number")
            self._seed = int(rest)
        elif word == "rules":
            self._rules = rest
        elif word == "uses":
            self._use(rest)
        elif word == "tune":
            what, _, said = rest.partition(" ")
            if what not in ("timing", "disk"):
                self._wrong(f"tune {what!r}: tune `timing` or `disk`")
            self._tuned[what] = self._value(said)
        else:
            nodes, _, self._application = rest.partition(" ")
            self._nodes = self._group(nodes)
            if self._application not in ("", "backups"):
                self._class(self._application)

    def _use(self, rest: str) -> None:
        module, _, names = rest.partition(" ")
        try:
            found = brought_in(module) if module.endswith(".py") else importlib.import_module(module)
        except Exception as error:
            self._wrong(
                f"{module} cannot be brought in ({type(error).__name__}: {error}): name a module, and its classes after it"
            )
        for name in (each.strip() for each in names.split(",")):
            kind = getattr(found, name, None)
            if not isinstance(kind, type):
                self._wrong(f"{module} has no class {name!r}: name classes, with commas between them")
            self._known[name] = kind

    def _at(self, at: str, said: str) -> None:
        if not self._nodes:
            self._wrong("a step comes before the nodes have started: say `start ABC` above it")
        try:
            moment = round(float(at) * SECOND)
        except (ValueError, OverflowError):
            self._wrong(f"{at!r} is no time: give seconds since the start, for example `at 1.5 crash A`")
        if moment < (self._moments[-1].at if self._moments else 0):
            self._wrong(f"{at} is before the step above it: put the steps in the order of time")
        if self._until is not None:
            self._wrong("a step comes after the end: move `end` below it")
        if said == "end":
            self._until = moment
        else:
            self._moments.append(TimedStep(moment, self._step(said)))

    def _step(self, said: str) -> Any:
        verb, _, rest = said.partition(" ")
        words = rest.split()
        try:
            if verb == "do":
                step = self._value(rest)
                if not hasattr(step, "says"):
                    self._wrong(f"{rest!r} is no step: give one of cluster.steps")
            elif verb == "ask":
                node, _, request = rest.partition(" ")
                step = steps.Ask(node, self._value(request))
            elif verb == "found":
                step = steps.Start(self._group(rest))
            elif verb == "split":
                step = steps.Split(tuple(map(self._group, words)))
            elif verb == "join":
                step = steps.Join(words[0], watcher=words[1:] == ["watcher"])
            elif verb == "rewire":
                step = steps.Rewire(
                    **{name: ast.literal_eval(each) for name, _, each in (word.partition("=") for word in words)}
                )
            elif verb in STEPS:
                step = STEPS[verb](*words)
            else:
                self._wrong(
                    f"there is no verb {verb!r}.{suggestion(verb, COMMANDS)} The verbs are {', '.join(COMMANDS)}"
                )
        except (TypeError, ValueError, IndexError, SyntaxError) as error:
            if isinstance(error, StoryError):
                raise
            self._wrong(f"`{said}`: {error}: write it as `export --as script` does")
        return step

    def _group(self, names: str) -> tuple[str, ...]:
        return tuple(each.strip() for each in names.split(",")) if "," in names else tuple(names)

    def _value(self, said: str) -> Any:
        try:
            return self._value_of(ast.parse(said, mode="eval").body)
        except SyntaxError as error:
            self._wrong(f'`{said}` is no value ({error.msg}): write it as Python, for example Put(name="x", content=1)')

    def _value_of(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=plain):
                made: Any = plain
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                made = -self._value_of(inner)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                made = [self._value_of(each) for each in parts]
                made = tuple(made) if isinstance(node, ast.Tuple) else made
            case ast.Dict(keys=keys, values=values) if None not in keys:
                made = {
                    self._value_of(key): self._value_of(each) for key, each in zip(keys, values, strict=True) if key
                }
            case ast.Name(id=name):
                made = self._class(name)
            case ast.Attribute(value=inner, attr=name):
                outer = self._value_of(inner)
                made = vars(outer).get(name) if isinstance(outer, type) else None
                if not isinstance(made, type | Enum):
                    self._wrong(f"{ast.unparse(node)} is no class and no member of an enumeration")
            case ast.Call(func=func, args=args, keywords=named) if all(each.arg for each in named):
                made = self._made(func, args, named)
            case _:
                self._wrong(
                    f"`{ast.unparse(node)}` is no plain value: give numbers, texts, and classes that are used above"
                )
        return made

    def _class(self, name: str) -> Any:
        if name not in self._known:
            meant = suggestion(name, tuple(self._known))
            self._wrong(f"there is no {name!r} here.{meant} Name its module above, for example `uses my.module {name}`")
        return self._known[name]

    def _made(self, func: ast.expr, args: list[ast.expr], named: list[ast.keyword]) -> Any:
        kind = self._value_of(func)
        if not isinstance(kind, type):
            self._wrong(f"{ast.unparse(func)} is no class, and only values are made here")
        given = [*map(self._value_of, args)], {str(each.arg): self._value_of(each.value) for each in named}
        try:
            return kind(*given[0], **given[1])
        except Exception as error:
            self._wrong(f"{kind.__name__}: {error}")

    # -- playing

    def _story(self) -> Story:
        until = self._until or (self._moments[-1].at if self._moments else 0)
        plan = RecordedSteps(self._nodes, tuple(self._moments), until)
        given = (self._known[self._application],) if self._application not in ("", "backups") else ()

        async def story(world: World) -> None:
            world.tune(**self._tuned)
            if self._application == "backups":
                backups(world).start(self._nodes)
            else:
                world.start(self._nodes, *given)
            await take_steps(world, plan)
            if self._expected:
                lines = [line.strip() for line in render(world.history, world.names)]
                compare(self._path, self._expected, lines)

        return story


def compare(path: Path, expected: list[tuple[int, str]], lines: list[str]) -> None:
    """Raise AssertionError at the first line that is expected and did not come, or that came and is not expected."""
    is_open, place = False, 0
    for number, wanted in expected:
        if wanted == ANY:
            is_open = True
            continue
        at = next((at for at in range(place, len(lines)) if lines[at] == wanted), None) if is_open else place
        if at is None or at >= len(lines) or lines[at] != wanted:
            came = lines[place] if place < len(lines) else "nothing more"
            raise AssertionError(f"{path}, line {number}: expected\n  {wanted}\nand there came\n  {came}")
        is_open, place = False, at + 1
    if not is_open and place < len(lines):
        raise AssertionError(f"{path}: after the last line that is expected there came\n  {lines[place]}")
