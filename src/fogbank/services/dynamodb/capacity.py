"""Builds ConsumedCapacity and ItemCollectionMetrics for responses.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.store.api import Reader

from .keys import Place
from .records import COLLECTIONS
from .schema import Schema
from .values import Item

GIB = 1024**3


def consumed(
    wanted: str | None,
    schema: Schema,
    table: float,
    indexes: Mapping[str, float] | None = None,
    *,
    transaction: str = "",
) -> dict[str, Any] | None:
    """Returns ConsumedCapacity as ReturnConsumedCapacity asks: None, the total, or also the table and each index.

    `transaction` is ReadCapacityUnits or WriteCapacityUnits, a member that only transactions report.
    """
    if wanted not in ("TOTAL", "INDEXES"):
        return None
    indexes = indexes or {}
    total = table + sum(indexes.values())
    result: dict[str, Any] = {"TableName": schema.name, "CapacityUnits": total}
    if transaction:
        result[transaction] = total
    if wanted == "INDEXES":
        result["Table"] = _units(table, transaction)
        for name, units in indexes.items():
            member = "LocalSecondaryIndexes" if schema.indexes[name].local else "GlobalSecondaryIndexes"
            result.setdefault(member, {})[name] = _units(units, transaction)
    return result


def _units(units: float, transaction: str) -> dict[str, float]:
    return {"CapacityUnits": units, transaction: units} if transaction else {"CapacityUnits": units}


def collection_metrics(
    wanted: str | None, tx: Reader, schema: Schema, place: Place, item: Item
) -> dict[str, Any] | None:
    """Returns ItemCollectionMetrics of a write, if the request asks for it and the table has local indexes."""
    if wanted != "SIZE" or not schema.local:
        return None
    found = tx.get(COLLECTIONS, (schema.account, schema.region, schema.box, place.bucket, place.pk))
    size = (found.size if found else 0) / GIB
    low = float(int(size))
    return {
        "ItemCollectionKey": {schema.keys.hash: item[schema.keys.hash]},
        "SizeEstimateRangeGB": [low, low + 1.0],
    }
