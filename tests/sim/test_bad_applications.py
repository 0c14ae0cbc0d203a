"""An application that does not keep its contract is told so in one sentence, and where it can be at the start."""

from typing import Any

import pytest

from cluster.member import BadApplication, Member
from cluster.sim.run import play, run
from cluster.sim.world import Misuse, World
from tests.sim.vocabulary import Add, Adder, Word


@pytest.mark.parametrize("words", [None, "Add", (Add, 3), {Add}])
def test_an_application_without_words_is_refused_at_the_start(words: Any) -> None:
    """One error that shows what it gave: nothing at all, a name, something that is no class, a set without order."""

    class Mute(Adder):
        @property
        def words(self) -> Any:  # type: ignore[override]  # that is the mistake
            return words

    async def story(world: World) -> None:
        with pytest.raises(Misuse, match=r"the words of Mute are .*: let the property `words` give every class"):
            world.start("A", Mute)
        world.start("A", Adder)

    run(story)


def test_a_message_to_oneself_is_refused() -> None:
    """The program's mistake, named with its node; a name that nobody has is a host that does not answer."""

    async def program(member: Member) -> None:
        if member.name == "A":
            member.send("B", Word("hello"))
            member.send("X", Word("hello"))
            member.send("A", Word("hello"))

    async def story(world: World) -> None:
        world.start("AB", lambda: Adder(program))
        await world.elected()

    outcome = play(story)
    says = "node A sends Word to itself: a node has no link to itself, so call its handler"
    assert (outcome.verdict, type(outcome.failure), str(outcome.failure)) == ("mistake", BadApplication, says)
