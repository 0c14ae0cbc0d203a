"""The values of a database that all members agree on through the log: identities, compare-exchange values, index
definitions and revision policies; the commands that change them, and the pure function `change`.

Documents are not agreed through the log (documents.py); each node builds its own data of an index (indexes.py).
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from backup.database import fingerprint
from backup.database.items import check_new_id, key_of
from backup.database.revisions import Policies, RevisionPolicy
from cluster.member import ClientRequest, Refused
from cluster.value import value

T = TypeVar("T")


@value
class Identity:
    """A counter that only grows. Its key ends in `|`."""

    key: str
    """The key, with upper and lower case as in its first use."""
    number: int
    """The last number that was given out; the next request gets the number after it."""
    index: int
    """Log index of its last change."""


@value
class CompareExchange:
    """A compare-exchange value: it is replaced only by a request that names the index of the value it replaces."""

    key: str
    text: str
    """The value as JSON."""
    index: int
    """Log index of its last change. A request that replaces or deletes the value must name this index."""


@value
class IndexDefinition:
    """An index over one collection: it maps fields of the documents, and may reduce them to counts and sums by a field."""

    name: str
    collection: str
    fields: tuple[str, ...]
    """The top-level fields of a document that are mapped, each once."""
    group_by: str = ""
    """The mapped field by which documents are grouped; empty if the index does not reduce."""
    sums: tuple[str, ...] = ()
    """The mapped fields that each group adds up, beside counting its documents."""


@value
class Values:
    """All agreed values of one database. The keys of the mappings are in lower case."""

    identities: Mapping[str, Identity] = attrs.field(factory=dict, hash=False)
    exchanged: Mapping[str, CompareExchange] = attrs.field(factory=dict, hash=False)
    tombstones: Mapping[str, int] = attrs.field(factory=dict, hash=False)
    """Key of each deleted compare-exchange value to the log index of its deletion."""
    indexes: Mapping[str, IndexDefinition] = attrs.field(factory=dict, hash=False)
    policies: Policies = Policies()
    changed: int = 0
    """Log index of the last change of any of these values."""
    fingerprint_digits: str = fingerprint.hexadecimal(0)
    """The fingerprint of all values, without log indexes and tombstones, as 32 hex digits: no number of a snapshot is so large."""
    cleaned: int = 0
    """Log index of the latest deletion whose tombstone was cleaned: a chain that ends before it cannot be continued."""

    @property
    def fingerprint_sum(self) -> int:
        """Sum modulo 2**128 of the fingerprints of all values."""
        return int(self.fingerprint_digits, 16)


NOTHING = Values()


def combined(contents: int, values: Values) -> str:
    """The fingerprint of all that a backup keeps, as 32 hex digits.

    `contents` is the `fingerprint_sum` of the copy's documents and revisions; that of the values is added to it.
    """
    return fingerprint.hexadecimal(contents + values.fingerprint_sum)


def kept_by(values: Values, policies: Policies) -> Values:
    """The values with the revision policies that a copy applies, which may lag behind those agreed on."""
    return values if values.policies == policies else with_policies(values, policies.policies, values.changed)


# ---- commands ----


@value
class CompareExchangeResult:
    """The answer to a request to replace or delete a compare-exchange value."""

    successful: bool
    """False if the request named another index than that of the value; then nothing was changed."""
    text: str | None
    """The value after the request, as JSON; None if there is none."""
    index: int
    """Log index of the value's last change; after a deletion that of the deletion; 0 if there is no value."""


@value
class NextIdentity(ClientRequest[int]):
    """Give out the next `count` numbers of an identity. Answers the last of them."""

    database: str
    key: str
    count: int = 1

    def says(self) -> str:
        return f"wants a number of {self.key} in {self.database}"


@value
class SeedIdentity(ClientRequest[int]):
    """Raise the last number given out to `number`; a lower one changes nothing. Answers the number that holds."""

    database: str
    key: str
    number: int

    def says(self) -> str:
        return f"wants a number of {self.key} in {self.database}"


@value
class PutCompareExchange(ClientRequest[CompareExchangeResult]):
    """Create or replace a compare-exchange value. Answers a `CompareExchangeResult`."""

    database: str
    key: str
    text: str
    """The new value as JSON."""
    index: int
    """Index of the value to replace; 0 creates the value and fails if there is one."""

    def says(self) -> str:
        return f"exchanges value {self.key} of {self.database}"


@value
class DeleteCompareExchange(ClientRequest[CompareExchangeResult]):
    """Delete a compare-exchange value and leave a tombstone. Answers a `CompareExchangeResult`."""

    database: str
    key: str
    index: int
    """Index of the value to delete."""

    def says(self) -> str:
        return f"exchanges value {self.key} of {self.database}"


@value
class DefineIndex(ClientRequest[None]):
    """Create an index, or replace the one of the same name. Answers None."""

    database: str
    definition: IndexDefinition

    def says(self) -> str:
        return f"wants index {self.definition.name} of {self.database}"


@value
class RemoveIndex(ClientRequest[None]):
    """Remove an index. Answers None."""

    database: str
    name: str

    def says(self) -> str:
        return f"wants index {self.name} of {self.database} to go"


@value
class ConfigureRevisions(ClientRequest[None]):
    """Replace all revision policies of a database. Answers None."""

    database: str
    policies: tuple[RevisionPolicy, ...]

    def says(self) -> str:
        return f"wants other revisions kept in {self.database}"


@value
class CleanValueTombstones(ClientRequest[int]):
    """Remove tombstones of compare-exchange values that no backup needs any more (rule 18.6). Answers how many."""

    database: str
    up_to: int
    """Log index up to which deletions are forgotten, this one included."""

    def says(self) -> str:
        return f"wants deletions of compare-exchange values of {self.database} forgotten"


@value
class RestoreValues(ClientRequest[None]):
    """Put the agreed values of a backup into the database that was restored from it (rule 17.7). Answers None."""

    database: str
    identities: tuple[tuple[str, int], ...]
    exchanged: tuple[tuple[str, str], ...]
    """Key and value as JSON of each compare-exchange value."""
    indexes: tuple[IndexDefinition, ...]
    policies: tuple[RevisionPolicy, ...]

    def says(self) -> str:
        return f"wants values put into {self.database}"


ValueCommand = (
    NextIdentity
    | SeedIdentity
    | PutCompareExchange
    | DeleteCompareExchange
    | DefineIndex
    | RemoveIndex
    | ConfigureRevisions
    | CleanValueTombstones
    | RestoreValues
)

WORDS: tuple[type, ...] = (
    RevisionPolicy,
    IndexDefinition,
    NextIdentity,
    SeedIdentity,
    PutCompareExchange,
    DeleteCompareExchange,
    DefineIndex,
    RemoveIndex,
    ConfigureRevisions,
    RestoreValues,
)
"""Every class of a command that the codec carries, in a fixed order."""


# ---- change ----


def change(values: Values, command: ValueCommand, index: int) -> tuple[Values, object]:
    """The values after the command of log entry `index`, and the answer that the command's docstring promises.

    Raises `Refused`, which changes nothing, for a command that cannot be carried out.
    """
    match command:
        case NextIdentity(_, key, count):
            if count < 1:
                raise Refused(f"{count} numbers of identity {key!r} cannot be given: ask for 1 or more")
            before = values.identities.get(_identity_key(key))
            number = (before.number if before is not None else 0) + count
            return with_identity(values, key, number, index), number
        case SeedIdentity(_, key, number):
            before = values.identities.get(_identity_key(key))
            if before is not None and before.number >= number:
                return values, before.number
            return with_identity(values, key, number, index), number
        case PutCompareExchange(_, key, text, expected):
            return _exchange(values, key, text, expected, index)
        case DeleteCompareExchange(_, key, expected):
            return _exchange(values, key, None, expected, index)
        case DefineIndex(_, definition):
            return with_index(values, checked(definition), index), None
        case RemoveIndex(_, name):
            if name.lower() not in values.indexes:
                raise Refused(f"there is no index {name!r} to remove")
            return without_index(values, name, index), None
        case ConfigureRevisions(_, policies):
            return with_policies(values, policies, index), None
        case CleanValueTombstones(_, up_to):
            rest = {key: since for key, since in values.tombstones.items() if since > up_to}
            gone = [since for since in values.tombstones.values() if since <= up_to]
            cleaned = max(gone, default=values.cleaned)
            return (attrs.evolve(values, tombstones=rest, cleaned=cleaned) if gone else values), len(gone)
        case RestoreValues(_, identities, exchanged, indexes, policies):
            if policies:
                values = with_policies(values, policies, index)
            for key, number in identities:
                values = with_identity(values, key, number, index)
            for key, text in exchanged:
                values = with_exchanged(values, key, text, index)
            for definition in indexes:
                values = with_index(values, definition, index)
            return values, None


def _identity_key(key: str) -> str:
    if not key.endswith("|") or len(key) < 2 or not key.isprintable():
        raise Refused(f"{key!r} is no key of an identity: give printable characters that end in '|', as in 'orders|'")
    _check_length(key, "key of an identity")
    return key.lower()


def _exchange(
    values: Values, key: str, text: str | None, expected: int, index: int
) -> tuple[Values, CompareExchangeResult]:
    """Replace a value, or delete it if `text` is None, provided that its index is still the expected one."""
    try:
        known = values.exchanged.get(key_of(key))
    except ValueError as error:
        raise Refused(f"{key!r} is no key of a compare-exchange value: give printable characters") from error
    now = known.index if known is not None else 0
    if now != expected or (text is None and known is None):
        return values, CompareExchangeResult(False, known.text if known is not None else None, now)
    if text is None:  # an old one may be longer
        return without_exchanged(values, key, index), CompareExchangeResult(True, None, index)
    _check_length(key, "key of a compare-exchange value")
    return with_exchanged(values, key, text, index), CompareExchangeResult(True, text, index)


def _check_length(key: str, what: str) -> None:
    try:
        check_new_id(key, what)
    except ValueError as error:
        raise Refused(str(error)) from error


def checked(definition: IndexDefinition) -> IndexDefinition:
    """The definition unchanged if it is valid; raises `Refused`, which says what is wrong with it, otherwise."""
    name, fields = definition.name, definition.fields
    if not name or not name.isprintable() or not definition.collection:
        raise Refused(f"index {name!r} over collection {definition.collection!r}: give it a name and a collection")
    if not fields or len(set(fields)) != len(fields) or not all(field.isidentifier() for field in fields):
        raise Refused(
            f"index {name!r} maps {', '.join(fields) or 'nothing'}: name fields, each once, of letters and digits"
        )
    for field in filter(None, (definition.group_by, *definition.sums)):
        if field not in fields:
            raise Refused(f"index {name!r} reduces by {field!r}, which it does not map: add it to the fields")
    if definition.sums and not definition.group_by:
        raise Refused(f"index {name!r} has sums and no groups: say by which field")
    return definition


def with_identity(values: Values, key: str, number: int, index: int) -> Values:
    """The values with `number` as the last one given out for this identity."""
    before = values.identities.get(key.lower())
    identity = Identity(before.key if before is not None else key, number, index)
    identities = {**values.identities, key.lower(): identity}
    return _replaced(values, before, identity, index, identities=identities)


def with_exchanged(values: Values, key: str, text: str, index: int) -> Values:
    """The values with this compare-exchange value created or replaced."""
    place = key.lower()
    stored = CompareExchange(key, text, index)
    tombstones = _without(values.tombstones, place) if place in values.tombstones else values.tombstones
    exchanged = {**values.exchanged, place: stored}
    before = values.exchanged.get(place)
    return _replaced(values, before, stored, index, exchanged=exchanged, tombstones=tombstones)


def without_exchanged(values: Values, key: str, index: int) -> Values:
    """The values without that compare-exchange value, with a tombstone for the next incremental backup (rule 18.2)."""
    place = key.lower()
    before = values.exchanged.get(place)
    if before is None:
        return values
    tombstones = {**values.tombstones, place: index}
    exchanged = _without(values.exchanged, place)
    return _replaced(values, before, None, index, exchanged=exchanged, tombstones=tombstones)


def with_index(values: Values, definition: IndexDefinition, index: int) -> Values:
    """The values with that index definition; one of the same name is replaced."""
    rest = without_index(values, definition.name, index)
    return _replaced(rest, None, definition, index, indexes={**rest.indexes, definition.name.lower(): definition})


def without_index(values: Values, name: str, index: int) -> Values:
    """The values without the index definition of that name; unchanged if there is none."""
    before = values.indexes.get(name.lower())
    if before is None:
        return values
    return _replaced(values, before, None, index, indexes=_without(values.indexes, name.lower()))


def _without(entries: Mapping[str, T], key: str) -> dict[str, T]:
    return {known: stored for known, stored in entries.items() if known != key}


def without_indexes(values: Values) -> Values:
    """The values without any index definition."""
    for name in values.indexes:
        values = without_index(values, name, values.changed)
    return values


def with_policies(values: Values, policies: tuple[RevisionPolicy, ...], index: int) -> Values:
    """The values with exactly these policies.

    Raises `Refused` if two policies are of one collection, or one keeps fewer than 0 revisions.
    """
    ordered = tuple(sorted(policies, key=lambda policy: policy.collection.lower()))
    names = [policy.collection.lower() for policy in ordered]
    for policy in ordered:
        if names.count(policy.collection.lower()) > 1 or (policy.minimum_to_keep or 0) < 0:
            raise Refused(f"revisions of {policy.collection!r}: give each collection one policy that keeps 0 or more")
    return _replaced(values, values.policies, Policies(index, ordered), index, policies=Policies(index, ordered))


Counted = Identity | CompareExchange | IndexDefinition | Policies
"""The parts whose fingerprints add up to the fingerprint of the values."""


def _replaced(values: Values, before: Counted | None, after: Counted | None, index: int, **fields: Any) -> Values:
    """The values with these fields, and with the fingerprint after `before` was replaced by `after`."""
    total = values.fingerprint_sum + _fingerprint_of(after) - _fingerprint_of(before)
    return attrs.evolve(values, changed=index, fingerprint_digits=fingerprint.hexadecimal(total), **fields)


def _fingerprint_of(counted: Counted | None) -> int:
    match counted:
        case Identity(key, number):
            return fingerprint.of_texts("identity", key.lower(), str(number))
        case CompareExchange(key, text):
            return fingerprint.of_texts("exchanged", key.lower(), text)
        case IndexDefinition(name, collection, fields, group_by, sums):
            return fingerprint.of_texts("index", name, collection, *fields, "by", group_by, *sums)
        case Policies(policies=policies):
            return of_policies(policies)
        case None:
            return 0


def of_policies(policies: tuple[RevisionPolicy, ...]) -> int:
    """The fingerprint of these policies (128 bits); 0 if there are none."""
    texts = [f"{each.collection}\0{each.minimum_to_keep}\0{each.disabled}" for each in policies]
    return fingerprint.of_texts("revisions", *texts) if texts else 0
