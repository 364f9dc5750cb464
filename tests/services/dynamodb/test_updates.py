"""UpdateItem: expressions, AttributeUpdates, what is returned and what is refused.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
Texts are AWS's as recorded by dynalite's tests and the public DynamoDB conformance suite.
"""

import pytest


def update(ddb, table, expression, values=None, names=None, **more):
    request = {"TableName": table, "Key": {"pk": {"S": "a"}}, "UpdateExpression": expression, **more}
    if values:
        request["ExpressionAttributeValues"] = values
    if names:
        request["ExpressionAttributeNames"] = names
    return ddb.update_item(**request)


def test_update_return_values(ddb, plain):
    item = {"pk": {"S": "a"}, "n": {"N": "1"}, "m": {"M": {"x": {"S": "1"}, "y": {"S": "2"}}}}
    values = {":n": {"N": "2"}, ":x": {"S": "9"}}
    expression = "SET n = :n, m.x = :x"
    for wanted, shown in {
        "ALL_OLD": item,
        "UPDATED_OLD": {"n": {"N": "1"}, "m": {"M": {"x": {"S": "1"}}}},
        "ALL_NEW": {"pk": {"S": "a"}, "n": {"N": "2"}, "m": {"M": {"x": {"S": "9"}, "y": {"S": "2"}}}},
        "UPDATED_NEW": {"n": {"N": "2"}, "m": {"M": {"x": {"S": "9"}}}},
        "NONE": None,
    }.items():
        ddb.put_item(TableName=plain, Item=item)
        assert update(ddb, plain, expression, values, ReturnValues=wanted).get("Attributes") == shown


def test_update_makes_items(ddb, plain):
    new = update(ddb, plain, "SET n = if_not_exists(n, :z) + :one", {":z": {"N": "0"}, ":one": {"N": "1"}},
                 ReturnValues="ALL_NEW")["Attributes"]  # fmt: skip
    assert new == {"pk": {"S": "a"}, "n": {"N": "1"}}
    ddb.update_item(TableName=plain, Key={"pk": {"S": "only a key"}})
    assert ddb.get_item(TableName=plain, Key={"pk": {"S": "only a key"}})["Item"] == {"pk": {"S": "only a key"}}


def test_update_that_only_removes_makes_nothing(ddb, plain):
    """As seen on AWS by ScyllaDB's Alternator tests (issue 5862)."""
    update(ddb, plain, "REMOVE x")
    assert "Item" not in ddb.get_item(TableName=plain, Key={"pk": {"S": "a"}})


def test_update_all_four_sections(ddb, plain):
    ddb.put_item(
        TableName=plain,
        Item={"pk": {"S": "a"}, "l": {"L": [{"N": "1"}, {"N": "2"}]}, "s": {"SS": ["x", "y"]}, "gone": {"S": "!"}},
    )
    new = update(
        ddb, plain, "SET l[7] = :three REMOVE gone, l[0] ADD c :c DELETE s :s",
        {":three": {"N": "3"}, ":c": {"N": "5"}, ":s": {"SS": ["x"]}}, ReturnValues="ALL_NEW",
    )["Attributes"]  # fmt: skip
    assert new == {
        "pk": {"S": "a"},
        "l": {"L": [{"N": "2"}, {"N": "3"}]},
        "s": {"SS": ["y"]},
        "c": {"N": "5"},
    }
    new = update(ddb, plain, "DELETE s :s", {":s": {"SS": ["y", "q"]}}, ReturnValues="ALL_NEW")["Attributes"]
    assert "s" not in new  # an emptied set goes


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        (
            "SET pk = :v",
            {":v": {"S": "b"}},
            "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
        ),
        (
            "INVALID SYNTAX HERE",
            None,
            'Invalid UpdateExpression: Syntax error; token: "INVALID", near: "INVALID SYNTAX"',
        ),
        ("", None, "Invalid UpdateExpression: The expression can not be empty;"),
        (
            "SET x = :v",
            None,
            "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute "
            "value: :v",
        ),
        (
            "SET x = :v",
            {":v": {"S": "a"}, ":u": {"S": "b"}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}",
        ),
        (
            "SET #x = :v",
            {":v": {"S": "a"}},
            "Invalid UpdateExpression: An expression attribute name used in the document path is not defined; "
            "attribute name: #x",
        ),
        (
            "SET name = :v",
            {":v": {"S": "a"}},
            "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name",
        ),
        (
            "SET x = :v SET y = :v",
            {":v": {"S": "a"}},
            'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
        ),
        (
            "SET x = :v, x.y = :v",
            {":v": {"S": "a"}},
            "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these "
            "paths; path one: [x], path two: [x, y]",
        ),
        (
            "SET x.y = :v, x[0] = :v",
            {":v": {"S": "a"}},
            "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of "
            "these paths; path one: [x, y], path two: [x, [0]]",
        ),
        (
            "SET x = y",
            None,
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (
            "SET x.y = :v",
            {":v": {"S": "a"}},
            "The document path provided in the update expression is invalid for update",
        ),
        ("SET x = s + :v", {":v": {"N": "1"}}, "An operand in the update expression has an incorrect data type"),
        (
            "SET x = n + :v",
            {":v": {"S": "1"}},
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, "
            "operand type: S",
        ),
        (
            "ADD x :v",
            {":v": {"S": "a"}},
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: "
            "STRING",
        ),
        (
            "SET x = foo(n, :v)",
            {":v": {"N": "1"}},
            "Invalid UpdateExpression: Invalid function name; function: foo",
        ),
        (
            "SET x = if_not_exists(:v, n)",
            {":v": {"N": "1"}},
            "Invalid UpdateExpression: Operator or function requires a document path; operator or function: "
            "if_not_exists",
        ),
        (
            "SET x = list_append(n)",
            None,
            "Invalid UpdateExpression: Incorrect number of operands for operator or function; operator or function: "
            "list_append, number of operands: 1",
        ),
        (
            "SET n = n + :v",
            {":v": {"N": "1E40"}},
            "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            "SET x = :v",
            {":v": {"SS": []}},
            "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string "
            "set  may not be empty for key :v",
        ),
    ],
)
def test_updates_that_are_refused(ddb, plain, helpers, expression, values, message):
    before = {"pk": {"S": "a"}, "s": {"S": "text"}, "n": {"N": "1"}}
    ddb.put_item(TableName=plain, Item=before)
    request = {"TableName": plain, "Key": {"pk": {"S": "a"}}, "UpdateExpression": expression}
    if values:
        request["ExpressionAttributeValues"] = values
    assert helpers.invalid(ddb.update_item, **request) == message
    assert ddb.get_item(TableName=plain, Key={"pk": {"S": "a"}})["Item"] == before


def test_placeholders_that_are_refused(ddb, plain, helpers):
    key = {"TableName": plain, "Key": {"pk": {"S": "a"}}}
    for parameter, given, message in (
        ("ExpressionAttributeNames", {}, "ExpressionAttributeNames must not be empty"),
        ("ExpressionAttributeValues", {}, "ExpressionAttributeValues must not be empty"),
        (
            "ExpressionAttributeNames",
            {"x": "y"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "x"',
        ),
        (
            "ExpressionAttributeValues",
            {"x": {"S": "y"}},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "x"',
        ),
        (
            "ExpressionAttributeNames",
            {"#a": "a", "#b": "b"},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
        ),
    ):
        message_ = helpers.invalid(ddb.update_item, **key, UpdateExpression="REMOVE x", **{parameter: given})
        assert message_ == message


def test_attribute_updates(ddb, plain, helpers):
    key = {"TableName": plain, "Key": {"pk": {"S": "a"}}}
    new = ddb.update_item(
        **key,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": {"N": "2"}},
            "l": {"Action": "ADD", "Value": {"L": [{"S": "x"}]}},
            "s": {"Value": {"S": "put"}},
        },
        ReturnValues="UPDATED_NEW",
    )["Attributes"]
    assert new == {"n": {"N": "2"}, "l": {"L": [{"S": "x"}]}, "s": {"S": "put"}}
    new = ddb.update_item(
        **key,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": {"N": "-1"}},
            "l": {"Action": "ADD", "Value": {"L": [{"S": "y"}]}},
            "s": {"Action": "DELETE"},
        },
        ReturnValues="ALL_NEW",
    )["Attributes"]
    assert new == {"pk": {"S": "a"}, "n": {"N": "1"}, "l": {"L": [{"S": "x"}, {"S": "y"}]}}
    assert helpers.invalid(
        ddb.update_item, **key, AttributeUpdates={"n": {"Action": "ADD", "Value": {"SS": ["a"]}}}
    ) == ("Type mismatch for attribute to update")
    both = {"UpdateExpression": "REMOVE x", "AttributeUpdates": {"n": {"Action": "DELETE"}}}
    assert helpers.invalid(ddb.update_item, **key, **both) == (
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{AttributeUpdates} Expression parameters: {UpdateExpression}"
    )


def test_sets_come_back_in_order(ddb, plain):
    """Strings and binaries by their bytes, numbers by value: seen on AWS by the public DynamoDB conformance suite."""
    item = {"s": {"SS": ["b", "", "a"]}, "n": {"NS": ["10", "-1", "2.5"]}, "b": {"BS": [b"\xff", b"\x00"]}}
    ddb.put_item(TableName=plain, Item={"pk": {"S": "a"}, **item})
    new = update(ddb, plain, "ADD s :s, n :n", {":s": {"SS": ["Z", "b"]}, ":n": {"NS": ["0", "3"]}},
                 ReturnValues="ALL_NEW")["Attributes"]  # fmt: skip
    assert new["s"] == {"SS": ["", "Z", "a", "b"]}
    assert new["n"] == {"NS": ["-1", "0", "2.5", "3", "10"]}
    assert new["b"] == {"BS": [b"\x00", b"\xff"]}
