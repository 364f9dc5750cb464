"""A data directory whose items are of version 1, the item a value of its own rather than JSON text, reads as before."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank import testing
from fogbank.services.dynamodb.records import ITEMS, TABLES
from fogbank.services.dynamodb.schema import Schema
from fogbank.services.dynamodb.values import size_of
from fogbank.store.api import Record, Table
from fogbank.store.sqlite import SqliteStore

NAME = "sorted"
BY_G = {"IndexName": "by-g", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g0"}}}


class OldItem(Record, array_like=True):
    account: str
    region: str
    box: str
    bucket: int
    pk: bytes
    sk: bytes
    base: bytes
    size: int
    item: dict[str, dict[str, Any]]


OLD_ITEMS = Table(ITEMS.name, OldItem, key=ITEMS.key, version=1)


def item(n: int) -> dict[str, Any]:
    return {
        "pk": {"S": "p"},
        "sk": {"N": str(n)},
        "g": {"S": f"g{n % 2}"},
        "h": {"N": str(-n)},
        "l": {"S": f"l{9 - n}"},
        "x": {"S": 'quoted "x" \\ \u2028\x00\x1f é 😀'},
        "b": {"B": bytes(range(256))},
        "bs": {"BS": [b"", b"\x00", b"\xff" * 3]},
        "ns": {"NS": ["-1.5", "3", "12345678901234567890123456789012345678"]},
        "ss": {"SS": ["", "a", "ü"]},
        "deep": {"M": {"": {"L": [{"B": b"\x80"}, {"NULL": True}, {"BOOL": False}, {"M": {}}, {"L": []}]}}},
        "empty": {"S": ""},
    }


ALL = [item(n) for n in range(6)]


def old(record: Any, value: dict[str, Any]) -> OldItem:
    return OldItem(
        account=record.account, region=record.region, box=record.box, bucket=record.bucket, pk=record.pk,
        sk=record.sk, base=record.base, size=size_of(value), item=value,
    )  # fmt: skip


def fill(store: SqliteStore, account: str) -> None:
    """Write what version 1 wrote for `ALL`: the items, and their index entries."""
    with store.write() as tx:
        (table,) = tx.scan(TABLES, (account,))
        schema = Schema(table)
        for value in ALL:
            place = schema.item_place(value)
            tx.put(OLD_ITEMS, old(schema.record_of(place, value, size_of(value)), value))
            for index in schema.indexes.values():
                entry = schema.entry(index, value, place)
                assert entry is not None
                tx.put(OLD_ITEMS, old(entry, index.project(value)))
    with store.read() as tx:
        assert len(list(tx.scan(OLD_ITEMS))) == 3 * len(ALL)


@pytest.fixture
def ddb(tmp_path: Any, fogbank_options: Any, make_sorted_table: Any) -> Any:
    with testing.cloud(data=tmp_path, **fogbank_options) as before:
        account = before.account()
        make_sorted_table(account.client("dynamodb"))
    store = SqliteStore(tmp_path)
    fill(store, account.id)
    store.close()
    with testing.cloud(data=tmp_path, **fogbank_options) as after:
        yield after.account(account.id).client("dynamodb")


def key(n: int) -> dict[str, Any]:
    return {name: ALL[n][name] for name in ("pk", "sk")}


def test_reads_of_single_items(ddb: Any) -> None:
    assert ddb.get_item(TableName=NAME, Key=key(3))["Item"] == ALL[3]
    projected = ddb.get_item(TableName=NAME, Key=key(3), ProjectionExpression="b, deep")["Item"]
    assert projected == {"b": ALL[3]["b"], "deep": ALL[3]["deep"]}
    keys = [key(n) for n in range(6)]
    found = ddb.batch_get_item(RequestItems={NAME: {"Keys": keys}})["Responses"][NAME]
    assert sorted(found, key=lambda one: one["sk"]["N"]) == ALL
    found = ddb.transact_get_items(TransactItems=[{"Get": {"TableName": NAME, "Key": k}} for k in keys])
    assert [one["Item"] for one in found["Responses"]] == ALL


def test_queries_and_scans(ddb: Any) -> None:
    query = {"TableName": NAME, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
    assert ddb.query(**query)["Items"] == ALL
    assert ddb.scan(TableName=NAME)["Items"] == ALL
    found = ddb.query(
        **{**query, "ExpressionAttributeValues": {":p": {"S": "p"}, ":g": {"S": "g1"}, ":b": {"B": b"\x00"}}},
        FilterExpression="g = :g AND contains(bs, :b)", ProjectionExpression="sk, bs",
    )["Items"]  # fmt: skip
    assert found == [{"sk": ALL[n]["sk"], "bs": ALL[n]["bs"]} for n in (1, 3, 5)]
    page = ddb.query(**query, Limit=4)
    assert page["LastEvaluatedKey"] == key(3)
    assert ddb.query(**query, ExclusiveStartKey=page["LastEvaluatedKey"])["Items"] == ALL[4:]


def test_indexes(ddb: Any) -> None:
    projected = ("pk", "sk", "g", "h", "x")
    assert ddb.query(TableName=NAME, **BY_G)["Items"] == [{name: ALL[n][name] for name in projected} for n in (4, 2, 0)]
    values = {":p": {"S": "p"}, ":l": {"S": "l7"}}
    local = {"TableName": NAME, "IndexName": "by-l", "KeyConditionExpression": "pk = :p AND l >= :l"}
    found = ddb.query(**local, ExpressionAttributeValues=values)["Items"]
    assert found == [{name: ALL[n][name] for name in ("pk", "sk", "l")} for n in (2, 1, 0)]
    found = ddb.query(**local, ExpressionAttributeValues=values, Select="ALL_ATTRIBUTES")["Items"]
    assert found == [ALL[n] for n in (2, 1, 0)]


def test_writes_replace_them(ddb: Any) -> None:
    """An update reads version 1 and writes version 2; entries of version 1 are found and taken away."""
    changed = ddb.update_item(
        TableName=NAME, Key=key(2), UpdateExpression="SET g = :g, x = :x ADD ns :ns DELETE bs :bs",
        ConditionExpression="contains(ss, :u) AND b = :b", ReturnValues="ALL_NEW",
        ExpressionAttributeValues={
            ":g": {"S": "g1"}, ":x": {"S": "new"}, ":ns": {"NS": ["7"]}, ":bs": {"BS": [b"\x00"]}, ":u": {"S": "ü"},
            ":b": {"B": bytes(range(256))},
        },
    )["Attributes"]  # fmt: skip
    expected = {
        **ALL[2],
        "g": {"S": "g1"},
        "x": {"S": "new"},
        "bs": {"BS": [b"", b"\xff" * 3]},
        "ns": {"NS": ["-1.5", "3", "7", "12345678901234567890123456789012345678"]},
    }
    assert changed == expected
    assert ddb.get_item(TableName=NAME, Key=key(2))["Item"] == expected
    gone = ddb.delete_item(TableName=NAME, Key=key(0), ReturnValues="ALL_OLD")["Attributes"]
    assert gone == ALL[0]
    assert [one["sk"] for one in ddb.query(TableName=NAME, **BY_G)["Items"]] == [{"N": "4"}]
    assert ddb.scan(TableName=NAME)["Items"] == [ALL[1], expected, *ALL[3:]]
    assert ddb.scan(TableName=NAME, IndexName="by-l", Select="COUNT")["Count"] == 5
