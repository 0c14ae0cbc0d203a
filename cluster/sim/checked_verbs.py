"""`checked_verbs`: what a story gives to the verbs of a class is compared with their annotations before anything happens.

A wrong argument is a Misuse at the line of the story, with verb, value and remedy, and never an error of Python's from
somewhere inside. Never here: what kinds of values there are (`cluster.argument_kinds`).
"""

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import wraps
from itertools import takewhile
from types import FunctionType
from typing import Any, TypeVar

from cluster.argument_kinds import kind_of, problem
from cluster.sim.errors import Misuse
from cluster.sim.forgotten_awaits import refuse_coroutine
from cluster.written_times import seconds

C = TypeVar("C", bound=type)


def checked_verbs(cls: C) -> C:
    """Let every public method of the class check what it is given."""
    for name, member in list(vars(cls).items()):
        if isinstance(member, FunctionType) and not name.startswith("_"):
            setattr(cls, name, _checked(member))
    return cls


def _checked(verb: FunctionType) -> Callable[..., Any]:
    parameters = list(inspect.signature(verb).parameters.values())[1:]
    check = Arguments(verb, parameters).check
    if inspect.iscoroutinefunction(verb):

        @wraps(verb)
        async def waits(self: Any, *given: Any, **named: Any) -> Any:
            check(given, named)
            return await verb(self, *given, **named)

        return waits

    @wraps(verb)
    def acts(self: Any, *given: Any, **named: Any) -> Any:
        check(given, named)
        return verb(self, *given, **named)

    return acts


class Arguments:
    """The parameters of one verb, and what each of them admits."""

    def __init__(self, verb: FunctionType, parameters: list[inspect.Parameter]) -> None:
        self._verb = verb
        self._signature = inspect.Signature(parameters)
        plain = [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
        self._names = [each.name for each in plain]
        self._least = sum(each.default is each.empty for each in plain)
        self._learnt = False
        self._annotations: dict[str, object] = {}
        self._fits: list[Callable[[Any], bool]] = []

    def check(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        """Raise Misuse if an argument does not fit, is missing, or is none of the verb's."""
        if not self._learnt:
            self._learn()
        usual = not named and self._least <= len(given) <= len(self._fits)
        if usual and all(fits(each) for fits, each in zip(self._fits, given, strict=False)):
            return  # at a fraction of the price of what follows
        try:
            bound = self._signature.bind(*given, **named).arguments
        except TypeError as error:
            raise Misuse(f"{self._verb.__name__}: {error}{self._known(named)}") from None
        for name, content in bound.items():
            kind = self._signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                found = [(name, each) for each in content]
            elif kind is inspect.Parameter.VAR_KEYWORD:
                found = list(content.items())
            else:
                found = [(name, content)]
            for called, each in found:
                self._check_one(called, each, self._annotations[name])

    def _check_one(self, name: str, given: Any, annotation: object) -> None:
        refuse_coroutine(given)
        secret = name in SECRETS and annotation is not str
        said = problem(name, given, annotation, secret)
        if not said and name == "within" and seconds(given) < 0:
            said = f"within is {given}: give seconds, 0 or more"
        if said:
            raise Misuse(f"{self._verb.__name__}: {said}")

    def _known(self, named: Mapping[str, Any]) -> str:
        """What the parameters are called, and which one may have been meant."""
        names = list(self._signature.parameters)
        wrong = next((name for name in named if name not in names), "")
        near = get_close_matches(wrong, names, n=1) if wrong else []
        hint = f". Did you mean {near[0]}?" if near else ":"
        return f"{hint} its parameters are {', '.join(names) or 'none'}"

    def _learn(self) -> None:
        """Read the annotations, late: a class that is named in quotes may come after the verb."""
        space = self._verb.__globals__
        for name, parameter in self._signature.parameters.items():
            annotation = parameter.annotation
            if isinstance(annotation, str):
                annotation = space.get(annotation, Any)
            self._annotations[name] = Any if annotation is parameter.empty else annotation
        usual = takewhile(lambda name: name != "within", self._names)  # whose range is looked at as well
        self._fits = [kind_of(self._annotations[name]).fits for name in usual]
        self._learnt = True


SECRETS = ("key", "encryption")
"""Parameters whose value no error shows, unless they are meant to be text."""
