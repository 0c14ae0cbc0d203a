"""The decorator for all value classes: slots, comparison by fields, no changes after construction.

Type checkers see `attrs.frozen`. At run time a change is refused only if `UNKINDNESS_FROZEN=1`, which the tests set:
the check makes every message about 1.3 times as slow.
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
        """Make a class a value: slots, equality, hash and order of fields; frozen if `UNKINDNESS_FROZEN=1`."""
        if cls is None:
            return lambda late: value(late, **options)
        return attrs.define(cls, frozen=FROZEN, unsafe_hash=True, **options)


__all__ = ["value"]
