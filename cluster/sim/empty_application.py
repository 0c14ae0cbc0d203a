"""The smallest application: it has no state and no commands. A cluster of it only elects leaders."""

from collections.abc import Sequence
from typing import Any

from cluster.member import Application, Member, Refused


class Nothing(Application[None]):
    """An application without state; it answers every request with None."""

    @property
    def words(self) -> Sequence[type]:
        return ()

    def empty(self) -> None:
        return None

    def apply(self, state: None, command: Any, index: int) -> tuple[None, None]:
        return None, None

    async def run(self, member: Member) -> None:
        """Returns at once: there is no program."""

    async def serve(self, request: Any) -> Any:
        raise Refused(f"this cluster only elects and cannot serve {request!r}: start it with an application")
