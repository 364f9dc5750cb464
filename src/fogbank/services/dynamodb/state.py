"""DynamoDB's state in memory, one per cloud: a cache of table descriptions, and the remaining throughput.

    state = ctx.app.local(State)
    schema = state.require(ctx, tx, req["TableName"])

On a store that other nodes write to as well, descriptions are not cached. Otherwise, between another node's commit
and the arrival of its signal here, a write with the old description would leave an item out of a new index for good,
unnoticed. A description read in the transaction itself takes part in conflict detection.
"""

from __future__ import annotations

from functools import partial

from fogbank.core import arns
from fogbank.core.context import Cloud, Context
from fogbank.core.kinds import Named, Tagged, named, remember, resolved
from fogbank.store.api import Reader, Store, Transaction

from .definitions import check_name
from .errors import ProvisionedThroughputExceeded, ResourceNotFound
from .records import TABLES
from .schema import NAMESPACE, Schema, table_arn

TOPIC = "dynamodb/tables"  # signalled when a table's description changes
BURST = 300  # seconds of unused throughput that a table may save up
KEPT = 10_000  # table descriptions, and names, in the cache
TABLE = "table"

Target = tuple[str, str, str]  # account, region, table name


def target(ctx: Context, name: str) -> Target:
    """Returns the table that a TableName names: by a name, or by the exact ARN of a table in this region.

    With `ctx.names`, authorization must have resolved that name.
    """
    if ctx.names is not None:
        place: Target = resolved(ctx, TABLE, name).key
        return place
    return _place(ctx, name)


def _place(ctx: Context, name: str) -> Target:
    account, _, table = name.removeprefix(f"arn:{ctx.partition}:dynamodb:{ctx.region}:").partition(":table/")
    if table and "/" not in table and arns.ACCOUNT.fullmatch(account):
        return account, ctx.region, table
    return ctx.account, ctx.region, name  # not an ARN; a malformed ARN is not a valid name either


class State:
    def __init__(self, app: Cloud) -> None:
        self._limited = app.settings.limits != "off"
        self._keeps = app.store.embedded
        self._schemas: dict[Target, Schema] = {}
        self._names: dict[tuple[str, str, str], Named] = {}  # account, region and a request's text
        self.throughput = Throughput()
        app.signals.on(TOPIC, self.forget)
        app.signals.on("reset", self.forget)

    def name(self, ctx: Context, text: str) -> Named:
        """Names a table for authorization. Needs no look-up, since tables have no policies."""
        asked = (ctx.account, ctx.region, text)
        found = self._names.get(asked)
        if found is None:
            place = _place(ctx, text)
            found = named(
                table_arn(*place), place[0], key=place, record=Tagged(partial(self._tags, ctx.app.store, place))
            )
            if len(self._names) >= KEPT:
                self._names.clear()
            self._names[asked] = found
        return remember(ctx, TABLE, text, found)

    def _tags(self, store: Store, place: Target) -> dict[str, str]:
        with store.read() as tx:
            found = self.find(tx, place)
        return found.record.tags if found is not None else {}

    # -- tables ------------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Clears the cached descriptions, because one has changed."""
        self._schemas.clear()

    def changed(self, tx: Transaction) -> None:
        """Tells all nodes, once this transaction commits, that it changed a table's description."""
        tx.after_commit(self.forget)
        tx.signal(TOPIC)

    def find(self, tx: Reader, wanted: Target) -> Schema | None:
        """Returns a table's description. Do not use it in a transaction that changes the description."""
        found = self._schemas.get(wanted)
        if found is None:
            record = tx.get(TABLES, wanted)
            if record is None:
                return None
            found = Schema(record)
            if self._keeps:
                if len(self._schemas) >= KEPT:
                    self._schemas.clear()
                self._schemas[wanted] = found
        return found

    def require(self, ctx: Context, tx: Reader, name: str) -> Schema:
        """Returns the description of a data operation's table. Raises ResourceNotFound."""
        found = self.find(tx, target(ctx, name))
        if found is None:
            check_name(target(ctx, name)[2], least=1)
            raise ResourceNotFound
        return found

    # -- throughput --------------------------------------------------------------------------------------------------

    def check_read(self, ctx: Context, schema: Schema, index: str = "") -> None:
        """Raises ProvisionedThroughputExceeded when no read units are left."""
        if self._limited and schema.record.billing == "PROVISIONED":
            self._check(ctx, schema, index, "read")

    def check_write(self, ctx: Context, schema: Schema) -> None:
        """Raises ProvisionedThroughputExceeded when the table or one of its global indexes has no write units left."""
        if self._limited and schema.record.billing == "PROVISIONED":
            self._check(ctx, schema, "", "write")
            for index in schema.indexes.values():
                if not index.local:
                    self._check(ctx, schema, index.name, "write")

    def _check(self, ctx: Context, schema: Schema, index: str, kind: str) -> None:
        box, rate = _rate(schema, index, kind)
        if self.throughput.left(box, kind, rate, ctx.now()) > 0:
            return
        dimensions = {"GlobalSecondaryIndexName": index} if index else {}
        name = "ReadThrottleEvents" if kind == "read" else "WriteThrottleEvents"
        ctx.metric(NAMESPACE, name, 1, "Count", TableName=schema.name, **dimensions)
        if index:
            raise ProvisionedThroughputExceeded(
                "The level of configured provisioned throughput for one or more global secondary indexes of the table "
                "was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary "
                "indexes with the UpdateTable API"
            )
        raise ProvisionedThroughputExceeded

    def read(self, ctx: Context, schema: Schema, units: float, index: str = "") -> None:
        """Charges read units, and counts them for CloudWatch."""
        self._charge(ctx, schema, index, "read", units)

    def wrote(self, ctx: Context, schema: Schema, units: float, indexes: dict[str, float]) -> None:
        """Charges write units to a table and its global indexes, and counts them for CloudWatch.

        Units of local indexes are charged to the table.
        """
        for name, amount in indexes.items():
            if schema.indexes[name].local:
                units += amount
            else:
                self._charge(ctx, schema, name, "write", amount)
        self._charge(ctx, schema, "", "write", units)

    def _charge(self, ctx: Context, schema: Schema, index: str, kind: str, units: float) -> None:
        series = schema.reads if kind == "read" else schema.writes
        if index and not schema.indexes[index].local:
            ctx.metric(NAMESPACE, series[3], units, "Count", TableName=schema.name, GlobalSecondaryIndexName=index)
        else:
            ctx.app.metrics.count(series, units, "Count", ctx.app.clock.now())
        if self._limited and schema.record.billing == "PROVISIONED":
            box, rate = _rate(schema, index, kind)
            self.throughput.take(box, kind, rate, ctx.now(), units)


class Throughput:
    """Provisioned throughput, as token buckets that refill at their rate and hold up to five minutes' worth.

    A request passes while any units are left. It may overdraw, since its cost is known only afterwards.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
    """

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, float, int]] = {}  # (box, kind) → units, when, rate

    def left(self, box: str, kind: str, rate: int, now: float) -> float:
        level = self._levels.get((box, kind))
        if level is None or level[2] != rate:
            return float(rate * BURST)
        return min(float(rate * BURST), level[0] + max(now - level[1], 0.0) * rate)

    def take(self, box: str, kind: str, rate: int, now: float, units: float) -> None:
        self._levels[box, kind] = (self.left(box, kind, rate, now) - units, now, rate)


def _rate(schema: Schema, index: str, kind: str) -> tuple[str, int]:
    """Returns the box to which throughput is charged, and its units per second. Local indexes use their table's."""
    found = schema.indexes.get(index) if index else None
    if found is None or found.local:
        record = schema.record
        return schema.box, record.read_units if kind == "read" else record.write_units
    return found.box, found.record.read_units if kind == "read" else found.record.write_units
