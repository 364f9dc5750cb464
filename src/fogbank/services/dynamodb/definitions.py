"""Checks the requests of CreateTable and UpdateTable and builds their records, without store and clock.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.core.errors import NotBuilt, ValidationError

from .records import IndexRecord
from .values import INVALID

MAX_LOCAL = 5
GLOBAL_INDEXES = "L-F7858A77"  # quota code: global indexes per table
MAX_PROJECTED = 100  # attributes in all INCLUDE projections of a table together
MAX_UNITS = 1_000_000_000_000
PATTERN = "[a-zA-Z0-9_.-]+"
MAX_TAGS = 50
SAME_NAME = "Both the Hash Key and the Range Key element in the KeySchema have the same name"

_NAME = re.compile(rf"{PATTERN}\Z")


def check_name(name: str, least: int = 3) -> None:
    """Raises ValidationError for a table name that CreateTable refuses.

    Other operations accept shorter names (and do not find them); they pass a smaller `least`.
    """
    if not _NAME.match(name):
        problem = f"Member must satisfy regular expression pattern: {PATTERN}"
    elif len(name) < least:
        problem = f"Member must have length greater than or equal to {least}"
    elif len(name) > 255:
        problem = "Member must have length less than or equal to 255"
    else:
        return
    raise ValidationError(
        f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: {problem}"
    )


def attribute_kinds(definitions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Returns AttributeDefinitions as name → type."""
    found: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in found:
            raise ValidationError(f"{INVALID}Duplicate AttributeName in AttributeDefinitions: {name}")
        found[name] = definition["AttributeType"]
    return found


def key_names(schema: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], *, table: bool = False) -> list[str]:
    """Returns the attributes of a KeySchema: partition key, sort key. Raises ValidationError with AWS's texts."""
    names = [element["AttributeName"] for element in schema]
    if table and len(names) > 2:
        shown = ", ".join(
            f"KeySchemaElement(attributeName={element['AttributeName']}, keyType={element['KeyType']})"
            for element in schema
        )
        raise ValidationError(
            f"1 validation error detected: Value '[{shown}]' at 'keySchema' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        )
    doubled = len(names) == 2 and names[0] == names[1] and len(kinds) == 1
    if any(name not in kinds for name in names) or (table and doubled):
        if table and len(names) == 2:
            raise ValidationError("Invalid KeySchema: Some index key attribute have no definition")
        raise ValidationError(
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(kinds)}]"
        )
    if len(names) > 2:
        raise ValidationError(
            "Fogbank does not have index keys of several attributes yet: one HASH key and at most one RANGE key"
        )
    if len(names) == 2 and names[0] == names[1]:
        raise ValidationError(SAME_NAME)
    if schema[0]["KeyType"] != "HASH":
        raise ValidationError("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(names) == 2 and schema[1]["KeyType"] != "RANGE":
        raise ValidationError("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    return names


def index_record(
    spec: Mapping[str, Any], kinds: Mapping[str, str], billing: str, box: str, *, table_keys: Sequence[str] | None
) -> IndexRecord:
    """Builds the record of an index.

    `table_keys` is given for a local index, which must have the table's partition key.
    """
    name = spec["IndexName"]
    keys = key_names(spec["KeySchema"], kinds)
    if table_keys is not None:
        if len(keys) != 2:
            raise ValidationError(f"{INVALID}Index KeySchema does not have a range key for index: {name}")
        if keys[0] != table_keys[0]:
            raise ValidationError(
                f"{INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                f"{name}. index hash key: {keys[0]}, table hash key: {table_keys[0]}"
            )
    projection = spec.get("Projection") or {}
    kind, attributes = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        raise ValidationError(f"{INVALID}Unknown ProjectionType: null")
    if attributes and kind != "INCLUDE":
        raise ValidationError(f"{INVALID}ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == "INCLUDE" and not attributes:
        raise ValidationError(f"{INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    read, write = (0, 0) if table_keys is not None else index_throughput(spec, billing)
    return IndexRecord(
        name=name,
        box=box,
        local=table_keys is not None,
        keys=keys,
        projection=kind,
        attributes=list(attributes or ()),
        read_units=read,
        write_units=write,
        on_demand=dict(spec.get("OnDemandThroughput") or {}),
        warm=dict(spec.get("WarmThroughput") or {}),
    )


def index_throughput(spec: Mapping[str, Any], billing: str) -> tuple[int, int]:
    name, given = spec["IndexName"], spec.get("ProvisionedThroughput")
    if billing == "PAY_PER_REQUEST":
        if given and (given.get("ReadCapacityUnits") or given.get("WriteCapacityUnits")):
            raise ValidationError(
                f"{INVALID}ProvisionedThroughput should not be specified for index: {name} "
                "when BillingMode is PAY_PER_REQUEST"
            )
        return 0, 0
    if not given:
        raise ValidationError(f"{INVALID}ProvisionedThroughput must be specified for index: {name}")
    return units(given, f" for index {name}")


def table_throughput(req: Mapping[str, Any], billing: str) -> tuple[int, int]:
    given = req.get("ProvisionedThroughput")
    if billing == "PAY_PER_REQUEST":
        if given:
            raise ValidationError(
                f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST"
            )
        return 0, 0
    if not given:
        raise ValidationError(
            f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    return units(given, "")


def units(given: Mapping[str, Any], where: str) -> tuple[int, int]:
    """Returns the (read, write) units of a ProvisionedThroughput."""
    for name in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if given[name] > MAX_UNITS:
            raise ValidationError(f"Given value {given[name]} for {name} is out of bounds{where}")
    return given["ReadCapacityUnits"], given["WriteCapacityUnits"]


def check_indexes(
    indexes: Sequence[IndexRecord], kinds: Mapping[str, str], table_keys: Sequence[str], most: float
) -> None:
    """Checks all indexes of a table together; at most `most` may be global."""
    local = sum(index.local for index in indexes)
    if local > MAX_LOCAL:
        raise ValidationError(f"{INVALID}LocalSecondaryIndex count exceeds the per-table limit of {MAX_LOCAL}")
    if local and len(table_keys) != 2:
        raise ValidationError(
            f"{INVALID}Table KeySchema does not have a range key, which is required when specifying a "
            "LocalSecondaryIndex"
        )
    if len(indexes) - local > most:
        raise ValidationError(f"{INVALID}GlobalSecondaryIndex count exceeds the per-table limit of {most}")
    names = [index.name for index in indexes]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ValidationError(f"{INVALID}Duplicate index name: {name}")
    projected = sum(len(index.attributes) for index in indexes)
    if projected > MAX_PROJECTED:  # AWS's text is not confirmed
        raise ValidationError(f"{INVALID}The number of projected attributes exceeds the limit of {MAX_PROJECTED}")
    used = list(dict.fromkeys([*table_keys, *(key for index in indexes for key in index.keys)]))
    if len(used) != len(kinds):
        if not indexes:
            raise ValidationError(
                f"{INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
                "AttributeDefinitions"
            )
        raise ValidationError(
            f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [{', '.join(kinds)}], "
            f"keys used: [{', '.join(used)}]"
        )


def refuse_unbuilt(operation: str, req: Mapping[str, Any], members: Sequence[str]) -> None:
    """Raises NotBuilt for a member that Fogbank does not support and would otherwise ignore."""
    for name in members:
        if req.get(name):
            raise NotBuilt("dynamodb", f"{operation} with {name}")


def check_stream(spec: Mapping[str, Any]) -> None:
    if spec.get("StreamEnabled") and not spec.get("StreamViewType"):
        raise ValidationError(f"{INVALID}StreamSpecification StreamViewType is required when StreamEnabled is true")
    if not spec.get("StreamEnabled") and spec.get("StreamViewType"):
        raise ValidationError(
            f"{INVALID}StreamSpecification StreamViewType should not be specified when StreamEnabled is false"
        )


def tags_of(tags: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags or ():
        if tag["Key"] in found:
            raise ValidationError(f"{INVALID}Duplicate tag key: {tag['Key']}")
        if tag["Key"].lower().startswith("aws:"):
            raise ValidationError(f"{INVALID}aws: prefixed tag key names are not allowed for external use.")
        found[tag["Key"]] = tag["Value"]
    if len(found) > MAX_TAGS:
        raise ValidationError(f"{INVALID}Too many tags: the limit is {MAX_TAGS} tags per resource")
    return found
