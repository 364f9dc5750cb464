"""Query and Scan.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, cast

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import legacy
from ..arns import read_resource
from ..expressions.binding import Binding, Test
from ..expressions.compiled import Condition, Projection
from ..expressions.keys import KeyConditions
from ..keys import BUCKETS
from ..pages import FullKey, Page, Selection, Slice, Span, bounds, check_start, key_values, read_slice, start_place
from ..records import ITEMS
from ..schema import Index, Schema
from ..state import State
from ..units import read_units
from ..values import Item, Value
from .plans import planned

QUERY_LEGACY = ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions")
Answer = dict[str, Any] | Coroutine[Any, Any, dict[str, Any]]
SCAN_LEGACY = ("AttributesToGet", "ScanFilter", "ConditionalOperator")


class Begun(NamedTuple):
    """The source of a read: the table or one of its indexes, the range of keys, and the key after which to begin."""

    schema: Schema
    chosen: Index | None
    span: Span
    after: FullKey | None


class Read:
    """The parts that Query and Scan share: filter, projection, index, limits."""

    __slots__ = ("filter_name", "filtered", "nested", "req", "selection", "test")

    def __init__(
        self,
        req: dict[str, Any],
        condition: Condition | None,
        given: dict[str, Value],
        projection: Projection | None,
        filter_parameter: str = "",
    ) -> None:
        self.req = req
        self.test: Test | None = None
        self.filtered: frozenset[str] = frozenset()  # attributes that the filter mentions
        self.filter_name = "Filter Expression"
        self.nested: frozenset[str] = frozenset()
        if condition is not None:
            root: Any = condition.root
            self.test = lambda item: bool(root.test(item, given))
            self.filtered, self.nested = condition.heads, condition.nested
        elif filter_parameter and req.get(filter_parameter):
            old: Any = legacy.filter_condition(req[filter_parameter], req.get("ConditionalOperator"))
            self.test = lambda item: bool(old.test(item, {}))
            self.filtered, self.filter_name = frozenset(req[filter_parameter]), filter_parameter
        self.selection = Selection(req, projection)
        if self.selection.nested:
            self.nested |= self.selection.nested

    @classmethod
    def bound(cls, req: dict[str, Any], binding: Binding, filter_parameter: str) -> Read:
        """Makes a read with the expressions of a binding, or with the legacy `filter_parameter`."""
        condition = binding.condition("FilterExpression")
        legacy.check_operator(req, filter_parameter)
        return cls(req, condition, binding.values, binding.projection(), filter_parameter)

    def index(self, schema: Schema) -> Index | None:
        """Returns the index that is read; None for the table.

        Raises ValidationError for reads that the index cannot serve.
        """
        name = self.req.get("IndexName")
        if name is None:
            if self.nested:
                schema.check_nested(self.nested)
            return None
        index = schema.index(name)
        if not index.local and self.req.get("ConsistentRead"):
            raise ValidationError("Consistent reads are not supported on global secondary indexes")
        self.selection.check(schema, index)
        schema.check_nested(self.nested, index.keys)
        return index

    def run(self, ctx: Context, begin: Callable[[Reader], Begun]) -> Answer:
        """Returns the page if its first slice completes it; otherwise returns a coroutine that reads the rest."""
        page = Page(self.req.get("Limit"), self.test)
        with ctx.read() as tx:
            begun = begin(tx)
            found = self._slice(tx, ctx, begun, page, begun.after)
        page.add(found)
        if found.complete or page.last is not None:
            return self.answer(ctx, begun, page)
        return self._rest(ctx, begun, page, found)

    async def _rest(self, ctx: Context, begun: Begun, page: Page, found: Slice) -> dict[str, Any]:
        """Reads the remaining slices; other requests run in between, also during a page of many small items."""
        while not found.complete and page.last is None:
            await asyncio.sleep(0)
            after = cast(FullKey, ITEMS.key(found.records[-1]))
            found = await ctx.fetch(self._slice, ctx, begun, page, after)
            page.add(found)
        return self.answer(ctx, begun, page)

    def _slice(self, tx: Reader, ctx: Context, begun: Begun, page: Page, after: FullKey | None) -> Slice:
        return read_slice(
            tx,
            begun.schema,
            begun.span,
            after,
            reverse=self.req.get("ScanIndexForward") is False,
            limit=page.left,
            room=page.room,
            first=page.first(begun.schema),
            whole=begun.chosen is not None and self.selection.fetches(begun.chosen),
            as_json=ctx.takes_json and self.test is None and self.selection.whole,
        )

    def answer(self, ctx: Context, begun: Begun, page: Page) -> dict[str, Any]:
        req, schema, index, state = self.req, begun.schema, begun.chosen, ctx.app.local(State)
        result: dict[str, Any] = {"Count": len(page.items), "ScannedCount": page.scanned}
        if not self.selection.counts:
            result["Items"] = self.selection.apply(page.items)
        if page.last is not None:
            result["LastEvaluatedKey"] = key_values(schema, index, page.last.item)
        if page.scanned:
            schema.typical = page.size // page.scanned or 1
        units = read_units(page.size, bool(req.get("ConsistentRead")))
        name = index.name if index is not None else ""
        state.read(ctx, schema, units, name)
        if page.fetched:
            state.read(ctx, schema, page.fetched_units(bool(req.get("ConsistentRead"))))
        if "ReturnConsumedCapacity" in req:
            result["ConsumedCapacity"] = page.consumed(req, schema, name, units)
        return result


@operation("dynamodb", "Query", resource=read_resource, data_event=True)
def query(ctx: Context, req: dict[str, Any]) -> Answer:
    """Reads items of one partition in the order of their sort key. A page ends at Limit items or 1 MB."""
    plan = planned(req)
    if plan is not None:
        given = plan.admit(req)
        conditions = plan.conditions(given)
        read = Read(req, plan.filter, given, plan.projection)
    else:
        binding = Binding(
            req,
            expressions=("ProjectionExpression", "FilterExpression", "KeyConditionExpression"),
            legacy=QUERY_LEGACY if req.get("KeyConditionExpression") is not None else QUERY_LEGACY[:3],
        )
        conditions = _conditions(req, binding)
        read = Read.bound(req, binding, "QueryFilter")
        binding.finish()
    return read.run(ctx, lambda tx: _begin_query(tx, ctx, read, conditions))


def _begin_query(tx: Reader, ctx: Context, read: Read, conditions: KeyConditions) -> Begun:
    req, state = read.req, ctx.app.local(State)
    schema = state.require(ctx, tx, req["TableName"])
    index = read.index(schema)
    keys = index.keys if index is not None else schema.keys
    span = bounds(schema, index, conditions)
    for name in keys.names if read.filtered else ():
        if name in read.filtered:
            raise ValidationError(
                f"{read.filter_name} can only contain non-primary key attributes: Primary key attribute: {name}"
            )
    state.check_read(ctx, schema, index.name if index is not None else "")
    start = req.get("ExclusiveStartKey")
    if start is None:
        return Begun(schema, index, span, None)
    after = start_place(schema, index, start)
    check_start(keys, conditions, start)
    return Begun(schema, index, span, after)


def _conditions(req: dict[str, Any], binding: Binding) -> KeyConditions:
    found = binding.key_condition()
    if found is None:
        given = req.get("KeyConditions")
        if given is None:
            raise ValidationError(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        found = legacy.key_conditions(given)
    return found


@operation("dynamodb", "Scan", resource=read_resource, data_event=True)
def scan(ctx: Context, req: dict[str, Any]) -> Answer:
    """Reads every item of a table or an index, partition by partition. A page ends at Limit items or 1 MB."""
    segment = _segment(req)
    binding = Binding(req, expressions=("ProjectionExpression", "FilterExpression"), legacy=SCAN_LEGACY)
    read = Read.bound(req, binding, "ScanFilter")
    binding.finish()
    return read.run(ctx, lambda tx: _begin_scan(tx, ctx, read, segment))


def _begin_scan(tx: Reader, ctx: Context, read: Read, segment: tuple[int, int]) -> Begun:
    req, state = read.req, ctx.app.local(State)
    schema = state.require(ctx, tx, req["TableName"])
    index = read.index(schema)
    state.check_read(ctx, schema, index.name if index is not None else "")
    prefix = (schema.account, schema.region, index.box if index is not None else schema.box)
    number, total = segment
    low, high = -(-number * BUCKETS // total), -(-(number + 1) * BUCKETS // total)
    span = Span(prefix, (*prefix, low), (*prefix, high))
    start = req.get("ExclusiveStartKey")
    after = None if start is None else _scan_start(schema, index, start, low, high, segment)
    return Begun(schema, index, span, after)


def _scan_start(
    schema: Schema, index: Index | None, start: Item, low: int, high: int, segment: tuple[int, int]
) -> FullKey:
    after = start_place(schema, index, start)
    if not low <= after[3] < high:
        raise ValidationError(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
            f"correct Segment. TotalSegments: {segment[1]} Segment: {segment[0]}"
        )
    return after


def _segment(req: dict[str, Any]) -> tuple[int, int]:
    """Returns (Segment, TotalSegments) of a parallel scan; (0, 1) for a plain scan."""
    segment, total = req.get("Segment"), req.get("TotalSegments")
    if segment is None and total is None:
        return 0, 1
    if total is None:
        raise ValidationError(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
            "present"
        )
    if segment is None:
        raise ValidationError(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present"
        )
    if segment >= total:
        raise ValidationError(
            f"The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} "
            f"is not less than TotalSegments: {total}"
        )
    return segment, total
