"""AWS::SecretsManager in templates, and dynamic references.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SecretsManager.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
"""

import json

import pytest
from tests.support import refused

from fogbank.services.secretsmanager import cfn_targets


@pytest.fixture
def cfn(aws):
    return aws.client("cloudformation")


def deploy(cfn, resources, name="app", outputs=None, **more):
    body = {"Resources": resources, "Outputs": outputs or {}, **more}
    exists = name in {each["StackName"] for each in cfn.describe_stacks()["Stacks"]}
    call = cfn.update_stack if exists else cfn.create_stack
    call(StackName=name, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_AUTO_EXPAND"])
    waiter = "stack_update_complete" if exists else "stack_create_complete"
    cfn.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 1})
    stack = cfn.describe_stacks(StackName=name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}


def test_a_generated_secret(aws, cfn):
    generate = {"SecretStringTemplate": '{"username": "admin"}', "GenerateStringKey": "password",
                "PasswordLength": 40, "ExcludeCharacters": '"@/'}  # fmt: skip
    secret = {"Type": "AWS::SecretsManager::Secret",
              "Properties": {"Description": "d", "GenerateSecretString": generate,
                             "Tags": [{"Key": "a", "Value": "b"}]}}  # fmt: skip
    queue = {"Type": "AWS::SQS::Queue", "Properties": {
        "QueueName": {"Fn::Sub": "q-{{resolve:secretsmanager:${Secret}:SecretString:username}}"}}}  # fmt: skip
    outputs = {"Arn": {"Value": {"Ref": "Secret"}}, "Id": {"Value": {"Fn::GetAtt": ["Secret", "Id"]}}}
    got = deploy(cfn, {"Secret": secret, "Queue": queue}, outputs=outputs)
    assert got["Arn"] == got["Id"]
    client = aws.client("secretsmanager")
    value = json.loads(client.get_secret_value(SecretId=got["Arn"])["SecretString"])
    assert value["username"] == "admin"
    assert len(value["password"]) == 40
    about = client.describe_secret(SecretId=got["Arn"])
    assert about["Name"].startswith("Secret-")
    assert {"Key": "a", "Value": "b"} in about["Tags"]
    assert aws.client("sqs").get_queue_url(QueueName="q-admin")
    secret["Properties"]["Description"] = "e"
    deploy(cfn, {"Secret": secret, "Queue": queue})
    assert client.describe_secret(SecretId=got["Arn"])["Description"] == "e"
    assert json.loads(client.get_secret_value(SecretId=got["Arn"])["SecretString"]) == value  # and no new password
    generate["PasswordLength"] = 20
    deploy(cfn, {"Secret": secret, "Queue": queue})
    assert len(json.loads(client.get_secret_value(SecretId=got["Arn"])["SecretString"])["password"]) == 20
    cfn.delete_stack(StackName="app")
    cfn.get_waiter("stack_delete_complete").wait(StackName="app", WaiterConfig={"Delay": 1})
    assert refused(client.describe_secret, SecretId=got["Arn"]).code == "ResourceNotFoundException"


def test_a_policy_and_replicas(aws, cfn):
    document = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:DeleteSecret", "Resource": "*"}]}  # fmt: skip
    properties = {"Name": "db", "SecretString": "x", "ReplicaRegions": [{"Region": "eu-west-1"}]}
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": properties}
    policy = {"Type": "AWS::SecretsManager::ResourcePolicy",
              "Properties": {"SecretId": {"Ref": "Secret"}, "ResourcePolicy": document}}  # fmt: skip
    deploy(cfn, {"Secret": secret, "Policy": policy})
    client = aws.client("secretsmanager")
    assert json.loads(client.get_resource_policy(SecretId="db")["ResourcePolicy"]) == document
    assert [each["Region"] for each in client.describe_secret(SecretId="db")["ReplicationStatus"]] == ["eu-west-1"]
    properties["ReplicaRegions"] = [{"Region": "us-west-2"}]
    deploy(cfn, {"Secret": secret})
    assert [each["Region"] for each in client.describe_secret(SecretId="db")["ReplicationStatus"]] == ["us-west-2"]
    assert "ResourcePolicy" not in client.get_resource_policy(SecretId="db")
    cfn.delete_stack(StackName="app")
    cfn.get_waiter("stack_delete_complete").wait(StackName="app", WaiterConfig={"Delay": 1})


def test_hosted_rotation_is_refused_and_its_transform_is_not(cfn):
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "x"}}
    deploy(cfn, {"Secret": secret}, Transform="AWS::SecretsManager-2024-09-16")
    schedule = {"Type": "AWS::SecretsManager::RotationSchedule", "Properties": {
        "SecretId": {"Ref": "Secret"}, "HostedRotationLambda": {"RotationType": "MySQLSingleUser"}}}  # fmt: skip
    body = json.dumps({"Resources": {"Secret": secret, "Schedule": schedule}})
    cfn.create_stack(StackName="hosted", TemplateBody=body)
    with pytest.raises(Exception, match="ROLLBACK_COMPLETE"):
        cfn.get_waiter("stack_create_complete").wait(StackName="hosted", WaiterConfig={"Delay": 1})
    reasons = " ".join(each.get("ResourceStatusReason", "")
                       for each in cfn.describe_stack_events(StackName="hosted")["StackEvents"])  # fmt: skip
    assert "Fogbank has not built the property HostedRotationLambda" in reasons


def test_what_a_database_says_goes_into_the_secret():
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html"""
    rds = cfn_targets.TARGETS["AWS::RDS::DBInstance"].connection
    found = {"Engine": "aurora-mysql", "Endpoint": {"Address": "h", "Port": 3306}, "DBInstanceIdentifier": "i"}
    assert rds(found) == {"engine": "mysql", "host": "h", "port": 3306, "dbname": None, "dbInstanceIdentifier": "i"}
    assert cfn_targets.engine("oracle-ee") == "oracle"
    assert cfn_targets.engine("postgres") == "postgres"
    cluster = {"Engine": "docdb", "Endpoint": "h", "Port": 27017, "DBClusterIdentifier": "c"}
    assert cfn_targets.TARGETS["AWS::DocDB::DBCluster"].connection(cluster)["ssl"] is True
