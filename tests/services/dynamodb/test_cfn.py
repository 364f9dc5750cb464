"""AWS::DynamoDB::Table and GlobalTable in stacks.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

import json

import pytest


@pytest.fixture
def stack(own_cloud):
    account = own_cloud.account()
    cloudformation, ddb = account.client("cloudformation"), account.client("dynamodb")
    known = set()

    def deploy(resource, kind="AWS::DynamoDB::Table", attributes=("Arn",)):
        outputs = {name: {"Value": {"Fn::GetAtt": ["Table", name]}} for name in attributes}
        outputs["Name"] = {"Value": {"Ref": "Table"}}
        template = {"Resources": {"Table": {"Type": kind, "Properties": resource}}, "Outputs": outputs}
        call = cloudformation.update_stack if known else cloudformation.create_stack
        call(StackName="tables", TemplateBody=json.dumps(template))
        known.add("tables")
        own_cloud.advance(30)
        (shown,) = cloudformation.describe_stacks(StackName="tables")["Stacks"]
        assert shown["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), (
            shown,
            [(e["LogicalResourceId"], e.get("ResourceStatusReason"))
             for e in cloudformation.describe_stack_events(StackName="tables")["StackEvents"]],
        )  # fmt: skip
        return {output["OutputKey"]: output["OutputValue"] for output in shown["Outputs"]}

    def delete():
        cloudformation.delete_stack(StackName="tables")
        own_cloud.advance(30)

    deploy.ddb, deploy.delete, deploy.account = ddb, delete, account
    return deploy


def key(*names):
    return [{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=False)]


def kinds(*names):
    return [{"AttributeName": n, "AttributeType": "S"} for n in names]


def index(name, on):
    return {"IndexName": name, "KeySchema": key(on), "Projection": {"ProjectionType": "ALL"}}


BASE = {"BillingMode": "PAY_PER_REQUEST", "KeySchema": key("pk"), "AttributeDefinitions": kinds("pk")}


def test_a_tables_life(stack):
    made = stack(
        {
            **BASE,
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": "true"},
            "Tags": [{"Key": "a", "Value": "1"}],
        },
        attributes=("Arn",),
    )
    name = made["Name"]
    assert name.startswith("tables-Table-")
    assert made["Arn"] == f"arn:aws:dynamodb:us-east-1:{stack.account.id}:table/{name}"
    ddb = stack.ddb
    assert ddb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "until"
    backups = ddb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    ddb.put_item(TableName=name, Item={"pk": {"S": "a"}, "g": {"S": "g"}})

    again = stack(
        {
            **BASE,
            "AttributeDefinitions": kinds("pk", "g", "h"),
            "GlobalSecondaryIndexes": [index("by-g", "g"), index("by-h", "h")],
            "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
            "Tags": [{"Key": "b", "Value": "2"}],
        }
    )
    assert again["Name"] == name
    table = ddb.describe_table(TableName=name)["Table"]
    assert {i["IndexName"]: i["ItemCount"] for i in table["GlobalSecondaryIndexes"]} == {"by-g": 1, "by-h": 0}
    assert "StreamSpecification" not in table
    assert ddb.list_tags_of_resource(ResourceArn=made["Arn"])["Tags"] == [{"Key": "b", "Value": "2"}]
    provisioned = {"ReadCapacityUnits": "3", "WriteCapacityUnits": 2}
    other = stack(
        {**BASE, "BillingMode": "PROVISIONED", "ProvisionedThroughput": provisioned, "KeySchema": key("pk", "sk"),
         "AttributeDefinitions": kinds("pk", "sk")}
    )  # fmt: skip
    assert other["Name"] != name  # another key schema: another table
    assert ddb.list_tables()["TableNames"] == [other["Name"]]
    stack.delete()
    assert ddb.list_tables()["TableNames"] == []


def test_a_global_table_of_one_region(stack):
    made = stack(
        {
            "TableName": "everywhere",
            **BASE,
            "Replicas": [{"Region": "us-east-1", "Tags": [{"Key": "a", "Value": "1"}]}],
        },
        kind="AWS::DynamoDB::GlobalTable",
        attributes=("Arn", "TableId"),
    )
    assert made["Name"] == "everywhere"
    table = stack.ddb.describe_table(TableName="everywhere")["Table"]
    assert made["TableId"] == table["TableId"]
    stack.delete()
    assert stack.ddb.list_tables()["TableNames"] == []


def test_tables_get_the_stacks_tags_but_none_of_cloudformations_own(stack):
    """Unlike other resources: DynamoDB takes no tags that begin with `aws:`, not even from CloudFormation.

    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1360, with AWS's answer of 2023-04-07,
    and issues 2065 (tables) and 2066 (global tables), open still.
    """
    template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {**BASE, "TableName": "tagged"}}}}
    stack.account.client("cloudformation").create_stack(
        StackName="tables", TemplateBody=json.dumps(template), Tags=[{"Key": "team", "Value": "blue"}]
    )
    stack.account.client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName="tables", WaiterConfig={"Delay": 1}
    )
    arn = stack.ddb.describe_table(TableName="tagged")["Table"]["TableArn"]
    assert stack.ddb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
