"""Whatever an item holds comes back exactly, by every way to read it.

Reads that give items whole answer with the text that the store keeps; a projection or a filter makes them anew. All
have to agree. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

import itertools
import os
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DEEP = bool(os.environ.get("FOGBANK_FUZZ"))
KEYS = itertools.count()
AWKWARD = ['"', "\\", "/", "</script>", *"\u2028\u2029\x00\x1f\x7f\x80\ufeff\uffff\U0010ffff"]


def plain(number):
    """A number as DynamoDB shows it."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


texts = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",))),
    st.lists(st.one_of(st.sampled_from(AWKWARD), st.characters(exclude_categories=("Cs",)))).map("".join),
)
binaries = st.binary(max_size=40)
digits = st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal)
scaled = st.builds(lambda n, by: Decimal(n).scaleb(by), st.integers(-(10**9), 10**9), st.integers(-40, 20))
numbers = st.one_of(digits, scaled).map(plain)


def in_order(kind, members):
    return sorted(members, key=str.encode if kind == "SS" else Decimal if kind == "NS" else None)


def sets(kind, members):
    return st.lists(members, min_size=1, max_size=4, unique=True).map(lambda found: {kind: in_order(kind, found)})


scalars = st.one_of(
    st.builds(lambda text: {"S": text}, texts),
    st.builds(lambda number: {"N": number}, numbers),
    st.builds(lambda data: {"B": data}, binaries),
    st.builds(lambda truth: {"BOOL": truth}, st.booleans()),
    st.just({"NULL": True}),
    sets("SS", texts),
    sets("NS", numbers),
    sets("BS", binaries),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: {"L": found}),
        st.dictionaries(texts, inner, max_size=3).map(lambda found: {"M": found}),
    ),
    max_leaves=10,
)
items = st.dictionaries(texts.filter(lambda name: name not in ("", "pk")), values, max_size=5)


@pytest.fixture(scope="module")
def table(cloud):
    client = cloud.account().client("dynamodb")
    client.create_table(
        TableName="items",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "g")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-g",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return client


@settings(
    max_examples=1500 if DEEP else 120,
    deadline=None,
    derandomize=not DEEP,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(items)
def test_every_way_gives_the_same(table, attributes):
    name = str(next(KEYS))
    key = {"pk": {"S": name}}
    item = {**attributes, **key, "g": {"S": name}}
    table.put_item(TableName="items", Item=item)
    read = {"TableName": "items", "Key": key}
    assert table.get_item(**read)["Item"] == item
    names = {f"#{n}": attribute for n, attribute in enumerate(item)}
    everything = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    assert table.get_item(**read, **everything)["Item"] == item
    assert table.batch_get_item(RequestItems={"items": {"Keys": [key]}})["Responses"]["items"] == [item]
    assert table.transact_get_items(TransactItems=[{"Get": read}])["Responses"] == [{"Item": item}]
    query = {"TableName": "items", "IndexName": "by-g", "KeyConditionExpression": "g = :g"}
    given_ = {"ExpressionAttributeValues": {":g": {"S": name}}}
    assert table.query(**query, **given_)["Items"] == [item]
    assert table.query(**query, **given_, FilterExpression="attribute_exists(pk)")["Items"] == [item]
    same = {**given_["ExpressionAttributeValues"], ":n": {"S": name}}
    moved = table.update_item(
        **read, UpdateExpression="SET again = :n", ConditionExpression="g = :g", ExpressionAttributeValues=same,
        ReturnValues="ALL_NEW",
    )["Attributes"]  # fmt: skip
    assert moved == {**item, "again": {"S": name}}
    assert table.delete_item(**read, ReturnValues="ALL_OLD")["Attributes"] == moved
