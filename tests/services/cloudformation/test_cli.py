"""`aws cloudformation deploy`, unmodified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

TEMPLATE = """
Parameters:
  Word: {Type: String}
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Sub '${Word} in ${AWS::Region}'}
Outputs:
  Name: {Value: !Ref Parameter}
"""


@pytest.fixture
def cli(aws, tmp_path):
    """Run the AWS CLI against the cloud; gives (exit code, output)."""

    def run(*words):
        env = os.environ | {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": aws.id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
        }
        command = [sys.executable, str(Path(sys.executable).with_name("aws")), *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_deploy_twice_then_change(cli, cfn, aws, tmp_path):
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    deploy = ["cloudformation", "deploy", "--stack-name", "cli", "--template-file", str(template)]
    code, said = cli(*deploy, "--parameter-overrides", "Word=hello", "--tags", "team=fog")
    assert code == 0, said
    assert "Successfully created/updated stack - cli" in said
    name = cfn.outputs("cli")["Name"]
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "hello in us-east-1"
    assert cfn.stack("cli")["Tags"] == [{"Key": "team", "Value": "fog"}]
    code, said = cli(*deploy, "--parameter-overrides", "Word=hello", "--tags", "team=fog",
                     "--no-fail-on-empty-changeset")  # fmt: skip
    assert code == 0, said
    assert "No changes to deploy. Stack cli is up to date" in said
    failed = int(time.time())  # the change set without changes stays, and the CLI names the next by the second
    while int(time.time()) == failed:
        time.sleep(0.05)
    code, said = cli(*deploy, "--parameter-overrides", "Word=bye")
    assert code == 0, said
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "bye in us-east-1"


def test_package_and_deploy_a_nested_stack(cli, cfn, aws, tmp_path):
    (tmp_path / "child.yaml").write_text(TEMPLATE)
    outer = {
        "Resources": {
            "Child": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": "child.yaml", "Parameters": {"Word": "nested"}},
            }
        },
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Name"]}}},
    }
    (tmp_path / "outer.json").write_text(json.dumps(outer))
    bucket = f"packages-{aws.id}"
    aws.client("s3").create_bucket(Bucket=bucket)
    packed = tmp_path / "packed.yaml"
    code, said = cli("cloudformation", "package", "--template-file", str(tmp_path / "outer.json"), "--s3-bucket",
                     bucket, "--output-template-file", str(packed))  # fmt: skip
    assert code == 0, said
    code, said = cli("cloudformation", "deploy", "--stack-name", "outer", "--template-file", str(packed))
    assert code == 0, said
    name = cfn.outputs("outer")["Name"]
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "nested in us-east-1"


SERVERLESS = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, Timeout: 20}
Resources:
  Table: {Type: AWS::Serverless::SimpleTable}
  Queue: {Type: AWS::SQS::Queue}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: index.handler
      AutoPublishAlias: live
      Environment: {Variables: {TABLE: !Ref Table}}
      Policies:
        - Version: 2012-10-17
          Statement: [{Effect: Allow, Action: 'dynamodb:PutItem', Resource: !GetAtt Table.Arn}]
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
Outputs:
  Queue: {Value: !Ref Queue}
  Table: {Value: !Ref Table}
  Worker: {Value: !Ref Worker}
  Alias: {Value: !Ref Worker.Alias}
"""

CODE = """
import os
import boto3

def handler(event, context):
    table = boto3.client("dynamodb")
    for record in event.get("Records", [{"body": "direct"}]):
        table.put_item(TableName=os.environ["TABLE"], Item={"id": {"S": record["body"]}})
    return context.invoked_function_arn
"""


def test_a_serverless_application(cli, cfn, aws, tmp_path):
    """Packaged, transformed, deployed; a message then goes through the queue to the function to the table."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.py").write_text(CODE)
    (tmp_path / "template.yaml").write_text(SERVERLESS)
    bucket = f"code-{aws.id}"
    aws.client("s3").create_bucket(Bucket=bucket)
    packed = tmp_path / "packed.yaml"
    code, said = cli("cloudformation", "package", "--template-file", str(tmp_path / "template.yaml"), "--s3-bucket",
                     bucket, "--output-template-file", str(packed))  # fmt: skip
    assert code == 0, said
    # what `deploy` does, without its waiter's thirty seconds between two looks
    kw = {"StackName": "sam", "ChangeSetName": "c"}
    cfn.client.create_change_set(
        **kw, ChangeSetType="CREATE", TemplateBody=packed.read_text(), Capabilities=["CAPABILITY_IAM"]
    )
    cfn.client.execute_change_set(**kw)
    assert cfn.settled("sam")["StackStatus"] == "CREATE_COMPLETE", cfn.failures("sam")
    out = cfn.outputs("sam")
    assert out["Alias"].endswith(":live")
    answer = aws.client("lambda").invoke(FunctionName=out["Alias"])
    assert json.load(answer["Payload"]).endswith(":live")
    aws.client("sqs").send_message(QueueUrl=out["Queue"], MessageBody="queued")
    table = aws.client("dynamodb")
    end = time.monotonic() + 20
    while time.monotonic() < end and "Item" not in table.get_item(TableName=out["Table"], Key={"id": {"S": "queued"}}):
        time.sleep(0.1)
    found = {item["id"]["S"] for item in table.scan(TableName=out["Table"])["Items"]}
    assert found == {"direct", "queued"}
    gone = cfn.delete("sam")
    assert gone["StackStatus"] == "DELETE_COMPLETE", cfn.failures(gone["StackId"])
