"""Items in answers: as large and as odd as they may be, in pages of many, and for callers that take no JSON."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any

import pytest

from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.services.dynamodb.pages import FIRST, PAGE, Span, read_slice

ODD = {
    "pk": {"S": "odd"},
    "planes": {"S": "".join(map(chr, (0x41, 0x7F, 0x80, 0x2028, 0xFFFF, 0x10000, 0x1F600, 0xE0001, 0x10FFFF)))},
    "controls": {"S": "".join(map(chr, range(32)))},
    "quotes": {"S": "\"'\\/</script>"},
    "blank": {"S": ""},
    "none": {"L": []},
    "empty": {"M": {"": {"B": b""}}},
    "digits": {"N": "-1234567890123456789012345678901234567.8"},
    "most": {"N": "9" * 38 + "0" * 88},
    "least": {"N": "0." + "0" * 129 + "1"},
    "ss": {"SS": ["", "\x00", "\U0010ffff"]},
    "ns": {"NS": ["-1", "0", "12345678901234567890123456789012345678"]},
    "bs": {"BS": [b"", b"\x00", b"\xff"]},
    "truth": {"BOOL": False},
    "null": {"NULL": True},
}


def put_many(ddb: Any, table: str, items: list[dict[str, Any]]) -> None:
    for at in range(0, len(items), 25):
        ddb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in items[at : at + 25]]})


def pages(call: Any, **request: Any) -> list[list[dict[str, Any]]]:
    found = []
    while True:
        page = call(**request)
        found.append(page["Items"])
        if "LastEvaluatedKey" not in page:
            return found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


# -- exactly what was put ------------------------------------------------------------------------------------------


def test_odd_items_come_back_exactly(ddb: Any, plain: str) -> None:
    """Empty strings and binaries are allowed but in keys, numbers have 38 digits and 1E-130 to 9.9E+125.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    item = ODD
    key = {"pk": ODD["pk"]}
    ddb.transact_write_items(TransactItems=[{"Put": {"TableName": plain, "Item": item}}])
    assert ddb.get_item(TableName=plain, Key=key)["Item"] == item
    assert ddb.transact_get_items(TransactItems=[{"Get": {"TableName": plain, "Key": key}}])["Responses"] == [
        {"Item": item}
    ]
    assert ddb.batch_get_item(RequestItems={plain: {"Keys": [key]}})["Responses"] == {plain: [item]}
    assert ddb.scan(TableName=plain)["Items"] == [item]
    for attribute, value in item.items():
        found = ddb.get_item(
            TableName=plain, Key=key, ProjectionExpression="#a", ExpressionAttributeNames={"#a": attribute}
        )["Item"]
        assert found == {attribute: value}
        if attribute != "pk":
            found = ddb.scan(
                TableName=plain, FilterExpression="#a = :v", ExpressionAttributeNames={"#a": attribute},
                ExpressionAttributeValues={":v": value},
            )["Items"]  # fmt: skip
            assert found == [item]


@pytest.mark.parametrize("filler", ["x", "\x01", "😀", "\\"])
def test_items_of_400_kb(ddb: Any, plain: str, helpers: Any, filler: str) -> None:
    """The limit is of UTF-8 bytes, names included, however long the text is as JSON.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
    """
    room = 400 * 1024 - len("pk" + "big" + "v")
    count, rest = divmod(room, len(filler.encode()))
    item = {"pk": {"S": "big"}, "v": {"S": filler * count + "." * rest}}
    ddb.put_item(TableName=plain, Item=item)
    assert ddb.get_item(TableName=plain, Key={"pk": {"S": "big"}})["Item"] == item
    item["v"]["S"] += "."
    message = helpers.invalid(ddb.put_item, TableName=plain, Item=item)
    assert message == "Item size has exceeded the maximum allowed size"


# -- pages of many -----------------------------------------------------------------------------------------------------


@pytest.fixture
def many(ddb: Any, sorted_table: str) -> list[dict[str, Any]]:
    """1,300 small items of one partition: more than are read at a time."""
    items = [{"pk": {"S": "p"}, "sk": {"N": str(n)}, "l": {"S": f"{n:04}"}, "y": {"S": "z"}} for n in range(1300)]
    put_many(ddb, sorted_table, items)
    return items


QUERY = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}


@pytest.mark.parametrize("more", [{}, {"FilterExpression": "attribute_exists(y)"}, {"ScanIndexForward": False}])
def test_pages_of_more_items_than_are_read_at_once(ddb: Any, sorted_table: str, many: Any, more: Any) -> None:
    wanted = many if more.get("ScanIndexForward", True) else many[::-1]
    for limit in (None, FIRST, FIRST + 1, 499, 500, 501, 1000, 1299, 1300, 1301):
        limited = {} if limit is None else {"Limit": limit}
        found = pages(ddb.query, TableName=sorted_table, **QUERY, **more, **limited)
        size = limit or len(many)
        assert [len(page) for page in found if page] == [
            len(wanted[at : at + size]) for at in range(0, len(wanted), size)
        ]
        assert [item for page in found for item in page] == wanted
    completed = ddb.query(TableName=sorted_table, IndexName="by-l", Select="ALL_ATTRIBUTES", **QUERY)["Items"]
    assert completed == many
    scanned = pages(ddb.scan, TableName=sorted_table, Limit=501)
    assert [item for page in scanned for item in page] == many


def test_pages_of_small_items_end_at_a_megabyte(ddb: Any, sorted_table: str) -> None:
    """A page ends with the item that reaches 1 MB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
    """
    items = [{"pk": {"S": "p"}, "sk": {"N": str(n)}, "v": {"S": "x" * 1000}} for n in range(1000, 2400)]
    put_many(ddb, sorted_table, items)
    size = len("pk" + "p" + "sk" + "v") + 1000 + 3  # a number of four digits has three bytes
    whole = -(-(1024 * 1024) // size)
    for more in ({}, {"FilterExpression": "attribute_exists(v)"}):
        found = pages(ddb.query, TableName=sorted_table, **QUERY, **more)
        assert [item for page in found for item in page] == items
        assert abs(len(found[0]) - whole) <= 1


@pytest.mark.parametrize("large_first", [False, True])
def test_pages_of_small_and_large_items(ddb: Any, sorted_table: str, *, large_first: bool) -> None:
    """How many items are read at a time follows from those before; none is left out where sizes change."""
    sizes = [10] * 200 + [150_000] * 12 + [10] * 100
    sizes = sizes if not large_first else sizes[200:] + sizes[:200]
    items = [{"pk": {"S": "p"}, "sk": {"N": str(n)}, "v": {"S": "x" * size}} for n, size in enumerate(sizes)]
    for item in items:
        if len(item["v"]["S"]) > 10:
            ddb.put_item(TableName=sorted_table, Item=item)
    put_many(ddb, sorted_table, [item for item in items if len(item["v"]["S"]) == 10])
    for limit in ({}, {"Limit": 205}, {"Limit": 7}):
        found = pages(ddb.query, TableName=sorted_table, **QUERY, **limit)
        assert [item for page in found for item in page] == items
        for page in found:
            assert sum(len(item["v"]["S"]) for item in page[:-1]) < 1024 * 1024


class Kept:
    """A reader of records that are nothing but their size; it counts what it was asked for."""

    def __init__(self, sizes: list[int]) -> None:
        self.left = sizes
        self.read = 0

    def page(self, table: Any, prefix: Any, *, limit: int, **_: Any) -> list[Any]:
        found, self.left = self.left[:limit], self.left[limit:]
        self.read += sum(found)
        return [Sized(size) for size in found]


class Sized:
    account = region = box = pk = sk = base = ""
    bucket = 0
    item: Any = None

    def __init__(self, size: int) -> None:
        self.size = size


@pytest.mark.parametrize("size", [60, 1000, 5000, 100_000, 400_000])
def test_a_page_reads_little_more_than_it_gives(size: int) -> None:
    """500 records are read at a time where they are small; of 400 KB that would be 200 MB, for three of them."""
    kept: Any = Kept([size] * 5000)
    found = read_slice(
        kept, None, Span((), None, None), None,  # type: ignore[arg-type]
        reverse=False, limit=500, room=PAGE, first=FIRST, whole=False, as_json=False,
    )  # fmt: skip
    assert len(found.records) == min(500, -(-PAGE // size))
    assert not found.complete
    assert kept.read <= max(found.size + 2 * size, FIRST * size)


# -- callers that take no JSON -----------------------------------------------------------------------------------------


BINARY = {"pk": {"S": "b"}, "b": {"B": b"\x00\xff"}, "bs": {"BS": [b"\x01", b"\x02"]}, "s": {"S": 'a"\u2028'}}
READS: list[tuple[str, dict[str, Any]]] = [
    ("GetItem", {"Key": {"pk": {"S": "b"}}}),
    ("Query", {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "b"}}}),
    ("Scan", {}),
    ("BatchGetItem", {"RequestItems": {"plain": {"Keys": [{"pk": {"S": "b"}}]}}}),
    ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "plain", "Key": {"pk": {"S": "b"}}}}]}),
]


def found_in(answer: dict[str, Any]) -> Any:
    match answer:
        case {"Item": item} | {"Items": [item]} | {"Responses": {"plain": [item]}} | {"Responses": [{"Item": item}]}:
            return item
    raise AssertionError(answer)


@pytest.mark.parametrize(("operation", "request_"), READS)
def test_other_services_get_dicts(
    cloud: Any, aws: Any, ddb: Any, plain: str, operation: str, request_: dict[str, Any]
) -> None:
    """Even of a call whose own answer may hold text, as that of another DynamoDB operation."""
    ddb.put_item(TableName=plain, Item=BINARY)
    ctx = Context(
        app=cloud.app, account=aws.id, region="us-east-1", principal=root(aws.id), request_id="r", takes_json=True
    )
    request = request_ if "Items" in operation or "Batch" in operation else {"TableName": plain, **request_}
    for caller in (ctx, ctx.acting_as(root(aws.id))):
        answer = cloud.run(caller.call("dynamodb", operation, request))
        assert found_in(answer) == BINARY
        assert type(found_in(answer)) is dict


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ALLOWED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}


def test_api_gateways_integration(aws: Any, ddb: Any, plain: str) -> None:
    """Blobs arrive in base64, once.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-s3.html tells how
    such an integration is made; that DynamoDB's is the plain JSON API follows from its action in the URI.
    """
    ddb.put_item(TableName=plain, Item=BINARY)
    iam, gateway = aws.client("iam"), aws.client("apigateway")
    role = iam.create_role(RoleName="reads", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="reads", PolicyName="p", PolicyDocument=json.dumps(ALLOWED))
    paths = {}
    for operation, request in READS[:3]:
        paths[f"/{operation}"] = {
            "get": {
                "responses": {"200": {"description": "200"}},
                "x-amazon-apigateway-integration": {
                    "type": "aws", "httpMethod": "POST", "credentials": role,
                    "uri": f"arn:aws:apigateway:us-east-1:dynamodb:action/{operation}",
                    "requestTemplates": {"application/json": json.dumps({"TableName": plain, **request})},
                    "responses": {"default": {"statusCode": "200"}},
                },
            }
        }  # fmt: skip
    document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths}
    api = gateway.import_rest_api(body=json.dumps(document))["id"]
    gateway.create_deployment(restApiId=api, stageName="dev")
    expected = {
        **BINARY,
        "b": {"B": base64.b64encode(b"\x00\xff").decode()},
        "bs": {"BS": [base64.b64encode(one).decode() for one in (b"\x01", b"\x02")]},
    }
    for operation, _ in READS[:3]:
        url = f"{aws.endpoint}/_aws/execute-api/{api}/dev/{operation}"
        with urllib.request.urlopen(url, timeout=40) as answer:
            assert found_in(json.loads(answer.read())) == expected
