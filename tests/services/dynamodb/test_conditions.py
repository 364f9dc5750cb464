"""Conditions as scans and writes see them: what they mean, and how AWS refuses those that mean nothing.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
Texts are AWS's as recorded by dynalite's tests and the public DynamoDB conformance suite, unless said otherwise.
"""

import pytest

ITEMS = {
    "numbers": {"n": {"N": "10"}, "ns": {"NS": ["1", "2"]}},
    "words": {"s": {"S": "hello"}, "ss": {"SS": ["a", "b"]}, "b": {"B": b"\x01\x02"}},
    "deep": {"m": {"M": {"l": {"L": [{"S": "x"}, {"N": "2"}]}, "with.dot": {"S": "dot"}}}, "l": {"L": []}},
    "flags": {"t": {"BOOL": True}, "z": {"NULL": True}, "copied": {"S": "hello"}, "s": {"S": "hello"}},
    "unicode": {"s": {"S": "é𝄞"}},
}
EVERYTHING = set(ITEMS)


@pytest.fixture
def filled(ddb, plain):
    for name, item in ITEMS.items():
        ddb.put_item(TableName=plain, Item={"pk": {"S": name}, **item})
    return plain


V = {
    ":1": {"N": "1"}, ":2": {"N": "2.0"}, ":3": {"N": "3"}, ":10": {"N": "10"}, ":99": {"N": "99"},
    ":a": {"S": "a"}, ":he": {"S": "he"}, ":hello": {"S": "hello"}, ":x": {"S": "x"}, ":dot": {"S": "dot"},
    ":N": {"S": "N"}, ":M": {"S": "M"}, ":NULL": {"S": "NULL"}, ":t": {"BOOL": True}, ":byte": {"B": b"\x02"},
    ":ns": {"NS": ["2", "1"]}, ":ll": {"L": []}, ":z": {"S": "z"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("n = :10", {"numbers"}),
        ("n <> :10", EVERYTHING - {"numbers"}),
        ("NOT n = :10", EVERYTHING - {"numbers"}),
        ("n > :2 AND n < :99", {"numbers"}),
        ("n BETWEEN :2 AND :10", {"numbers"}),
        ("n IN (:1, :10)", {"numbers"}),
        ("n = :1 OR s = :hello AND t = :t", {"flags"}),
        ("(n = :10 OR s = :hello) AND NOT attribute_exists(t)", {"numbers", "words"}),
        ("ns = :ns", {"numbers"}),
        ("contains(ns, :2)", {"numbers"}),
        ("contains(ss, :a)", {"words"}),
        ("contains(s, :he)", {"words", "flags"}),
        ("contains(b, :byte)", {"words"}),
        ("contains(m.l, :x)", {"deep"}),
        ("contains(m.l, :2)", {"deep"}),
        ("begins_with(s, :he)", {"words", "flags"}),
        ("m.l[0] = :x", {"deep"}),
        ("m.l[1] = :2", {"deep"}),
        ("m.l[5] = :x", set()),
        ("m.#dot = :dot", {"deep"}),
        ("l = :ll", {"deep"}),
        ("attribute_exists(m.l[1])", {"deep"}),
        ("attribute_not_exists(m.l[2])", EVERYTHING),
        ("attribute_type(n, :N)", {"numbers"}),
        ("attribute_type(z, :NULL)", {"flags"}),
        ("attribute_type(m, :M)", {"deep"}),
        ("size(ss) = :2", {"words"}),
        ("size(m.l) >= :2", {"deep"}),
        ("size(b) = :2", {"words"}),
        ("size(s) = :3", {"unicode"}),
        ("size(n) = :2", set()),
        ("s = copied", {"flags"}),
        ("s < :z", {"words", "flags"}),
        ("s > :1", set()),
        ("t = :t", {"flags"}),
    ],
)
def test_meaning(ddb, filled, condition, found):
    """A string's size counts UTF-16 units: seen on AWS by ExtendDB (its pull request 67)."""
    used = {
        name: value for name, value in V.items() if f"{name} " in f"{condition} ".replace(")", " ").replace(",", " ")
    }
    names = {"ExpressionAttributeNames": {"#dot": "with.dot"}} if "#dot" in condition else {}
    given = {"ExpressionAttributeValues": used} if used else {}
    answer = ddb.scan(TableName=filled, FilterExpression=condition, **names, **given)
    assert {item["pk"]["S"] for item in answer["Items"]} == found
    assert answer["ScannedCount"] == len(ITEMS)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("", "The expression can not be empty;"),
        ("a", 'Syntax error; token: "<EOF>", near: "a"'),
        ("a = :v AND", 'Syntax error; token: "<EOF>", near: "AND"'),
        ("a = = :v", 'Syntax error; token: "=", near: "= = :v"'),
        ("hits : incr", 'Syntax error; token: ":", near: "hits : incr"'),
        ("tenantAgent:abc123-", 'Syntax error; token: ":abc123", near: "tenantAgent:abc123-"'),
        ("NOT (x)", 'Syntax error; token: "<EOF>", near: ")"'),
        ("((a = :v))", "The expression has redundant parentheses;"),
        ("((attribute_not_exists(a)))", "The expression has redundant parentheses;"),
        ("foo(a)", "Invalid function name; function: foo"),
        (
            "if_not_exists(a, :v)",
            "The function is not allowed in a condition expression; function: if_not_exists",
        ),
        (
            "size(a)",
            "The function is not allowed to be used this way in an expression; function: size",
        ),
        (
            "begins_with(a, :v) = :v",
            "The function is not allowed to be used this way in an expression; function: begins_with",
        ),
        ("status = :v", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("a.Name = :v", "Attribute name is a reserved keyword; reserved keyword: Name"),
        (
            "#a = :v",
            "An expression attribute name used in the document path is not defined; attribute name: #a",
        ),
        (
            "a = :no",
            "An expression attribute value used in expression is not defined; attribute value: :no",
        ),
        (
            "begins_with(a)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, number of "
            "operands: 1",
        ),
        (
            "attribute_exists(:v)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "begins_with(a, :n)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "size(:n) > :n",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "attribute_type(a, :v)",
            "Invalid attribute type name found; type: text, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "attribute_type(a, :n)",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
        ),
        (
            "contains(a, a)",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: "
            "contains, first operand: [a]",
        ),
        (
            "a.b[1] = a.b[1]",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: "
            "=, first operand: [a, b, [1]]",
        ),
        (
            "a BETWEEN :n AND :v",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
            "AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:text}",
        ),
        (
            "a BETWEEN :n AND :m",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound "
            "operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "a = :v" + " OR a = :v" * 300,
            "The expression contains too many operators; operator count: 601",  # the text could not be confirmed
        ),
        (
            "a = :v OR " + "b" * 4096,
            "Expression size has exceeded the maximum allowed size; expression size: 4106",
        ),
    ],
)
def test_conditions_that_are_refused(ddb, helpers, condition, problem):
    """The request is checked before the table is looked for."""
    values = {":v": {"S": "text"}, ":n": {"N": "5"}, ":m": {"N": "1"}}
    message = helpers.invalid(
        ddb.put_item, TableName="nope", Item={"pk": {"S": "a"}}, ConditionExpression=condition,
        ExpressionAttributeValues=values,
    )  # fmt: skip
    assert message == f"Invalid ConditionExpression: {problem}"


def test_the_size_limit_is_of_the_text_as_sent(ddb, plain):
    """4096 bytes are accepted, however long the names are that the placeholders stand for."""
    names = {f"#a{n}": "n" * 250 + str(n) for n in range(30)}
    request = {"TableName": plain, "Key": {"pk": {"S": "a"}}}
    ddb.get_item(**request, ProjectionExpression=", ".join(names), ExpressionAttributeNames=names)
    ddb.get_item(**request, ProjectionExpression="x" * 4096)
