"""Tables for the tests of DynamoDB."""

import pytest
from tests.support import refused


def schema(*names):
    return [{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=False)]


def attributes(**kinds):
    return [{"AttributeName": n, "AttributeType": k} for n, k in kinds.items()]


def error(call, **request):
    """(code, message) of a call that must fail."""
    return refused(call, **request)[:2]


def invalid(call, **request):
    """The message of a call that must fail as a ValidationException."""
    code, message = error(call, **request)
    assert code == "ValidationException", (code, message)
    return message


@pytest.fixture
def ddb(aws):
    return aws.client("dynamodb")


@pytest.fixture
def helpers():
    """What test files share, since they do not import each other."""

    class Helpers:
        pass

    Helpers.schema, Helpers.attributes = staticmethod(schema), staticmethod(attributes)
    Helpers.error, Helpers.invalid = staticmethod(error), staticmethod(invalid)
    return Helpers


@pytest.fixture
def plain(ddb):
    """A table with a partition key `pk`, of strings."""
    ddb.create_table(
        TableName="plain", KeySchema=schema("pk"), AttributeDefinitions=attributes(pk="S"),
        BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    return "plain"


@pytest.fixture
def sorted_table(ddb):
    return make_sorted(ddb)


@pytest.fixture(name="make_sorted_table")
def _make_sorted_table():
    return make_sorted


def make_sorted(ddb):
    """Keys pk (S) and sk (N), a global index by-g on g (S) and h (N), a local index by-l on l (S), keys only."""
    ddb.create_table(
        TableName="sorted",
        KeySchema=schema("pk", "sk"),
        AttributeDefinitions=attributes(pk="S", sk="N", g="S", h="N", l="S"),
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-g",
                "KeySchema": schema("g", "h"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
            }
        ],
        LocalSecondaryIndexes=[
            {"IndexName": "by-l", "KeySchema": schema("pk", "l"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
    )
    return "sorted"
