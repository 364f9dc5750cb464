"""What DynamoDB keeps in memory, one per cloud: table descriptions in use, and the throughput that is left.

state = ctx.app.local(State)
schema = state.require(ctx, tx, req["TableName"])

On a store that other nodes write too, no description is kept: between another node's commit and its signal here, a
write by the old description would leave an item out of a new index for good, and nothing would notice. Read in the
transaction itself, the description is one of the things that a conflict is about.
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
BURST = 300  # seconds of unused throughput that are kept
KEPT = 10_000  # table descriptions, and names, in memory
TABLE = "table"

Target = tuple[str, str, str]  # account, region, table name


def target(ctx: Context, name: str) -> Target:
    """The table that a TableName means: a name here, or the exact ARN of a table of this region.

    With `ctx.names`, authorization must have been asked for that name.
    """
    if ctx.names is not None:
        place: Target = resolved(ctx, TABLE, name).key
        return place
    return _place(ctx, name)


def _place(ctx: Context, name: str) -> Target:
    account, _, table = name.removeprefix(f"arn:{ctx.partition}:dynamodb:{ctx.region}:").partition(":table/")
    if table and "/" not in table and arns.ACCOUNT.fullmatch(account):
        return account, ctx.region, table
    return ctx.account, ctx.region, name  # what is no ARN; a malformed one is no name either


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
        """The table that a TableName means, for authorization. Tables have no policies: nothing is looked up."""
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
        """Some table's description changed."""
        self._schemas.clear()

    def changed(self, tx: Transaction) -> None:
        """This transaction changes a table's description."""
        tx.after_commit(self.forget)
        tx.signal(TOPIC)

    def find(self, tx: Reader, wanted: Target) -> Schema | None:
        """A table's description; not to be asked for in a transaction that changes it."""
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
        """The table of a data operation. Raises ResourceNotFound."""
        found = self.find(tx, target(ctx, name))
        if found is None:
            check_name(target(ctx, name)[2], least=1)
            raise ResourceNotFound
        return found

    # -- throughput --------------------------------------------------------------------------------------------------

    def check_read(self, ctx: Context, schema: Schema, index: str = "") -> None:
        """Raise ProvisionedThroughputExceeded when no read units are left."""
        if self._limited and schema.record.billing == "PROVISIONED":
            self._check(ctx, schema, index, "read")

    def check_write(self, ctx: Context, schema: Schema) -> None:
        """Raise ProvisionedThroughputExceeded when the table, or a global index of it, has no write units left."""
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
        """Charge read units and count them for CloudWatch."""
        self._charge(ctx, schema, index, "read", units)

    def wrote(self, ctx: Context, schema: Schema, units: float, indexes: dict[str, float]) -> None:
        """Charge write units of a table and of its indexes (local ones to the table), and count them for CloudWatch."""
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
    """Provisioned units as buckets that fill at their rate, up to five minutes' worth.

    A request is let through while anything is left and may overdraw, since its cost is known only afterwards.
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
    """Where throughput is accounted, and its units a second. Local indexes draw on their table."""
    found = schema.indexes.get(index) if index else None
    if found is None or found.local:
        record = schema.record
        return schema.box, record.read_units if kind == "read" else record.write_units
    return found.box, found.record.read_units if kind == "read" else found.record.write_units
