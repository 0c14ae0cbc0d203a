"""One decorator for every value of the house: a class with slots, compared by its fields, never changed.

Type checkers see `attrs.frozen`. At run time the check against changing is on when `UNKINDNESS_FROZEN=1` (the tests
set it) and off otherwise: it costs a factor of about 1.3 on the path of a message.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from attrs import frozen as value
else:
    FROZEN = os.environ.get("UNKINDNESS_FROZEN", "") == "1"

    def value(cls: type | None = None, **options: Any) -> type | Callable[[type], type]:
        """Make a class a value: slots, equality, hash and order of fields; frozen where that is checked."""
        if cls is None:
            return lambda late: value(late, **options)
        return attrs.define(cls, frozen=FROZEN, unsafe_hash=True, **options)


__all__ = ["value"]
