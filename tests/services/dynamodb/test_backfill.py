"""Filling a new index beside writers who come in between, as they do on a networked store."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.services.dynamodb import jobs
from fogbank.services.dynamodb.records import ITEMS, STATISTICS, TABLES
from fogbank.store.api import Conflict


class Busy:
    """A context on a store where no transaction that touches more than `most` items gets through."""

    def __init__(self, ctx: Context, most: int) -> None:
        self.app, self._ctx, self._most = ctx.app, ctx, most
        self.refused: list[int] = []

    async def transact(self, function: Any, *args: Any) -> Any:
        if function is jobs._fill_some and args[-1] > self._most:
            self.refused.append(args[-1])
            raise Conflict("somebody wrote meanwhile")
        return await self._ctx.transact(function, *args)


@pytest.fixture
def unfilled(own_cloud: Any, make_sorted_table: Any) -> tuple[Any, Context, dict[str, Any]]:
    """A table of 130 items whose index by-g is CREATING and holds none of them; what the backfill is told."""
    account = own_cloud.account()
    ddb = account.client("dynamodb")
    make_sorted_table(ddb)
    for n in range(130):
        ddb.put_item(TableName="sorted", Item={"pk": {"S": f"p{n}"}, "sk": {"N": "0"}, "g": {"S": "g"},
                                               "h": {"N": str(n)}})  # fmt: skip
    ctx = Context(app=own_cloud.app, account=account.id, region="us-east-1", principal=root(account.id), request_id="r")
    (table,) = own_cloud.run(ctx.fetch(lambda tx: list(tx.scan(TABLES, (account.id,)))))
    (index,) = [one for one in table.indexes if one.name == "by-g"]
    prefix = (account.id, "us-east-1", index.box)

    def empty(tx: Any) -> None:
        for entry in list(tx.scan(ITEMS, prefix)):
            tx.delete(ITEMS, ITEMS.key(entry))
        for counted in list(tx.scan(STATISTICS, (account.id,))):
            counted.counts.pop("by-g")
            tx.put(STATISTICS, counted)
        index.status = "CREATING"
        tx.put(TABLES, table)
        own_cloud.app.local(jobs.State).changed(tx)

    own_cloud.run(ctx.transact(empty))
    return own_cloud, ctx, {"account": account.id, "region": "us-east-1", "table": "sorted", "box": index.box}


@pytest.mark.parametrize(("most", "refused"), [(20, []), (5, [20]), (1, [20, 5])])
def test_fewer_at_a_time_where_many_do_not_get_through(unfilled: Any, most: int, refused: list[int]) -> None:
    cloud, ctx, payload = unfilled
    ddb = cloud.account(ctx.account).client("dynamodb")
    busy: Any = Busy(ctx, most)
    cloud.run(jobs.backfill(busy, payload))
    assert busy.refused == refused
    (index,) = ddb.describe_table(TableName="sorted")["Table"]["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", 130)
    found = ddb.query(
        TableName="sorted", IndexName="by-g", KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "g"}},
    )["Items"]  # fmt: skip
    assert [item["h"]["N"] for item in found] == [str(n) for n in range(130)]
    cloud.run(jobs.backfill(busy, payload))  # jobs run at least once: again it changes nothing
    assert ddb.describe_table(TableName="sorted")["Table"]["GlobalSecondaryIndexes"][0]["ItemCount"] == 130


def test_it_gives_up_when_not_even_one_gets_through(unfilled: Any) -> None:
    cloud, ctx, payload = unfilled
    busy: Any = Busy(ctx, 0)
    with pytest.raises(Conflict):
        cloud.run(jobs.backfill(busy, payload))
    assert busy.refused == [20, 5, 1]
