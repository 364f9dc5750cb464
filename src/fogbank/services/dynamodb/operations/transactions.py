"""TransactWriteItems and TransactGetItems.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from ..arns import transact_get_resources, transact_write_resources
from ..capacity import collection_metrics, consumed
from ..changes import Change, Check, Done, Put, Removal, Update, perform
from ..errors import (
    ConditionalCheckFailed,
    IdempotentParameterMismatch,
    ItemCollectionSizeLimitExceeded,
    ProvisionedThroughputExceeded,
    TransactionCanceled,
)
from ..expressions.paths import project
from ..keys import Place
from ..records import ITEMS, TOKENS, ItemRecord, TokenRecord
from ..schema import Schema
from ..state import State
from ..units import read_units
from .items import requested_paths

MAX_SIZE = 4 * 1024 * 1024  # bytes of all items in a transaction
TOKEN_LIFE = 600_000  # milliseconds
FORGOTTEN = 4  # expired tokens that a transaction deletes at most
SEVERAL = "Transaction request cannot include multiple operations on one item"
Reason = dict[str, Any]

_KINDS: dict[str, type[Change]] = {"ConditionCheck": Check, "Put": Put, "Delete": Removal, "Update": Update}


class _Failures:
    """The cancellation reasons of a transaction, in the order of its parts."""

    def __init__(self, count: int) -> None:
        self.reasons: list[Reason] = [{"Code": "None"} for _ in range(count)]
        self.any = False

    def add(self, at: int, error: ServiceError) -> None:
        self.any = True
        code = _CODES.get(type(error), "ValidationError")
        self.reasons[at] = {"Code": code, "Message": error.message, **error.members}

    def error(self) -> TransactionCanceled:
        codes = ", ".join(reason["Code"] for reason in self.reasons)
        return TransactionCanceled(
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            CancellationReasons=self.reasons,
        )


_CODES: dict[type[ServiceError], str] = {
    ConditionalCheckFailed: "ConditionalCheckFailed",
    ItemCollectionSizeLimitExceeded: "ItemCollectionSizeLimitExceeded",
    ProvisionedThroughputExceeded: "ProvisionedThroughputExceeded",
}
_CANCELLING = (ValidationError, ConditionalCheckFailed, ItemCollectionSizeLimitExceeded, ProvisionedThroughputExceeded)


@operation("dynamodb", "TransactWriteItems", resource=transact_write_resources, data_event=True)
def transact_write_items(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Makes up to 100 writes and condition checks of different items, all or none."""
    token = req.get("ClientRequestToken")
    digest = _digest(req) if token else b""  # taken before numbers become canonical
    changes = [_change(entry) for entry in req["TransactItems"]]
    state = ctx.app.local(State)
    with ctx.write() as tx:
        schemas = [state.require(ctx, tx, change.req["TableName"]) for change in changes]
        if token:
            used = _used(tx, ctx, token)
            if used is not None:
                if used.digest != digest:
                    raise IdempotentParameterMismatch
                return _repeated(req, used, schemas)
        done = _perform_all(ctx, tx, state, changes, schemas)
        if sum(max(_size(part.old), size) for part, size in done) > MAX_SIZE:
            raise ValidationError("Transaction size exceeds the maximum allowed size of 4 MB")  # not confirmed
        if token:
            sizes = [(s.name, max(_size(part.old), size)) for s, (part, size) in zip(schemas, done, strict=True)]
            _remember(tx, ctx, TokenRecord(account=ctx.account, region=ctx.region, token=token, digest=digest,
                                           at=int(ctx.now() * 1000), sizes=sizes))  # fmt: skip
        metrics = _metrics(req, tx, schemas, changes, done)
    result: dict[str, Any] = {}
    capacity = _write_capacity(ctx, req, state, schemas, [part for part, _ in done])
    if capacity:
        result["ConsumedCapacity"] = capacity
    if metrics is not None:
        result["ItemCollectionMetrics"] = metrics
    return result


def _change(entry: dict[str, Any]) -> Change:
    given = [(kind, entry[kind]) for kind in _KINDS if entry.get(kind) is not None]
    if len(given) != 1:
        raise ValidationError("TransactItems can only contain one of Check, Put, Update or Delete")
    kind, part = given[0]
    return _KINDS[kind](part, transaction=True)


def _size(record: ItemRecord | None) -> int:
    return record.size if record is not None else 0


def _perform_all(
    ctx: Context, tx: Transaction, state: State, changes: Sequence[Change], schemas: Sequence[Schema]
) -> list[tuple[Done, int]]:
    """Performs all parts. Returns each part's outcome and new size.

    Raises TransactionCanceled when any part fails; then nothing is written.
    """
    failures = _Failures(len(changes))
    seen: set[tuple[str, Place]] = set()
    for at, (change, schema) in enumerate(zip(changes, schemas, strict=True)):
        try:
            place = change.place(schema)
        except ValidationError as error:
            if "cannot contain an empty" in error.message:
                raise  # AWS checks for these before the transaction begins
            failures.add(at, error)
            continue
        if (schema.box, place) in seen:
            raise ValidationError(SEVERAL)
        seen.add((schema.box, place))
    done: list[tuple[Done, int]] = []
    for at, (change, schema) in enumerate(zip(changes, schemas, strict=True)):
        if failures.reasons[at]["Code"] != "None":
            continue
        try:
            if not isinstance(change, Check):
                state.check_write(ctx, schema)
            part = perform(tx, schema, change)
        except _CANCELLING as error:
            failures.add(at, error)
            continue
        new = tx.get(ITEMS, schema.key(part.place)) if part.item is not None else None
        done.append((part, _size(new)))
    if failures.any:
        raise failures.error()
    return done


def _write_capacity(
    ctx: Context, req: dict[str, Any], state: State, schemas: Sequence[Schema], done: Sequence[Done]
) -> list[dict[str, Any]]:
    """Charges each table twice the plain units. Returns the ConsumedCapacity entries."""
    totals: dict[str, tuple[Schema, float, dict[str, float]]] = {}
    for schema, part in zip(schemas, done, strict=True):
        _, units, indexes = totals.get(schema.box, (schema, 0.0, {}))
        merged = {name: indexes.get(name, 0.0) + part.indexes.get(name, 0.0) * 2
                  for name in {**indexes, **part.indexes}}  # fmt: skip
        totals[schema.box] = schema, units + part.units * 2, merged
    found = []
    for schema, units, indexes in totals.values():
        state.wrote(ctx, schema, units, indexes)
        told = consumed(req.get("ReturnConsumedCapacity"), schema, units, indexes, transaction="WriteCapacityUnits")
        if told is not None:
            found.append(told)
    return found


def _metrics(
    req: dict[str, Any],
    tx: Transaction,
    schemas: Sequence[Schema],
    changes: Sequence[Change],
    done: Sequence[tuple[Done, int]],
) -> dict[str, list[Any]] | None:
    if req.get("ReturnItemCollectionMetrics") != "SIZE":
        return None
    found: dict[str, list[Any]] = {}
    for schema, change, (part, _) in zip(schemas, changes, done, strict=True):
        item = change.req.get("Item") or change.req["Key"]
        told = collection_metrics("SIZE", tx, schema, part.place, item)
        if told is not None and told not in found.setdefault(schema.name, []):
            found[schema.name].append(told)
    return found


# -- idempotency -------------------------------------------------------------------------------------------


def _digest(req: dict[str, Any]) -> bytes:
    """Returns the digest of the TransactItems to which a token is bound.

    It leaves out the parameters that only affect the answer, and ignores the order of members.
    """
    return sha256(msgspec.msgpack.encode(_ordered(req["TransactItems"]))).digest()


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_ordered(inner) for inner in value]
    return value


def _used(tx: Reader, ctx: Context, token: str) -> TokenRecord | None:
    found = tx.get(TOKENS, (ctx.account, ctx.region, token))
    return found if found is not None and found.at > ctx.now() * 1000 - TOKEN_LIFE else None


def _remember(tx: Transaction, ctx: Context, record: TokenRecord) -> None:
    """Stores a token, and deletes a few expired ones."""
    prefix = (ctx.account, ctx.region)
    for old in list(tx.scan_index(TOKENS, "age", prefix, end=(*prefix, record.at - TOKEN_LIFE), limit=FORGOTTEN)):
        tx.delete(TOKENS, TOKENS.key(old))
    tx.put(TOKENS, record)


def _repeated(req: dict[str, Any], used: TokenRecord, schemas: Sequence[Schema]) -> dict[str, Any]:
    """Builds the answer to a repeated transaction: its consumed capacity is what reading its items costs."""
    totals: dict[str, float] = {}
    for name, size in used.sizes:
        totals[name] = totals.get(name, 0.0) + read_units(size, True, transactional=True)
    found = []
    for schema in {schema.name: schema for schema in schemas}.values():
        told = consumed(
            req.get("ReturnConsumedCapacity"), schema, totals.get(schema.name, 0.0), transaction="ReadCapacityUnits"
        )
        if told is not None:
            found.append(told)
    return {"ConsumedCapacity": found} if found else {}


# -- reading -------------------------------------------------------------------------------------------


@operation("dynamodb", "TransactGetItems", resource=transact_get_resources, data_event=True)
def transact_get_items(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Reads up to 100 items in one consistent snapshot."""
    parts = [entry["Get"] for entry in req["TransactItems"]]
    wanted = [requested_paths(part) for part in parts]
    state = ctx.app.local(State)
    failures = _Failures(len(parts))
    responses: list[dict[str, Any]] = []
    totals: dict[str, tuple[Schema, float]] = {}
    total = 0
    with ctx.read() as tx:
        schemas = [state.require(ctx, tx, part["TableName"]) for part in parts]
        seen: set[tuple[str, Place]] = set()
        for at, (part, schema, (paths, nested)) in enumerate(zip(parts, schemas, wanted, strict=True)):
            try:
                place = schema.place(part["Key"])
                schema.check_nested(nested)
                state.check_read(ctx, schema)
            except (ValidationError, ProvisionedThroughputExceeded) as error:
                if "cannot contain an empty" in error.message:
                    raise
                failures.add(at, error)
                continue
            if (schema.box, place) in seen:
                raise ValidationError(SEVERAL)
            seen.add((schema.box, place))
            record = tx.get(ITEMS, schema.key(place))
            total += _size(record)
            _, units = totals.get(schema.box, (schema, 0.0))
            totals[schema.box] = schema, units + read_units(_size(record), True, transactional=True)
            responses.append({} if record is None else {"Item": _chosen(ctx, record, paths)})
    if failures.any:
        raise failures.error()
    if total > MAX_SIZE:
        raise ValidationError("Transaction size exceeds the maximum allowed size of 4 MB")  # not confirmed
    result: dict[str, Any] = {"Responses": responses}
    capacity = []
    for schema, units in totals.values():
        state.read(ctx, schema, units)
        told = consumed(req.get("ReturnConsumedCapacity"), schema, units, transaction="ReadCapacityUnits")
        if told is not None:
            capacity.append(told)
    if capacity:
        result["ConsumedCapacity"] = capacity
    return result


def _chosen(ctx: Context, record: ItemRecord, paths: Any) -> Any:
    return record.shown(as_json=ctx.takes_json) if paths is None else project(paths, record.item)
