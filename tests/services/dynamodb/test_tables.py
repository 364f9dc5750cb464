"""CreateTable, DescribeTable, UpdateTable, DeleteTable, ListTables, tags, limits, backups' settings.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.html
Texts are AWS's as recorded by dynalite's tests and the public DynamoDB conformance suite.
"""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

INVALID = "One or more parameter values were invalid: "


def table(helpers, **more):
    request = {
        "TableName": "made",
        "KeySchema": helpers.schema("pk"),
        "AttributeDefinitions": helpers.attributes(pk="S"),
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {key: value for key, value in {**request, **more}.items() if value is not None}


def gsi(helpers, name, *keys, **more):
    return {"IndexName": name, "KeySchema": helpers.schema(*keys), "Projection": {"ProjectionType": "ALL"}, **more}


def test_create_and_describe(ddb, aws, helpers):
    made = ddb.create_table(
        **table(
            helpers,
            KeySchema=helpers.schema("pk", "sk"),
            AttributeDefinitions=helpers.attributes(pk="S", sk="N", g="B", l="S"),
            GlobalSecondaryIndexes=[gsi(helpers, "gsi", "g")],
            LocalSecondaryIndexes=[gsi(helpers, "lsi", "pk", "l", Projection={"ProjectionType": "KEYS_ONLY"})],
            Tags=[{"Key": "team", "Value": "a"}],
            DeletionProtectionEnabled=False,
        )
    )["TableDescription"]
    assert made["TableStatus"] == "CREATING"
    assert made["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    shown = ddb.describe_table(TableName="made")["Table"]
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/made"
    assert shown["TableStatus"] == "ACTIVE"  # on the first look: waiters wait 20 s before the second
    assert shown["TableArn"] == arn and shown["TableId"] == made["TableId"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown["TableId"])
    assert shown["KeySchema"] == helpers.schema("pk", "sk")
    assert shown["AttributeDefinitions"] == helpers.attributes(pk="S", sk="N", g="B", l="S")
    assert shown["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert shown["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": 0,
        "WriteCapacityUnits": 0,
    }
    assert datetime.now(UTC) - shown["CreationDateTime"] < timedelta(minutes=1)
    assert (shown["ItemCount"], shown["TableSizeBytes"]) == (0, 0)
    (global_,) = shown["GlobalSecondaryIndexes"]
    assert global_["IndexStatus"] == "ACTIVE" and global_["IndexArn"] == f"{arn}/index/gsi"
    (local,) = shown["LocalSecondaryIndexes"]
    assert local["Projection"] == {"ProjectionType": "KEYS_ONLY"} and "IndexStatus" not in local
    for absent in ("StreamSpecification", "LatestStreamArn", "SSEDescription", "TableClassSummary"):
        assert absent not in shown
    ddb.get_waiter("table_exists").wait(TableName="made")


def test_provisioned_streams_and_encryption_are_kept(ddb, aws, helpers):
    ddb.create_table(
        **table(
            helpers,
            BillingMode=None,
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            SSESpecification={"Enabled": True, "KMSMasterKeyId": "alias/mine"},
            TableClass="STANDARD_INFREQUENT_ACCESS",
        )
    )
    shown = ddb.describe_table(TableName="made")["Table"]
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    assert shown["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    assert "BillingModeSummary" not in shown
    assert shown["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert not {"LatestStreamLabel", "LatestStreamArn"} & shown.keys()  # there is no stream that could be read
    assert shown["SSEDescription"] == {
        "Status": "ENABLED",
        "SSEType": "KMS",
        "KMSMasterKeyArn": f"arn:aws:kms:us-east-1:{aws.id}:alias/mine",
    }
    assert shown["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"TableName": "ab"},
            "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have "
            "length greater than or equal to 3",
        ),
        (
            {"TableName": "a$b"},
            "1 validation error detected: Value 'a$b' at 'tableName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            {"BillingMode": None},
            INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
            INVALID
            + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"AttributeDefinitions": [{"AttributeName": "x", "AttributeType": "S"}]},
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], "
            "AttributeDefinitions: [x]",
        ),
        (
            {"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]},
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ]
            },
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            {
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "x", "AttributeType": "S"},
                ]
            },
            INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions",
        ),
        ({"GlobalSecondaryIndexes": []}, INVALID + "List of GlobalSecondaryIndexes is empty"),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}},
            INVALID + "StreamSpecification StreamViewType should not be specified when StreamEnabled is false",
        ),
    ],
)
def test_tables_that_are_refused(ddb, helpers, change, message):
    assert helpers.invalid(ddb.create_table, **table(helpers, **change)) == message
    assert ddb.list_tables()["TableNames"] == []


def test_indexes_that_are_refused(ddb, helpers):
    def refused(kinds, **more):
        return helpers.invalid(
            ddb.create_table, **table(helpers, AttributeDefinitions=helpers.attributes(**kinds), **more)
        )

    two = {"pk": "S", "a": "S"}
    assert refused(two, LocalSecondaryIndexes=[gsi(helpers, "lsi", "pk", "a")]) == (
        INVALID + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
    )
    assert refused(two, GlobalSecondaryIndexes=[gsi(helpers, "one", "a"), gsi(helpers, "one", "a")]) == (
        INVALID + "Duplicate index name: one"
    )
    assert refused({**two, "b": "S"}, GlobalSecondaryIndexes=[gsi(helpers, "one", "a")]) == (
        INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [pk, a, b], keys used: [pk, a]"
    )
    assert refused(two, GlobalSecondaryIndexes=[gsi(helpers, "one", "a", Projection={})]) == (
        INVALID + "Unknown ProjectionType: null"
    )
    both = {"ProjectionType": "ALL", "NonKeyAttributes": ["x"]}
    assert refused(two, GlobalSecondaryIndexes=[gsi(helpers, "one", "a", Projection=both)]) == (
        INVALID + "ProjectionType is ALL, but NonKeyAttributes is specified"
    )
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    assert refused(two, GlobalSecondaryIndexes=[gsi(helpers, "one", "a", ProvisionedThroughput=units)]) == (
        INVALID + "ProvisionedThroughput should not be specified for index: one when BillingMode is PAY_PER_REQUEST"
    )
    many = [gsi(helpers, f"index-{n}", "a") for n in range(21)]
    assert refused(two, GlobalSecondaryIndexes=many) == (
        INVALID + "GlobalSecondaryIndex count exceeds the per-table limit of 20"
    )
    three = {"pk": "S", "sk": "S", "a": "S"}
    key = helpers.schema("pk", "sk")
    assert refused(three, KeySchema=key, LocalSecondaryIndexes=[gsi(helpers, "lsi", "a", "sk")]) == (
        INVALID + "Index KeySchema does not have the same leading hash key as table KeySchema for index: lsi. index "
        "hash key: a, table hash key: pk"
    )
    assert refused(three, KeySchema=key, LocalSecondaryIndexes=[gsi(helpers, "lsi", "pk")]) == (
        INVALID + "Index KeySchema does not have a range key for index: lsi"
    )
    many = [gsi(helpers, f"index-{n}", "pk", "a") for n in range(6)]
    assert refused(three, KeySchema=key, LocalSecondaryIndexes=many) == (
        INVALID + "LocalSecondaryIndex count exceeds the per-table limit of 5"
    )


def test_a_table_exists_once(ddb, plain, helpers):
    again = table(helpers, TableName=plain)
    assert helpers.error(ddb.create_table, **again) == ("ResourceInUseException", f"Table already exists: {plain}")


def test_accounts_and_regions_are_apart(aws, ddb, plain, cloud):
    assert aws.client("dynamodb", region="eu-west-1").list_tables()["TableNames"] == []
    assert cloud.account().client("dynamodb").list_tables()["TableNames"] == []


def test_missing_tables(ddb, helpers):
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: nope not found")
    assert helpers.error(ddb.describe_table, TableName="nope") == missing
    assert helpers.error(ddb.delete_table, TableName="nope") == missing
    assert helpers.error(ddb.update_table, TableName="nope", BillingMode="PAY_PER_REQUEST") == missing
    assert helpers.error(ddb.describe_time_to_live, TableName="nope") == missing
    assert helpers.error(ddb.describe_continuous_backups, TableName="nope") == (
        "TableNotFoundException",
        "Table not found: nope",
    )


def test_delete(ddb, plain, helpers):
    ddb.put_item(TableName=plain, Item={"pk": {"S": "a"}})
    gone = ddb.delete_table(TableName=plain)["TableDescription"]
    assert gone["TableStatus"] == "DELETING" and gone["TableName"] == plain
    ddb.get_waiter("table_not_exists").wait(TableName=plain)
    assert helpers.error(ddb.get_item, TableName=plain, Key={"pk": {"S": "a"}})[0] == "ResourceNotFoundException"
    ddb.create_table(**table(helpers, TableName=plain))  # the name is free, and nothing of the old table shows
    assert ddb.scan(TableName=plain)["Count"] == 0
    assert ddb.describe_table(TableName=plain)["Table"]["ItemCount"] == 0


def test_delete_removes_everything(own_cloud, helpers):
    """Items, index entries and statistics go in the background, in slices."""
    from fogbank.services.dynamodb import records

    ddb = own_cloud.account().client("dynamodb")
    ddb.create_table(
        **table(
            helpers,
            AttributeDefinitions=helpers.attributes(pk="S", g="S"),
            GlobalSecondaryIndexes=[gsi(helpers, "gsi", "g")],
        )
    )
    for start in range(0, 500, 25):
        items = [{"pk": {"S": str(n)}, "g": {"S": "g"}} for n in range(start, start + 25)]
        ddb.batch_write_item(RequestItems={"made": [{"PutRequest": {"Item": item}} for item in items]})
    ddb.delete_table(TableName="made")
    own_cloud.advance(1)

    async def left():
        with own_cloud.app.store.read() as tx:
            return [tx.count(t) for t in (records.ITEMS, records.STATISTICS, records.TABLES)]

    assert own_cloud.run(left()) == [0, 0, 0]


def test_deletion_protection(ddb, helpers):
    ddb.create_table(**table(helpers, DeletionProtectionEnabled=True))
    assert helpers.invalid(ddb.delete_table, TableName="made") == (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    ddb.update_table(TableName="made", DeletionProtectionEnabled=False)
    ddb.delete_table(TableName="made")


def test_list_pages(ddb, helpers):
    names = [f"table-{n:02}" for n in range(7)]
    for name in reversed(names):
        ddb.create_table(**table(helpers, TableName=name))
    page = ddb.list_tables(Limit=3)
    assert page["TableNames"] == names[:3] and page["LastEvaluatedTableName"] == names[2]
    page = ddb.list_tables(Limit=3, ExclusiveStartTableName="table-03x")
    assert page["TableNames"] == names[4:] and "LastEvaluatedTableName" not in page
    pages = ddb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2})
    assert [name for page in pages for name in page["TableNames"]] == names


def test_update_throughput_and_billing(ddb, helpers):
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    ddb.create_table(**table(helpers, BillingMode=None, ProvisionedThroughput=units))
    assert helpers.invalid(ddb.update_table, TableName="made", ProvisionedThroughput=units).startswith(
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for the table: 5."
    )
    more = {"ReadCapacityUnits": 9, "WriteCapacityUnits": 4}
    answer = ddb.update_table(TableName="made", ProvisionedThroughput=more)["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    shown = ddb.describe_table(TableName="made")["Table"]
    assert shown["TableStatus"] == "ACTIVE"
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 9
    assert {"LastIncreaseDateTime", "LastDecreaseDateTime"} <= shown["ProvisionedThroughput"].keys()
    ddb.update_table(TableName="made", BillingMode="PAY_PER_REQUEST")
    shown = ddb.describe_table(TableName="made")["Table"]
    assert shown["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    ddb.update_table(TableName="made", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    assert ddb.describe_table(TableName="made")["Table"]["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert helpers.invalid(ddb.update_table, TableName="made").startswith("At least one of ProvisionedThroughput")


def test_update_stream(ddb, plain, helpers):
    on = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    ddb.update_table(TableName=plain, StreamSpecification=on)
    assert ddb.describe_table(TableName=plain)["Table"]["StreamSpecification"] == on
    assert helpers.invalid(ddb.update_table, TableName=plain, StreamSpecification=on) == (
        f"Table already has an enabled stream: TableName: {plain}"
    )
    ddb.update_table(TableName=plain, StreamSpecification={"StreamEnabled": False})
    shown = ddb.describe_table(TableName=plain)["Table"]
    assert "StreamSpecification" not in shown


def test_add_an_index_to_a_full_table(own_cloud, helpers):
    """It is filled in slices while others write; until it is, it cannot be read."""
    ddb = own_cloud.account().client("dynamodb")
    ddb.create_table(**table(helpers))
    for start in range(0, 600, 25):
        items = [{"pk": {"S": f"{n:03}"}, "g": {"S": f"g{n % 3}"}} for n in range(start, start + 25)]
        ddb.batch_write_item(RequestItems={"made": [{"PutRequest": {"Item": item}} for item in items]})
    ddb.put_item(TableName="made", Item={"pk": {"S": "odd"}, "g": {"N": "1"}})  # has the key in a wrong type
    create = {"GlobalSecondaryIndexUpdates": [{"Create": gsi(helpers, "by-g", "g")}]}
    answer = ddb.update_table(TableName="made", AttributeDefinitions=helpers.attributes(g="S"), **create)
    assert answer["TableDescription"]["TableStatus"] == "UPDATING"
    (index,) = answer["TableDescription"]["GlobalSecondaryIndexes"]
    assert index["IndexStatus"] == "CREATING" and index["Backfilling"] is True
    ddb.put_item(TableName="made", Item={"pk": {"S": "late"}, "g": {"S": "g0"}})
    ddb.delete_item(TableName="made", Key={"pk": {"S": "000"}})
    own_cloud.advance(1)
    shown = ddb.describe_table(TableName="made")["Table"]
    assert shown["TableStatus"] == "ACTIVE"
    assert shown["AttributeDefinitions"] == helpers.attributes(pk="S", g="S")
    (index,) = shown["GlobalSecondaryIndexes"]
    assert index["IndexStatus"] == "ACTIVE" and index["ItemCount"] == 600
    found = ddb.query(
        TableName="made", IndexName="by-g", KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "g0"}},
    )  # fmt: skip
    wanted = {f"{n:03}" for n in range(3, 600, 3)} | {"late"}
    assert {item["pk"]["S"] for item in found["Items"]} == wanted

    ddb.update_table(TableName="made", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-g"}}])
    own_cloud.advance(1)
    shown = ddb.describe_table(TableName="made")["Table"]
    assert "GlobalSecondaryIndexes" not in shown and shown["ItemCount"] == 601
    assert shown["AttributeDefinitions"] == helpers.attributes(pk="S")


def test_an_index_is_filled_after_a_kill(restarted, helpers):
    """The job goes on where the transactions left it, and no entry is counted twice."""
    account = restarted.account()
    ddb = account.client("dynamodb")
    ddb.create_table(**table(helpers))
    for start in range(0, 1500, 25):
        items = [{"pk": {"S": f"{n:04}"}, "g": {"S": "g"}} for n in range(start, start + 25)]
        ddb.batch_write_item(RequestItems={"made": [{"PutRequest": {"Item": item}} for item in items]})
    create = {"GlobalSecondaryIndexUpdates": [{"Create": gsi(helpers, "by-g", "g")}]}
    ddb.update_table(TableName="made", AttributeDefinitions=helpers.attributes(g="S"), **create)
    restarted.restart()
    ddb = account.client("dynamodb")
    for _ in range(200):
        shown = ddb.describe_table(TableName="made")["Table"]
        if shown["TableStatus"] == "ACTIVE":
            break
        time.sleep(0.05)
    (index,) = shown["GlobalSecondaryIndexes"]
    assert index["IndexStatus"] == "ACTIVE" and index["ItemCount"] == 1500
    pages = ddb.get_paginator("query").paginate(
        TableName="made", IndexName="by-g", Select="COUNT", KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "g"}},
    )  # fmt: skip
    assert sum(page["Count"] for page in pages) == 1500


def test_one_index_at_a_time(ddb, plain, helpers):
    updates = [{"Create": gsi(helpers, f"index-{n}", "g")} for n in range(2)]
    request = {"TableName": plain, "AttributeDefinitions": helpers.attributes(g="S")}
    assert helpers.error(ddb.update_table, **request, GlobalSecondaryIndexUpdates=updates) == (
        "LimitExceededException",
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    )
    assert helpers.invalid(ddb.update_table, TableName=plain, GlobalSecondaryIndexUpdates=[{}]).startswith(
        INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create"
    )
    gone = [{"Delete": {"IndexName": "nope"}}]
    assert helpers.error(ddb.update_table, TableName=plain, GlobalSecondaryIndexUpdates=gone)[0] == (
        "ResourceNotFoundException"
    )


def test_warm_throughput_is_kept(ddb, plain):
    asked = {"ReadUnitsPerSecond": 13_000, "WriteUnitsPerSecond": 5_000}
    ddb.update_table(TableName=plain, WarmThroughput=asked)
    assert ddb.describe_table(TableName=plain)["Table"]["WarmThroughput"] == {**asked, "Status": "ACTIVE"}


def test_replicas_are_not_built(ddb, plain, helpers):
    code, message = helpers.error(
        ddb.update_table, TableName=plain, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}]
    )
    assert code == "NotImplemented" and "ReplicaUpdates" in message


def test_tags(ddb, aws, plain, helpers):
    arn = ddb.describe_table(TableName=plain)["Table"]["TableArn"]
    ddb.tag_resource(ResourceArn=arn, Tags=[{"Key": f"k{n:02}", "Value": str(n)} for n in range(12)])
    ddb.tag_resource(ResourceArn=arn, Tags=[{"Key": "k00", "Value": "again"}])
    ddb.untag_resource(ResourceArn=arn, TagKeys=["k01", "nope"])
    page = ddb.list_tags_of_resource(ResourceArn=arn)
    assert len(page["Tags"]) == 10 and page["Tags"][0] == {"Key": "k00", "Value": "again"}
    rest = ddb.list_tags_of_resource(ResourceArn=arn, NextToken=page["NextToken"])
    assert [tag["Key"] for tag in rest["Tags"]] == ["k11"] and "NextToken" not in rest
    missing = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/nope"
    for call, more in (
        (ddb.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (ddb.untag_resource, {"TagKeys": ["a"]}),
        (ddb.list_tags_of_resource, {}),
    ):
        assert helpers.error(call, ResourceArn=missing, **more) == (
            "ResourceNotFoundException",
            f"Requested resource not found: ResourcArn: {missing} not found",
        )
    assert helpers.invalid(ddb.tag_resource, ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": "b"}])
    many = [{"Key": f"x{n}", "Value": ""} for n in range(45)]
    assert "Too many tags" in helpers.invalid(ddb.tag_resource, ResourceArn=arn, Tags=many)


def test_account_settings(ddb, plain):
    assert ddb.describe_limits()["AccountMaxReadCapacityUnits"] == 80_000
    (endpoint,) = ddb.describe_endpoints()["Endpoints"]
    assert ddb.meta.endpoint_url.endswith(endpoint["Address"])
    shown = ddb.describe_continuous_backups(TableName=plain)["ContinuousBackupsDescription"]
    assert shown == {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }
    answer = ddb.update_continuous_backups(
        TableName=plain, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    header = answer["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-fidelity"]
    assert header == "real; recorded=PointInTimeRecoverySpecification"
    recovery = ddb.describe_continuous_backups(TableName=plain)["ContinuousBackupsDescription"][
        "PointInTimeRecoveryDescription"
    ]
    assert recovery == {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35}  # no dates to restore


def test_what_is_not_built_says_so(ddb, helpers):
    assert helpers.error(ddb.list_backups)[0] == "NotImplemented"


def test_denied(aws, ddb, plain, helpers):
    arn = f"arn:aws:dynamodb:us-east-1:{aws.id}:table/{plain}"
    statement = {"Effect": "Allow", "Action": "dynamodb:DescribeTable", "Resource": arn}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("dynamodb")
    user.describe_table(TableName=plain)
    for call, request in (
        (user.describe_table, {"TableName": "other"}),
        (user.create_table, table(helpers)),
        (user.delete_table, {"TableName": plain}),
        (user.update_table, {"TableName": plain, "BillingMode": "PAY_PER_REQUEST"}),
        (user.list_tables, {}),
        (user.tag_resource, {"ResourceArn": arn, "Tags": []}),
        (user.untag_resource, {"ResourceArn": arn, "TagKeys": []}),
        (user.list_tags_of_resource, {"ResourceArn": arn}),
        (user.describe_time_to_live, {"TableName": plain}),
        (user.describe_continuous_backups, {"TableName": plain}),
        (user.describe_limits, {}),
        (user.describe_endpoints, {}),
    ):
        assert helpers.error(call, **request)[0] == "AccessDeniedException"


def test_throttling(own_cloud, helpers):
    """Provisioned units throttle; five minutes' worth is saved up, and comes back with the clock.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
    """
    ddb = own_cloud.account().client("dynamodb")
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    ddb.create_table(**table(helpers, BillingMode=None, ProvisionedThroughput=units))
    big = {"pk": {"S": "big"}, "x": {"S": "x" * 400_000}}
    ddb.put_item(TableName="made", Item=big)  # 391 units of the 300 that were saved
    assert helpers.error(ddb.put_item, TableName="made", Item=big) == (
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
        "provisioning level with the UpdateTable API.",
    )
    request = {"made": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}]}
    assert helpers.error(ddb.batch_write_item, RequestItems=request)[0] == "ProvisionedThroughputExceededException"
    own_cloud.advance(120)
    ddb.put_item(TableName="made", Item={"pk": {"S": "small"}})
    for _ in range(3):
        ddb.get_item(TableName="made", Key={"pk": {"S": "big"}}, ConsistentRead=True)  # 98 units each
    ddb.get_item(TableName="made", Key={"pk": {"S": "big"}}, ConsistentRead=True)
    code, _ = helpers.error(ddb.get_item, TableName="made", Key={"pk": {"S": "small"}})
    assert code == "ProvisionedThroughputExceededException"
    ddb.update_table(TableName="made", BillingMode="PAY_PER_REQUEST")
    ddb.get_item(TableName="made", Key={"pk": {"S": "small"}})
