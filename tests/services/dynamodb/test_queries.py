"""Query and Scan.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
Texts are AWS's as recorded by dynalite's tests and the public DynamoDB conformance suite.
"""

import json

import pytest
from boto3.dynamodb.conditions import Attr, Key

INVALID = "One or more parameter values were invalid: "


@pytest.fixture
def filled(ddb, sorted_table):
    """Twelve items of partition a (sk -3 … 8), one of partition b."""
    for n in range(-3, 9):
        item = {"pk": {"S": "a"}, "sk": {"N": str(n)}, "x": {"S": f"x{n}"}, "y": {"S": "y" * 10}}
        if n % 2 == 0:
            item |= {"g": {"S": "even"}, "h": {"N": str(-n)}, "l": {"S": f"l{n % 4}"}}
        ddb.put_item(TableName=sorted_table, Item=item)
    ddb.put_item(TableName=sorted_table, Item={"pk": {"S": "b"}, "sk": {"N": "1"}})
    return sorted_table


@pytest.fixture
def query(ddb, filled):
    def query(expression, values, **more):
        return ddb.query(TableName=filled, KeyConditionExpression=expression, ExpressionAttributeValues=values, **more)

    return query


def numbers(answer, name="sk"):
    return [int(item[name]["N"]) for item in answer["Items"]]


A = {":a": {"S": "a"}}


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("pk = :a", {}, range(-3, 9)),
        ("pk = :a AND sk = :x", {":x": "2"}, [2]),
        ("sk < :x AND pk = :a", {":x": "0"}, range(-3, 0)),
        ("pk = :a AND sk <= :x", {":x": "0.5"}, range(-3, 1)),
        ("pk = :a AND sk > :x", {":x": "5"}, range(6, 9)),
        ("pk = :a AND :x <= sk", {":x": "7"}, range(7, 9)),
        ("pk = :a AND sk BETWEEN :x AND :y", {":x": "-1", ":y": "1"}, [-1, 0, 1]),
        ("(pk = :a) AND (sk BETWEEN :x AND :y)", {":x": "8", ":y": "99"}, [8]),
        ("pk = :a AND sk > :x", {":x": "100"}, []),
    ],
)
def test_key_conditions(query, condition, values, found):
    values = {name: {"N": value} for name, value in values.items()}
    answer = query(condition, {**A, **values})
    assert numbers(answer) == list(found)
    assert answer["Count"] == answer["ScannedCount"] == len(found)
    assert "LastEvaluatedKey" not in answer
    assert numbers(query(condition, {**A, **values}, ScanIndexForward=False)) == list(found)[::-1]


def test_begins_with(ddb, helpers):
    ddb.create_table(
        TableName="words", KeySchema=helpers.schema("pk", "sk"), BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=helpers.attributes(pk="N", sk="B"),
    )  # fmt: skip
    for word in (b"a", b"ab", b"ab\xff", b"ab\xff\xff", b"ac", b"\xff", b"\xff\xff"):
        ddb.put_item(TableName="words", Item={"pk": {"N": "1"}, "sk": {"B": word}})

    def found(prefix):
        answer = ddb.query(
            TableName="words", KeyConditionExpression="pk = :p AND begins_with(sk, :s)",
            ExpressionAttributeValues={":p": {"N": "1.0"}, ":s": {"B": prefix}},
        )  # fmt: skip
        return [item["sk"]["B"] for item in answer["Items"]]

    assert found(b"ab") == [b"ab", b"ab\xff", b"ab\xff\xff"]
    assert found(b"ab\xff") == [b"ab\xff", b"ab\xff\xff"]
    assert found(b"\xff") == [b"\xff", b"\xff\xff"]


def test_legacy_conditions(ddb, filled):
    def condition(operator, *values):
        return {"ComparisonOperator": operator, "AttributeValueList": list(values)}

    keys = {"pk": condition("EQ", {"S": "a"}), "sk": condition("BETWEEN", {"N": "0"}, {"N": "3"})}
    answer = ddb.query(TableName=filled, KeyConditions=keys, QueryFilter={"x": condition("NE", {"S": "x1"})})
    assert numbers(answer) == [0, 2, 3] and answer["ScannedCount"] == 4
    either = {"x": condition("EQ", {"S": "x1"}), "g": condition("NOT_NULL")}
    answer = ddb.query(TableName=filled, KeyConditions=keys, QueryFilter=either, ConditionalOperator="OR")
    assert numbers(answer) == [0, 1, 2]
    answer = ddb.scan(TableName=filled, ScanFilter={"x": condition("IN", {"S": "x1"}, {"S": "x2"})})
    assert sorted(numbers(answer)) == [1, 2] and answer["ScannedCount"] == 13
    answer = ddb.scan(TableName=filled, ScanFilter={"x": condition("CONTAINS", {"S": "-"})}, AttributesToGet=["sk"])
    assert sorted(item["sk"]["N"] for item in answer["Items"]) == ["-1", "-2", "-3"]
    assert all(item.keys() == {"sk"} for item in answer["Items"])


def test_pages(query):
    seen, start = [], {}
    for size in (5, 5, 2):
        answer = query("pk = :a", A, Limit=5, **start)
        assert answer["Count"] == size
        seen += numbers(answer)
        start = {"ExclusiveStartKey": answer.get("LastEvaluatedKey")}
    assert seen == list(range(-3, 9)) and start["ExclusiveStartKey"] is None
    # a page that ends with the last item has a LastEvaluatedKey all the same
    answer = query("pk = :a", A, Limit=12)
    assert answer["LastEvaluatedKey"] == {"pk": {"S": "a"}, "sk": {"N": "8"}}
    answer = query("pk = :a", A, ExclusiveStartKey=answer["LastEvaluatedKey"])
    assert answer["Items"] == []
    # where the next page begins need not exist any more
    answer = query("pk = :a", A, ScanIndexForward=False, ExclusiveStartKey={"pk": {"S": "a"}, "sk": {"N": "2.5"}})
    assert numbers(answer) == [2, 1, 0, -1, -2, -3]


def test_a_page_ends_at_a_megabyte(ddb, plain, sorted_table):
    for n in range(6):
        item = {"pk": {"S": "a"}, "sk": {"N": str(n)}, "x": {"S": "x" * 300_000}}
        ddb.put_item(TableName=sorted_table, Item=item)
    request = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": A}
    answer = ddb.query(TableName=sorted_table, **request, ReturnConsumedCapacity="TOTAL")
    assert numbers(answer) == [0, 1, 2, 3] and answer["LastEvaluatedKey"]["sk"] == {"N": "3"}
    assert answer["ConsumedCapacity"]["CapacityUnits"] == pytest.approx(293 / 2, abs=1)
    pages = ddb.get_paginator("query").paginate(TableName=sorted_table, **request)
    assert sum(page["Count"] for page in pages) == 6
    # the filter comes after the page is read
    answer = ddb.scan(TableName=sorted_table, FilterExpression="sk = :n", ExpressionAttributeValues={":n": {"N": "5"}})
    assert answer["Count"] == 0 and answer["ScannedCount"] == 4 and "LastEvaluatedKey" in answer
    # so many small items that they are read in several slices
    for start in range(0, 1200, 25):
        batch = [{"PutRequest": {"Item": {"pk": {"S": f"{n:04}"}}}} for n in range(start, start + 25)]
        ddb.batch_write_item(RequestItems={plain: batch})
    answer = ddb.scan(TableName=plain)
    assert answer["Count"] == 1200 and len({item["pk"]["S"] for item in answer["Items"]}) == 1200
    answer = ddb.scan(TableName=plain, Limit=700)
    rest = ddb.scan(TableName=plain, ExclusiveStartKey=answer["LastEvaluatedKey"])
    assert answer["Count"] == 700 and rest["Count"] == 500


def test_filters_and_projections(query, ddb, filled):
    answer = query(
        "pk = :a", {**A, ":x": {"S": "x1"}}, FilterExpression="x > :x", Limit=8,
        ProjectionExpression="#s", ExpressionAttributeNames={"#s": "sk"},
    )  # fmt: skip
    assert answer["Items"] == [{"sk": {"N": "2"}}, {"sk": {"N": "3"}}, {"sk": {"N": "4"}}]
    assert answer["ScannedCount"] == 8 and answer["LastEvaluatedKey"]["sk"] == {"N": "4"}
    answer = query("pk = :a", A, Select="COUNT")
    assert answer["Count"] == 12 and "Items" not in answer


def test_through_the_resource(aws, ddb, filled):
    table = aws.resource("dynamodb", region_name="us-east-1").Table(filled)
    found = table.query(
        KeyConditionExpression=Key("pk").eq("a") & Key("sk").between(0, 6),
        FilterExpression=Attr("g").exists() & ~Attr("x").is_in(["x2", "x4"]),
    )
    assert [item["sk"] for item in found["Items"]] == [0, 6]
    assert table.item_count == 13


def test_global_index(ddb, filled, helpers):
    request = {
        "TableName": filled,
        "IndexName": "by-g",
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "even"}},
    }
    answer = ddb.query(**request)
    assert numbers(answer) == [8, 6, 4, 2, 0, -2]
    assert answer["Items"][0].keys() == {"pk", "sk", "g", "h", "x"}  # y is not projected
    page = ddb.query(**request, Limit=2)
    assert page["LastEvaluatedKey"] == {"g": {"S": "even"}, "h": {"N": "-6"}, "pk": {"S": "a"}, "sk": {"N": "6"}}
    rest = ddb.query(**request, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert numbers(page) + numbers(rest) == [8, 6, 4, 2, 0, -2]
    scanned = ddb.scan(TableName=filled, IndexName="by-g", ReturnConsumedCapacity="INDEXES")
    assert scanned["Count"] == 6
    assert scanned["ConsumedCapacity"] == {
        "TableName": filled,
        "CapacityUnits": 0.5,
        "Table": {"CapacityUnits": 0.0},
        "GlobalSecondaryIndexes": {"by-g": {"CapacityUnits": 0.5}},
    }
    assert helpers.invalid(ddb.query, **request, ConsistentRead=True) == (
        "Consistent reads are not supported on global secondary indexes"
    )
    assert helpers.invalid(ddb.query, **request, Select="ALL_ATTRIBUTES") == (
        INVALID + "Select type ALL_ATTRIBUTES is not supported for global secondary index by-g because its projection "
        "type is not ALL"
    )
    assert helpers.invalid(ddb.query, **request, ProjectionExpression="y, x") == (
        INVALID + "Global secondary index by-g does not project [y]"
    )
    assert helpers.invalid(ddb.query, **{**request, "IndexName": "nope"}) == (
        "The table does not have the specified index: nope"
    )


def test_local_index(ddb, filled):
    """What a local index does not project is fetched from the table, and paid for."""
    request = {
        "TableName": filled,
        "IndexName": "by-l",
        "KeyConditionExpression": "pk = :a AND l >= :l",
        "ExpressionAttributeValues": {**A, ":l": {"S": "l0"}},
        "ReturnConsumedCapacity": "INDEXES",
    }
    answer = ddb.query(**request, ConsistentRead=True)
    assert numbers(answer) == [0, 4, 8, -2, 2, 6]
    assert answer["Items"][0].keys() == {"pk", "sk", "l"}
    assert answer["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"by-l": {"CapacityUnits": 1.0}}
    answer = ddb.query(**request, Select="ALL_ATTRIBUTES")
    assert answer["Items"][0].keys() == {"pk", "sk", "l", "g", "h", "x", "y"}
    assert answer["ConsumedCapacity"]["Table"] == {"CapacityUnits": 3.0}
    assert ddb.query(**request, ProjectionExpression="y", Limit=1)["Items"] == [{"y": {"S": "y" * 10}}]


@pytest.mark.parametrize(
    ("condition", "values", "message"),
    [
        ("sk = :v", {":v": {"N": "1"}}, "Query condition missed key schema element: pk"),
        ("x = :v", {":v": {"S": "1"}}, "Query condition missed key schema element: pk"),
        ("pk = :a AND x = :v", {**A, ":v": {"S": "1"}}, "Query condition missed key schema element: sk"),
        ("pk > :a", A, "Query key condition not supported"),
        ("pk = :a AND sk <> :v", {**A, ":v": {"N": "1"}}, "Invalid operator used in KeyConditionExpression: <>"),
        ("pk = :a OR sk = :v", {**A, ":v": {"N": "1"}}, "Invalid operator used in KeyConditionExpression: OR"),
        ("pk = :a AND NOT sk = :v", {**A, ":v": {"N": "1"}}, "Invalid operator used in KeyConditionExpression: NOT"),
        ("pk = :a AND sk IN (:v)", {**A, ":v": {"N": "1"}}, "Invalid operator used in KeyConditionExpression: IN"),
        (
            "pk = :a AND attribute_exists(sk)",
            A,
            "Invalid operator used in KeyConditionExpression: attribute_exists",
        ),
        (
            "pk = :a AND sk > :v AND sk < :w",
            {**A, ":v": {"N": "1"}, ":w": {"N": "2"}},
            "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
        ),
        (
            "pk = :a AND sk > :v AND x = :w",
            {**A, ":v": {"N": "1"}, ":w": {"S": "2"}},
            "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
        ),
        (
            "pk = :a AND begins_with(sk, :v)",
            {**A, ":v": {"N": "1"}},
            "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: "
            "begins_with, operand type: N",
        ),
        (
            "pk = :a AND begins_with(sk, :v)",
            {**A, ":v": {"S": "1"}},
            INVALID + "Condition parameter type does not match schema type",
        ),
        (
            "pk = :a AND sk = :v",
            {**A, ":v": {"BOOL": True}},
            INVALID + "Condition parameter type does not match schema type",
        ),
        (
            "pk = :a AND :v >= sk",
            {**A, ":v": {"BOOL": True}},
            "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: "
            ">=, operand type: BOOL",
        ),
        (
            "begins_with(sk, :n) AND pk = :missing",
            {":n": {"N": "1"}},
            "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: "
            "begins_with, operand type: N",
        ),
        (
            "pk = :missing AND begins_with(sk, :n)",
            {":n": {"N": "1"}},
            "Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; "
            "attribute value: :missing",
        ),
        ("", A, "Invalid KeyConditionExpression: The expression can not be empty;"),
        ("a-b", A, 'Invalid KeyConditionExpression: Syntax error; token: "-", near: "a-b"'),
        (
            "pk.x = :a",
            A,
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        (
            "pk = sk",
            A,
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        ),
    ],
)
def test_key_conditions_that_are_refused(ddb, filled, helpers, condition, values, message):
    request = {"TableName": filled, "KeyConditionExpression": condition, "ExpressionAttributeValues": values}
    assert helpers.invalid(ddb.query, **request) == message


def test_bad_operands_come_before_missing_tables(ddb, helpers):
    request = {"TableName": "nope", "KeyConditionExpression": "pk = :a AND begins_with(sk, :v)"}
    values = {":a": {"S": "a"}, ":v": {"N": "1"}}
    assert "Incorrect operand type" in helpers.invalid(ddb.query, **request, ExpressionAttributeValues=values)
    values[":v"] = {"S": "1"}
    assert helpers.error(ddb.query, **request, ExpressionAttributeValues=values) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )


def test_queries_that_are_refused(ddb, filled, helpers):
    request = {"TableName": filled, "KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": A}
    refused = lambda **more: helpers.invalid(ddb.query, **{**request, **more})  # noqa: E731
    assert helpers.invalid(ddb.query, TableName=filled) == (
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
    )
    filter_values = {**A, ":n": {"N": "1"}}
    assert refused(FilterExpression="sk = :n", ExpressionAttributeValues=filter_values) == (
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
    )
    assert refused(FilterExpression="#missing = :n", ExpressionAttributeValues=filter_values) == (
        "Invalid FilterExpression: An expression attribute name used in the document path is not defined; attribute "
        "name: #missing"
    )
    assert refused(Select="SPECIFIC_ATTRIBUTES") == (
        INVALID + "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
    )
    assert refused(Select="COUNT", ProjectionExpression="x") == (
        INVALID + "Cannot specify the ProjectionExpression when choosing to get COUNT"
    )
    assert refused(Select="ALL_PROJECTED_ATTRIBUTES") == (
        INVALID + "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    )
    assert refused(ExclusiveStartKey={"pk": {"S": "a"}}) == (
        "The provided starting key is invalid: The provided key element does not match the schema"
    )
    assert refused(ExclusiveStartKey={"pk": {"S": "b"}, "sk": {"N": "1"}}) == (
        "The provided starting key is outside query boundaries based on provided conditions"
    )
    ranged = {"KeyConditionExpression": "pk = :a AND sk > :n", "ExpressionAttributeValues": filter_values}
    assert refused(**ranged, ExclusiveStartKey={"pk": {"S": "a"}, "sk": {"N": "0"}}) == (
        "The provided starting key does not match the range key predicate"
    )
    assert "greater than or equal to 1" in refused(Limit=0)


def test_scan_segments(ddb, plain, helpers):
    names = {f"name-{n}" for n in range(60)}
    for name in names:
        ddb.put_item(TableName=plain, Item={"pk": {"S": name}})
    parts = [
        {item["pk"]["S"] for item in ddb.scan(TableName=plain, Segment=n, TotalSegments=4)["Items"]} for n in range(4)
    ]
    assert set().union(*parts) == names and sum(map(len, parts)) == 60
    assert all(len(part) > 4 for part in parts)  # the hash spreads them
    refused = lambda **more: helpers.invalid(ddb.scan, TableName=plain, **more)  # noqa: E731
    assert refused(Segment=0) == (
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
    )
    assert refused(TotalSegments=2) == (
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
    )
    assert refused(Segment=2, TotalSegments=2) == (
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less "
        "than TotalSegments: 2"
    )
    other = {"pk": {"S": next(iter(parts[1]))}}
    assert refused(Segment=0, TotalSegments=4, ExclusiveStartKey=other).startswith(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct "
        "Segment."
    )


def test_scan_pages_cover_everything_once(ddb, plain):
    names = {f"n{n}" for n in range(25)}
    for name in names:
        ddb.put_item(TableName=plain, Item={"pk": {"S": name}})
    pages = list(ddb.get_paginator("scan").paginate(TableName=plain, PaginationConfig={"PageSize": 7}))
    found = [item["pk"]["S"] for page in pages for item in page["Items"]]
    assert len(found) == 25 and set(found) == names
    assert [page["Count"] for page in pages] == [7, 7, 7, 4]


def test_denied(aws, ddb, filled, helpers):
    """A query of an index needs the permission on the index, not on the table."""
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{filled}"
    statement = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": f"{arn}/index/by-g"}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("dynamodb")
    user.query(
        TableName=filled, IndexName="by-g", KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "even"}},
    )  # fmt: skip
    code, message = helpers.error(
        user.query, TableName=filled, KeyConditionExpression="pk = :a", ExpressionAttributeValues=A
    )
    assert code == "AccessDeniedException" and f"dynamodb:Query on resource: {arn}" in message
    assert helpers.error(user.scan, TableName=filled)[0] == "AccessDeniedException"


def test_leading_keys(aws, ddb, filled, helpers):
    statement = {
        "Effect": "Allow",
        "Action": "dynamodb:*",
        "Resource": "*",
        "Condition": {
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("dynamodb")
    request = {"TableName": filled, "KeyConditionExpression": "pk = :p"}
    assert user.query(**request, ExpressionAttributeValues={":p": {"S": "a"}})["Count"] == 12
    denied = helpers.error(user.query, **request, ExpressionAttributeValues={":p": {"S": "b"}})
    assert denied[0] == "AccessDeniedException"
    assert helpers.error(user.scan, TableName=filled)[0] == "AccessDeniedException"
