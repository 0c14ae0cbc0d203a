"""The JSON form of agreed values in a logical backup: indexes as RavenDB's LINQ, identities, compare-exchange values, policies.

Only indexes that the model supports are read back: those over fields of one collection, with a reduce that counts and sums.
"""

import re
from collections.abc import Mapping
from typing import Any

from backup.database import exact_json
from backup.database.agreed_values import CompareExchange, Identity, IndexDefinition
from backup.database.items import text_of
from backup.database.revisions import RevisionPolicy

FIELD = r"[A-Za-z_]\w*"
MAP = re.compile(rf"from (\w+) in docs\.({FIELD}) select new \{{ (.+?) \}}")
MAPPED = re.compile(rf"\w+\.({FIELD})|(Count) = 1")
REDUCE = re.compile(
    rf"from r in results group r by r\.({FIELD}) into g select new \{{ \1 = g\.Key, "
    rf"Count = g\.Sum\(x => x\.Count\)((?:, {FIELD} = g\.Sum\(x => x\.{FIELD}\))*) \}}"
)
SUM = re.compile(rf"({FIELD}) = g\.Sum\(x => x\.({FIELD})\)")


def index_json(definition: IndexDefinition) -> dict[str, Any]:
    """The index definition as an item of the section `Indexes`."""
    mapped = [f"o.{field}" for field in definition.fields]
    reduce = None
    if definition.group_by:
        mapped.append("Count = 1")
        by = definition.group_by
        sums = "".join(f", {field} = g.Sum(x => x.{field})" for field in definition.sums)
        reduce = (
            f"from r in results group r by r.{by} into g "
            f"select new {{ {by} = g.Key, Count = g.Sum(x => x.Count){sums} }}"
        )
    kind = "MapReduce" if reduce else "Map"
    fields: dict[str, Any] = {
        "Name": definition.name,
        "SourceType": "Documents",
        "Type": kind,
        "LockMode": "Unlock",
        "Priority": "Normal",
        "State": "Normal",
        "Configuration": {},
        "Reduce": reduce,
        "Maps": [f"from o in docs.{definition.collection} select new {{ {', '.join(mapped)} }}"],
        "Fields": {},
    }
    return {"Type": kind, "IndexDefinition": fields}


def index_of(content: Mapping[str, Any]) -> IndexDefinition | None:
    """The index definition of an item of the section `Indexes`; None for an index that the model does not support."""
    match content:
        case {"Type": "AutoMap", "IndexDefinition": {"Name": str(name), "Collections": [str(collection)]}}:
            return _automatic(name, collection, content["IndexDefinition"])
        case {"Type": "Map" | "MapReduce", "IndexDefinition": {"Name": str(name), "Maps": [str(text)]}}:
            return _written(name, text, content["IndexDefinition"].get("Reduce"))
        case _:
            return None


def _automatic(name: str, collection: str, rest: Mapping[str, Any]) -> IndexDefinition | None:
    fields = tuple(str(field.get("Name")) for field in rest.get("MapFields", ()) if isinstance(field, Mapping))
    if not fields or rest.get("GroupByFields") or not all(field.isidentifier() for field in fields):
        return None
    return IndexDefinition(name, collection, fields)


def _written(name: str, text: str, reduce: object) -> IndexDefinition | None:
    found = MAP.fullmatch(text)
    if found is None:
        return None
    mapped = [MAPPED.fullmatch(part) for part in found[3].split(", ")]
    if not all(mapped):
        return None
    fields = tuple(part[1] for part in mapped if part is not None and part[1])
    if reduce is None:
        return IndexDefinition(name, found[2], fields) if len(fields) == len(mapped) else None
    reduced = REDUCE.fullmatch(str(reduce))
    if reduced is None or len(fields) != len(mapped) - 1:
        return None
    sums = SUM.findall(reduced[2])
    if any(left != right for left, right in sums) or not {reduced[1], *(left for left, _ in sums)} <= {*fields}:
        return None
    return IndexDefinition(name, found[2], fields, reduced[1], tuple(left for left, _ in sums))


def identity_json(identity: Identity) -> dict[str, Any]:
    """The identity as an item of the section `Identities`, with its number as text."""
    return {"Key": identity.key, "Value": str(identity.number)}


def exchanged_json(stored: CompareExchange) -> dict[str, Any]:
    """The value as an item of the section `CompareExchange`: a JSON text inside JSON, with the value under `Object`."""
    return {"Key": stored.key, "Value": f'{{"Object":{stored.text}}}'}


def exchanged_of(content: Mapping[str, Any]) -> tuple[str, str]:
    """Key and value as JSON of an item of the section `CompareExchange`."""
    return str(content["Key"]), text_of(exact_json.decoded(content["Value"])["Object"])


def revisions_json(policies: tuple[RevisionPolicy, ...]) -> dict[str, Any]:
    """The policies as the field `Revisions` of the database record."""

    def plain(policy: RevisionPolicy) -> dict[str, Any]:
        return {"Disabled": policy.disabled, "MinimumRevisionsToKeep": policy.minimum_to_keep}

    default = next((plain(policy) for policy in policies if not policy.collection), None)
    collections = {policy.collection: plain(policy) for policy in policies if policy.collection}
    return {"Default": default, "Collections": collections}


def policies_of(record: Mapping[str, Any]) -> tuple[RevisionPolicy, ...]:
    """The revision policies of a database record; empty if it has none."""
    found = record.get("Revisions")
    if not isinstance(found, Mapping):
        return ()
    named = dict(found.get("Collections") or {})
    if found.get("Default"):
        named[""] = found["Default"]
    return tuple(
        RevisionPolicy(name, policy.get("MinimumRevisionsToKeep"), bool(policy.get("Disabled")))
        for name, policy in sorted(named.items(), key=lambda each: str(each[0]).lower())
    )
