"""GetItem, PutItem, UpdateItem, DeleteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
Where a text is compared whole and nothing else is said, it is one that dynalite's tests or the public DynamoDB
conformance suite recorded from AWS.
"""

import json

import pytest
from botocore.exceptions import ClientError

SCHEMA_MISMATCH = "The provided key element does not match the schema"


def test_every_type_comes_back_as_it_was_put(ddb, plain):
    item = {
        "pk": {"S": "ключ"},
        "s": {"S": ""},
        "n": {"N": "3.1415926535897932384626433832795028842"},
        "b": {"B": b"\x00\xff"},
        "t": {"BOOL": False},
        "z": {"NULL": True},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2.5"]},
        "bs": {"BS": [b"x", b"y"]},
        "l": {"L": [{"S": "a"}, {"L": []}, {"M": {}}]},
        "m": {"M": {"inner": {"M": {"deep": {"N": "-1"}}}}},
    }
    ddb.put_item(TableName=plain, Item=item)
    answer = ddb.get_item(TableName=plain, Key={"pk": {"S": "ключ"}})
    assert answer["Item"] == item
    assert "ConsumedCapacity" not in answer
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-fidelity"] == "real"
    assert "x-amz-crc32" in answer["ResponseMetadata"]["HTTPHeaders"]


def test_numbers_are_canonical(ddb, plain):
    given = {"a": "1.50", "b": "1E3", "c": "-0", "d": "0.0000001", "e": "100000000000000000000000000000000000000e-38"}
    ddb.put_item(TableName=plain, Item={"pk": {"S": "n"}} | {k: {"N": n} for k, n in given.items()})
    item = ddb.get_item(TableName=plain, Key={"pk": {"S": "n"}})["Item"]
    assert [item[k]["N"] for k in given] == ["1.5", "1000", "0", "0.0000001", "1"]


def test_an_item_that_is_not_there(ddb, plain, helpers):
    assert "Item" not in ddb.get_item(TableName=plain, Key={"pk": {"S": "no"}})
    assert "Attributes" not in ddb.delete_item(TableName=plain, Key={"pk": {"S": "no"}}, ReturnValues="ALL_OLD")


def test_a_table_that_is_not_there(ddb, helpers):
    missing = ("ResourceNotFoundException", "Requested resource not found")
    key = {"pk": {"S": "a"}}
    assert helpers.error(ddb.get_item, TableName="nope", Key=key) == missing
    assert helpers.error(ddb.put_item, TableName="nope", Item=key) == missing
    assert helpers.error(ddb.delete_item, TableName="nope", Key=key) == missing
    assert helpers.error(ddb.update_item, TableName="nope", Key=key) == missing
    assert helpers.invalid(ddb.get_item, TableName="bad name", Key=key) == (
        "1 validation error detected: Value 'bad name' at 'tableName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    )


def test_a_table_may_be_named_by_its_arn(ddb, plain, aws):
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{plain}"
    ddb.put_item(TableName=arn, Item={"pk": {"S": "a"}})
    assert ddb.get_item(TableName=arn, Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({}, SCHEMA_MISMATCH),
        ({"other": {"S": "a"}}, SCHEMA_MISMATCH),
        ({"pk": {"S": "a"}, "more": {"S": "b"}}, SCHEMA_MISMATCH),
        ({"pk": {"N": "1"}}, SCHEMA_MISMATCH),
        ({"pk": {"L": []}}, SCHEMA_MISMATCH),
        (
            {"pk": {"S": ""}},
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: pk",
        ),
        (
            {"pk": {"S": "x" * 2049}},
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 "
            "bytes",
        ),
        ({"pk": {"N": "x"}}, "The parameter cannot be converted to a numeric value: x"),
        ({"pk": {}}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ],
)
def test_keys_that_are_refused(ddb, plain, helpers, key, message):
    assert helpers.invalid(ddb.get_item, TableName=plain, Key=key) == message
    assert helpers.invalid(ddb.delete_item, TableName=plain, Key=key) == message
    assert helpers.invalid(ddb.update_item, TableName=plain, Key=key) == message


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"a": {"S": "x"}}, "One or more parameter values were invalid: Missing the key pk in the item"),
        (
            {"pk": {"N": "1"}},
            "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N",
        ),
        (
            {"pk": {"S": "a"}, "x": {"SS": []}},
            "One or more parameter values were invalid: An string set  may not be empty",
        ),
        (
            {"pk": {"S": "a"}, "x": {"NS": []}},
            "One or more parameter values were invalid: An number set  may not be empty",
        ),
        (
            {"pk": {"S": "a"}, "x": {"SS": ["a", "a"]}},
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        ({"pk": {"S": "a"}, "x": {"NS": ["1", "1.0"]}}, "Input collection contains duplicates"),
        (
            {"pk": {"S": "a"}, "x": {"NULL": False}},
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        ),
        ({"pk": {"S": "a"}, "x": {"N": "one"}}, "The parameter cannot be converted to a numeric value: one"),
        (
            {"pk": {"S": "a"}, "x": {"M": {"y": {"N": "1", "S": "1"}}}},
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes",
        ),
        ({"pk": {"S": "a"}, "x": {"S": "x" * 409_600}}, "Item size has exceeded the maximum allowed size"),
    ],
)
def test_items_that_are_refused(ddb, plain, helpers, item, message):
    assert helpers.invalid(ddb.put_item, TableName=plain, Item=item) == message


def test_the_size_limit_is_exact(ddb, plain, helpers):
    """409,600 bytes, attribute names included: "pk" + "a" + "x" + the text."""
    ddb.put_item(TableName=plain, Item={"pk": {"S": "a"}, "x": {"S": "x" * (409_600 - 4)}})
    refused = {"pk": {"S": "a"}, "x": {"S": "x" * (409_600 - 3)}}
    assert helpers.invalid(ddb.put_item, TableName=plain, Item=refused).startswith("Item size")
    message = helpers.invalid(
        ddb.update_item, TableName=plain, Key={"pk": {"S": "a"}}, UpdateExpression="SET y = :y",
        ExpressionAttributeValues={":y": {"S": "y"}},
    )  # fmt: skip
    assert message == "Item size to update has exceeded the maximum allowed size"


def test_nesting(ddb, plain, helpers):
    """31 maps around a scalar are accepted, 32 are not."""

    def nested(levels):
        value = {"S": "x"}
        for _ in range(levels):
            value = {"M": {"a": value}}
        return value

    ddb.put_item(TableName=plain, Item={"pk": {"S": "a"}, "m": nested(31)})
    message = helpers.invalid(ddb.put_item, TableName=plain, Item={"pk": {"S": "a"}, "m": nested(32)})
    assert message == (
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported "
        "limit"
    )


def test_projection(ddb, plain, helpers):
    item = {"pk": {"S": "a"}, "l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]}, "m": {"M": {"x": {"S": "1"}}}}
    ddb.put_item(TableName=plain, Item=item)

    def get(**request):
        return ddb.get_item(TableName=plain, Key={"pk": {"S": "a"}}, **request)["Item"]

    assert get(ProjectionExpression="l[2], l[0], m.x") == {
        "l": {"L": [{"N": "0"}, {"N": "2"}]},
        "m": {"M": {"x": {"S": "1"}}},
    }
    assert get(ProjectionExpression="#p, nope", ExpressionAttributeNames={"#p": "pk"}) == {"pk": {"S": "a"}}
    assert get(AttributesToGet=["m", "nope"]) == {"m": item["m"]}
    assert get(ProjectionExpression="nope") == {}
    key = {"pk": {"S": "a"}}
    refuse = lambda **kw: helpers.invalid(ddb.get_item, TableName=plain, Key=key, **kw)  # noqa: E731
    assert refuse(ProjectionExpression="m, m.x") == (
        "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these "
        "paths; path one: [m], path two: [m, x]"
    )
    assert refuse(ProjectionExpression="!!") == ('Invalid ProjectionExpression: Syntax error; token: "!", near: "!!"')
    assert refuse(ProjectionExpression="m", AttributesToGet=["m"]).startswith(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{AttributesToGet} Expression parameters: {ProjectionExpression}"
    )
    assert refuse(ExpressionAttributeNames={"#a": "a"}) == (
        "ExpressionAttributeNames can only be specified when using expressions"
    )
    assert refuse(AttributesToGet=["m", "m"]) == (
        "One or more parameter values were invalid: Duplicate value in attribute name: m"
    )
    assert refuse(ProjectionExpression="pk.x").startswith("Key attributes must be scalars")


def test_put_replaces_and_returns_the_old(ddb, plain, helpers):
    first, second = {"pk": {"S": "a"}, "x": {"N": "1"}}, {"pk": {"S": "a"}, "y": {"N": "2"}}
    assert "Attributes" not in ddb.put_item(TableName=plain, Item=first, ReturnValues="ALL_OLD")
    assert ddb.put_item(TableName=plain, Item=second, ReturnValues="ALL_OLD")["Attributes"] == first
    assert ddb.get_item(TableName=plain, Key={"pk": {"S": "a"}})["Item"] == second
    message = helpers.invalid(ddb.put_item, TableName=plain, Item=first, ReturnValues="ALL_NEW")
    assert message == "ReturnValues can only be ALL_OLD or NONE"
    assert ddb.delete_item(TableName=plain, Key={"pk": {"S": "a"}}, ReturnValues="ALL_OLD")["Attributes"] == second
    assert "Item" not in ddb.get_item(TableName=plain, Key={"pk": {"S": "a"}})


def test_conditions(ddb, plain, helpers):
    item = {"pk": {"S": "a"}, "v": {"N": "1"}}
    once = {"TableName": plain, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    ddb.put_item(**once)
    assert helpers.error(ddb.put_item, **once) == (
        "ConditionalCheckFailedException",
        "The conditional request failed",
    )
    with pytest.raises(ClientError) as caught:
        ddb.put_item(**once, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == item
    with pytest.raises(ClientError) as caught:
        ddb.put_item(**once)
    assert "Item" not in caught.value.response
    key = {"TableName": plain, "Key": {"pk": {"S": "a"}}}
    ddb.update_item(
        **key, UpdateExpression="SET v = v + :one", ConditionExpression="v = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )  # fmt: skip
    condition = {"ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    assert helpers.error(ddb.delete_item, **key, **condition)[0] == "ConditionalCheckFailedException"
    condition["ExpressionAttributeValues"] = {":v": {"N": "2.0"}}
    ddb.delete_item(**key, **condition)
    assert "Item" not in ddb.get_item(**key)


def test_expected(ddb, plain, helpers):
    item = {"pk": {"S": "a"}, "v": {"N": "5"}}
    ddb.put_item(TableName=plain, Item=item, Expected={"pk": {"Exists": False}})

    def put(expected, **more):
        return {"TableName": plain, "Item": item, "Expected": expected, **more}

    assert helpers.error(ddb.put_item, **put({"pk": {"Exists": False}}))[0] == "ConditionalCheckFailedException"
    ddb.put_item(**put({"v": {"Value": {"N": "5"}}}))
    ddb.put_item(**put({"v": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}, {"N": "9"}]}}))
    either = {"v": {"Value": {"N": "0"}}, "pk": {"ComparisonOperator": "NOT_NULL"}}
    ddb.put_item(**put(either, ConditionalOperator="OR"))
    assert helpers.error(ddb.put_item, **put(either))[0] == "ConditionalCheckFailedException"
    prefix = "One or more parameter values were invalid: "
    assert helpers.invalid(ddb.put_item, **put({"v": {"Exists": True}})) == (
        prefix + "Value must be provided when Exists is true for Attribute: v"
    )
    assert helpers.invalid(ddb.put_item, **put({"v": {"ComparisonOperator": "EQ"}})) == (
        prefix + "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: v"
    )
    both = put({"v": {"Exists": False}}, ConditionExpression="attribute_exists(pk)")
    assert helpers.invalid(ddb.put_item, **both) == (
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{Expected} Expression parameters: {ConditionExpression}"
    )


def test_consumed_capacity(ddb, sorted_table):
    """A write unit a KB, a read unit per 4 KB; an entry that moves in an index is written twice."""
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "g": {"S": "g"}, "h": {"N": "1"}, "big": {"S": "x" * 3000}}

    def put(item, **more):
        return ddb.put_item(TableName=sorted_table, Item=item, ReturnConsumedCapacity="INDEXES", **more)[
            "ConsumedCapacity"
        ]

    assert put(item) == {
        "TableName": sorted_table,
        "CapacityUnits": 4.0,
        "Table": {"CapacityUnits": 3.0},
        "GlobalSecondaryIndexes": {"by-g": {"CapacityUnits": 1.0}},
    }
    assert "GlobalSecondaryIndexes" not in put({**item, "big": {"S": "y" * 3000}})  # nothing projected changed
    moved = put({**item, "h": {"N": "2"}})
    assert moved["GlobalSecondaryIndexes"] == {"by-g": {"CapacityUnits": 2.0}}
    key = {"TableName": sorted_table, "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}, "ReturnConsumedCapacity": "TOTAL"}
    assert ddb.get_item(**key)["ConsumedCapacity"] == {"TableName": sorted_table, "CapacityUnits": 0.5}
    assert ddb.get_item(**key, ConsistentRead=True)["ConsumedCapacity"]["CapacityUnits"] == 1.0
    assert ddb.delete_item(**key)["ConsumedCapacity"]["CapacityUnits"] == 4.0


def test_item_collection_metrics(ddb, sorted_table, plain):
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "l": {"S": "x"}}
    answer = ddb.put_item(TableName=sorted_table, Item=item, ReturnItemCollectionMetrics="SIZE")
    assert answer["ItemCollectionMetrics"] == {
        "ItemCollectionKey": {"pk": {"S": "a"}},
        "SizeEstimateRangeGB": [0.0, 1.0],
    }
    assert "ItemCollectionMetrics" not in ddb.put_item(
        TableName=plain, Item={"pk": {"S": "a"}}, ReturnItemCollectionMetrics="SIZE"
    )


def test_index_keys_that_are_refused(ddb, sorted_table, helpers):
    base = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    put = lambda **more: helpers.invalid(ddb.put_item, TableName=sorted_table, Item={**base, **more})  # noqa: E731
    assert put(g={"N": "1"}) == (
        "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g"
    )
    assert put(g={"S": ""}) == (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The "
        "AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-g, IndexKey: g"
    )
    message = helpers.invalid(
        ddb.update_item, TableName=sorted_table, Key=base, UpdateExpression="SET g = :g",
        ExpressionAttributeValues={":g": {"NULL": True}},
    )  # fmt: skip
    assert message == "The update expression attempted to update the secondary index key to unsupported type"


def allow(action, resource, **condition):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_denied(aws, ddb, plain, helpers):
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{plain}"
    user = aws.user(allow("dynamodb:GetItem", arn)).client("dynamodb")
    user.get_item(TableName=plain, Key={"pk": {"S": "a"}})
    code, message = helpers.error(user.put_item, TableName=plain, Item={"pk": {"S": "a"}})
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: dynamodb:PutItem on resource: {arn}" in message
    for call in (user.delete_item, user.update_item):
        assert helpers.error(call, TableName=plain, Key={"pk": {"S": "a"}})[0] == "AccessDeniedException"
    assert helpers.error(user.get_item, TableName="other", Key={"pk": {"S": "a"}})[0] == "AccessDeniedException"


def test_leading_keys(aws, ddb, plain, helpers):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html"""
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{plain}"
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}}
    user = aws.user(allow("dynamodb:*", arn, **own)).client("dynamodb")
    user.put_item(TableName=plain, Item={"pk": {"S": "mine"}})
    user.get_item(TableName=plain, Key={"pk": {"S": "mine"}})
    assert helpers.error(user.get_item, TableName=plain, Key={"pk": {"S": "yours"}})[0] == "AccessDeniedException"
    assert helpers.error(user.put_item, TableName=plain, Item={"pk": {"S": "yours"}})[0] == "AccessDeniedException"


def test_attributes(aws, ddb, plain, helpers):
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{plain}"
    some = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "name"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    user = aws.user(allow("dynamodb:GetItem", arn, **some)).client("dynamodb")
    key = {"TableName": plain, "Key": {"pk": {"S": "a"}}}
    user.get_item(**key, ProjectionExpression="#n", ExpressionAttributeNames={"#n": "name"})
    assert helpers.error(user.get_item, **key, ProjectionExpression="salary")[0] == "AccessDeniedException"
    assert helpers.error(user.get_item, **key)[0] == "AccessDeniedException"


def test_items_survive_a_kill(restarted):
    account = restarted.account()
    ddb = account.client("dynamodb")
    ddb.create_table(
        TableName="kept", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "B"}], BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    for n in range(20):
        ddb.put_item(TableName="kept", Item={"pk": {"B": bytes([n])}, "n": {"N": str(n)}})
    restarted.restart()
    ddb = account.client("dynamodb")
    found = ddb.scan(TableName="kept")
    assert sorted(int(item["n"]["N"]) for item in found["Items"]) == list(range(20))
    assert ddb.describe_table(TableName="kept")["Table"]["ItemCount"] == 20
    assert ddb.get_item(TableName="kept", Key={"pk": {"B": b"\x07"}})["Item"]["n"] == {"N": "7"}
