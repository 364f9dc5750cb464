"""BatchGetItem, BatchWriteItem, TransactWriteItems, TransactGetItems.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
Texts are AWS's as recorded by dynalite's tests and the public DynamoDB conformance suite.
"""

import json

import pytest
from botocore.exceptions import ClientError

SCHEMA_MISMATCH = "The provided key element does not match the schema"


def key(name):
    return {"pk": {"S": name}}


def put(name, **more):
    return {"PutRequest": {"Item": {**key(name), **more}}}


def scan(ddb, table):
    return sorted(item["pk"]["S"] for item in ddb.scan(TableName=table)["Items"])


# -- batches -----------------------------------------------------------------------------------------------------


def test_batch_write_and_get(ddb, plain, sorted_table):
    ddb.put_item(TableName=plain, Item=key("old"))
    other = {"pk": {"S": "a"}, "sk": {"N": "1"}, "g": {"S": "g"}, "h": {"N": "1"}}
    answer = ddb.batch_write_item(
        RequestItems={
            plain: [put("a", n={"N": "1.0"}), put("b"), {"DeleteRequest": {"Key": key("old")}}],
            sorted_table: [{"PutRequest": {"Item": other}}],
        },
        ReturnConsumedCapacity="INDEXES",
    )
    assert answer["UnprocessedItems"] == {}
    assert scan(ddb, plain) == ["a", "b"]
    by_table = {told["TableName"]: told for told in answer["ConsumedCapacity"]}
    assert by_table[plain]["CapacityUnits"] == 3.0
    assert by_table[sorted_table]["GlobalSecondaryIndexes"] == {"by-g": {"CapacityUnits": 1.0}}
    answer = ddb.batch_get_item(
        RequestItems={
            plain: {"Keys": [key("a"), key("b"), key("no")], "ConsistentRead": True},
            sorted_table: {"Keys": [{"pk": {"S": "a"}, "sk": {"N": "1"}}], "ProjectionExpression": "h"},
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["Responses"][plain] == [{**key("a"), "n": {"N": "1"}}, key("b")]
    assert answer["Responses"][sorted_table] == [{"h": {"N": "1"}}]
    assert answer["UnprocessedKeys"] == {}
    assert {told["TableName"]: told["CapacityUnits"] for told in answer["ConsumedCapacity"]} == {
        plain: 3.0,
        sorted_table: 0.5,
    }


def test_batch_get_ends_at_16_megabytes(ddb, plain):
    names = [f"{n:03}" for n in range(50)]
    for start in range(0, 50, 10):
        batch = [put(name, x={"S": "x" * 380_000}) for name in names[start : start + 10]]
        ddb.batch_write_item(RequestItems={plain: batch})
    found, left = [], {plain: {"Keys": [key(name) for name in names], "ProjectionExpression": "pk"}}
    rounds = 0
    while left:
        answer = ddb.batch_get_item(RequestItems=left)
        found += [item["pk"]["S"] for item in answer["Responses"][plain]]
        left = answer["UnprocessedKeys"]
        rounds += 1
    assert found == names and rounds == 2


def test_batches_that_are_refused(ddb, plain, helpers):
    write = lambda *requests: helpers.invalid(ddb.batch_write_item, RequestItems={plain: list(requests)})  # noqa: E731
    duplicates = "Provided list of item keys contains duplicates"
    assert write(put("a"), {"DeleteRequest": {"Key": key("a")}}) == duplicates
    assert write({"PutRequest": {"Item": {"pk": {"N": "5"}}}}) == SCHEMA_MISMATCH
    assert write({"PutRequest": {"Item": {"x": {"S": "y"}}}}) == SCHEMA_MISMATCH
    assert write({"DeleteRequest": {"Key": {"x": {"S": "y"}}}}) == SCHEMA_MISMATCH
    assert "cannot contain an empty string value. Key: pk" in write({"PutRequest": {"Item": {"pk": {"S": ""}}}})
    assert "less than or equal to 25" in write(*(put(str(n)) for n in range(26)))
    two = {plain: [put(str(n)) for n in range(20)], "other": [put(str(n)) for n in range(20)]}
    assert helpers.invalid(ddb.batch_write_item, RequestItems=two) == (
        "Too many items requested for the BatchWriteItem call"
    )
    get = lambda keys: helpers.invalid(ddb.batch_get_item, RequestItems={plain: {"Keys": keys}})  # noqa: E731
    assert get([key("a"), key("a")]) == duplicates
    assert get([{"pk": {"N": "1"}}]) == SCHEMA_MISMATCH
    assert "less than or equal to 100" in get([key(str(n)) for n in range(101)])
    missing = ("ResourceNotFoundException", "Requested resource not found")
    assert helpers.error(ddb.batch_write_item, RequestItems={"nope": [put("a")]}) == missing
    assert helpers.error(ddb.batch_get_item, RequestItems={"nope": {"Keys": [key("a")]}}) == missing
    assert scan(ddb, plain) == []


def test_batch_denied(aws, ddb, plain, sorted_table, helpers):
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{plain}"
    actions = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": arn}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("dynamodb")
    user.batch_write_item(RequestItems={plain: [put("a")]})
    user.batch_get_item(RequestItems={plain: {"Keys": [key("a")]}})
    both = {plain: [put("b")], sorted_table: [put("b", sk={"N": "1"})]}
    assert helpers.error(user.batch_write_item, RequestItems=both)[0] == "AccessDeniedException"
    assert scan(ddb, plain) == ["a"]


# -- transactions -----------------------------------------------------------------------------------------------------


def transact(ddb, *parts, **more):
    return ddb.transact_write_items(TransactItems=list(parts), **more)


def cancelled(ddb, *parts):
    """The message and the reasons of a transaction that must be cancelled."""
    with pytest.raises(ClientError) as caught:
        transact(ddb, *parts)
    response = caught.value.response
    assert response["Error"]["Code"] == "TransactionCanceledException"
    return response["Error"]["Message"], response["CancellationReasons"]


def test_all_or_nothing(ddb, plain):
    ddb.put_item(TableName=plain, Item={**key("account"), "sum": {"N": "5"}})
    add = {"Update": {
        "TableName": plain, "Key": key("account"), "UpdateExpression": "SET #s = #s + :n",
        "ExpressionAttributeNames": {"#s": "sum"}, "ExpressionAttributeValues": {":n": {"N": "1"}},
    }}  # fmt: skip
    new = {"Put": {"TableName": plain, "Item": key("new"), "ConditionExpression": "attribute_not_exists(pk)"}}
    gone = {"Delete": {"TableName": plain, "Key": key("gone")}}
    rich = {"ConditionCheck": {
        "TableName": plain, "Key": key("rich"), "ConditionExpression": "attribute_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }}  # fmt: skip
    message, reasons = cancelled(ddb, add, new, gone, rich)
    assert message == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, None, "
        "ConditionalCheckFailed]"
    )
    assert reasons == [{"Code": "None"}] * 3 + [
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    ]
    assert scan(ddb, plain) == ["account"]
    ddb.put_item(TableName=plain, Item=key("rich"))
    answer = transact(ddb, add, new, gone, rich, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": plain, "CapacityUnits": 8.0, "WriteCapacityUnits": 8.0}]
    assert scan(ddb, plain) == ["account", "new", "rich"]
    assert ddb.get_item(TableName=plain, Key=key("account"))["Item"]["sum"] == {"N": "6"}
    new["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    message, reasons = cancelled(ddb, new, add)
    assert reasons[0]["Item"] == key("new") and reasons[1] == {"Code": "None"}


def test_parts_that_cannot_be_done(ddb, plain):
    """What only the table or the item shows cancels the transaction, with the reason at its part."""
    fine = {"Put": {"TableName": plain, "Item": key("fine")}}
    wrong_key = {"Delete": {"TableName": plain, "Key": {"pk": {"N": "1"}}}}
    message, reasons = cancelled(ddb, fine, wrong_key)
    assert message.endswith("[None, ValidationError]")
    assert reasons[1] == {"Code": "ValidationError", "Message": SCHEMA_MISMATCH}
    wrong_item = {"Put": {"TableName": plain, "Item": {"pk": {"N": "5"}}}}
    _, reasons = cancelled(ddb, wrong_item)
    assert reasons[0]["Message"] == (
        "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"
    )
    no_path = {"Update": {
        "TableName": plain, "Key": key("x"), "UpdateExpression": "SET a.b = :v",
        "ExpressionAttributeValues": {":v": {"S": "v"}},
    }}  # fmt: skip
    _, reasons = cancelled(ddb, fine, no_path)
    assert reasons[1]["Message"] == "The document path provided in the update expression is invalid for update"
    assert scan(ddb, plain) == []


def test_transactions_that_are_refused(ddb, plain, helpers):
    refused = lambda *parts: helpers.invalid(ddb.transact_write_items, TransactItems=list(parts))  # noqa: E731
    one = {"Put": {"TableName": plain, "Item": key("a")}}
    assert refused(one, {"Delete": {"TableName": plain, "Key": key("a")}}) == (
        "Transaction request cannot include multiple operations on one item"
    )
    assert refused({**one, "Delete": {"TableName": plain, "Key": key("b")}}) == (
        "TransactItems can only contain one of Check, Put, Update or Delete"
    )
    check = {"TableName": plain, "Key": key("a"), "ConditionExpression": "attribute_not_exists("}
    assert refused({"ConditionCheck": check}) == (
        'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("'
    )
    assert refused({"Put": {"TableName": plain, "Item": {"pk": {"S": ""}}}}) == (
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: pk"
    )
    many = [{"Put": {"TableName": plain, "Item": key(str(n))}} for n in range(101)]
    assert "Member must have length less than or equal to 100" in refused(*many)
    assert helpers.error(
        ddb.transact_write_items, TransactItems=[{"Put": {"TableName": "nope", "Item": key("a")}}]
    ) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )
    transact(ddb, *many[:100])
    assert ddb.scan(TableName=plain, Select="COUNT")["Count"] == 100


def test_four_megabytes(ddb, plain, helpers):
    """The limit is AWS's; its text could not be confirmed."""

    def parts(count):
        return [{"Put": {"TableName": plain, "Item": {**key(str(n)), "x": {"S": "x" * 350_000}}}} for n in range(count)]

    transact(ddb, *parts(10))
    helpers.invalid(ddb.transact_write_items, TransactItems=parts(12))
    assert ddb.scan(TableName=plain, Select="COUNT")["Count"] <= 10


def test_a_token_is_used_once(own_cloud, helpers):
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html: ten minutes."""
    ddb = own_cloud.account().client("dynamodb")
    ddb.create_table(
        TableName="plain", KeySchema=helpers.schema("pk"), AttributeDefinitions=helpers.attributes(pk="S"),
        BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip

    def count(by="1", **more):
        part = {"Update": {
            "TableName": "plain", "Key": key("a"), "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": by}},
        }}  # fmt: skip
        return transact(ddb, part, ClientRequestToken="token", **more)

    count()
    answer = count(ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": "plain", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]
    assert helpers.error(count, by="2")[0] == "IdempotentParameterMismatchException"
    n = lambda: ddb.get_item(TableName="plain", Key=key("a"))["Item"]["n"]["N"]  # noqa: E731
    assert n() == "1"
    own_cloud.advance(601)
    count(by="2")
    assert n() == "3"


def test_transact_get(ddb, plain, sorted_table, helpers):
    ddb.put_item(TableName=plain, Item={**key("a"), "x": {"S": "1"}, "y": {"S": "2"}})

    def get(*parts, **more):
        return ddb.transact_get_items(TransactItems=[{"Get": part} for part in parts], **more)

    whole = {"TableName": plain, "Key": key("a")}
    answer = get(
        {**whole, "ProjectionExpression": "y"}, {"TableName": plain, "Key": key("no")},
        ReturnConsumedCapacity="TOTAL",
    )  # fmt: skip
    assert answer["Responses"] == [{"Item": {"y": {"S": "2"}}}, {}]
    assert answer["ConsumedCapacity"] == [{"TableName": plain, "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}]
    request = {"TransactItems": [{"Get": whole}, {"Get": whole}]}
    assert helpers.invalid(ddb.transact_get_items, **request) == (
        "Transaction request cannot include multiple operations on one item"
    )
    with pytest.raises(ClientError) as caught:
        get(whole, {"TableName": sorted_table, "Key": key("a")})
    assert caught.value.response["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ValidationError", "Message": SCHEMA_MISMATCH},
    ]
    request = {"TransactItems": [{"Get": {"TableName": "nope", "Key": key("a")}}]}
    assert helpers.error(ddb.transact_get_items, **request)[0] == "ResourceNotFoundException"


def test_transactions_denied(aws, ddb, plain, helpers):
    """Each part needs the permission of its own action.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{plain}"
    only = {"StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems", "TransactGetItems"]}}
    actions = ["dynamodb:PutItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": arn, "Condition": only}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("dynamodb")
    check = {"ConditionCheck": {
        "TableName": plain, "Key": key("b"), "ConditionExpression": "attribute_not_exists(pk)"}}  # fmt: skip
    transact(user, {"Put": {"TableName": plain, "Item": key("a")}}, check)
    user.transact_get_items(TransactItems=[{"Get": {"TableName": plain, "Key": key("a")}}])
    assert helpers.error(user.put_item, TableName=plain, Item=key("c"))[0] == "AccessDeniedException"
    gone = {"Delete": {"TableName": plain, "Key": key("a")}}
    code, message = helpers.error(user.transact_write_items, TransactItems=[gone])
    assert code == "AccessDeniedException" and "dynamodb:DeleteItem" in message
    assert scan(ddb, plain) == ["a"]


def test_a_killed_transaction_is_whole_or_not_there(restarted):
    account = restarted.account()
    ddb = account.client("dynamodb")
    ddb.create_table(
        TableName="pairs", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    for n in range(10):
        transact(ddb, *({"Put": {"TableName": "pairs", "Item": key(f"{side}{n}")}} for side in "lr"))
    restarted.restart()
    ddb = account.client("dynamodb")
    assert scan(ddb, "pairs") == sorted(f"{side}{n}" for side in "lr" for n in range(10))


def test_the_batch_writer(aws, ddb, plain):
    """boto3's own: 25 at a time, the last of several puts of one key wins."""
    table = aws.resource("dynamodb", region_name="us-east-1").Table(plain)
    with table.batch_writer(overwrite_by_pkeys=["pk"]) as batch:
        for n in range(60):
            batch.put_item({"pk": f"{n % 50:02}", "n": n})
    assert len(scan(ddb, plain)) == 50
    assert table.get_item(Key={"pk": "05"})["Item"]["n"] == 55
