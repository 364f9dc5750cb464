"""Resources of other services in one stack: made, changed, tagged and deleted through their own cfn.py."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from fogbank.core import services
from fogbank.services.cloudformation.engine import registry

TEMPLATE = """
Resources:
  Queue: {Type: 'AWS::SQS::Queue', Properties: {VisibilityTimeout: 40}}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage', Resource: !GetAtt Queue.Arn}]
  Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: d}}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {Protocol: sqs, Endpoint: !GetAtt Queue.Arn, TopicArn: !Ref Topic, RawMessageDelivery: true}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
      Policies:
        - PolicyName: table
          PolicyDocument:
            Version: 2012-10-17
            Statement: [{Effect: Allow, Action: 'dynamodb:*', Resource: !GetAtt Table.Arn}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: '20'
      Environment: {Variables: {TABLE: !Ref Table}}
      Code:
        ZipFile: |
          import os, boto3
          def handler(event, context):
              boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": event["key"]}})
              return "stored"
  Logs: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: !Sub '/aws/lambda/${Function}', RetentionInDays: 7}}
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}
            Action: 'kms:*'
            Resource: '*'
  Alias: {Type: 'AWS::KMS::Alias', Properties: {AliasName: alias/stack, TargetKeyId: !Ref Key}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
Outputs:
  Function: {Value: !Ref Function}
  Table: {Value: !Ref Table}
  Queue: {Value: !Ref Queue}
  QueueArn: {Value: !GetAtt Queue.Arn}
  BucketArn: {Value: !GetAtt Bucket.Arn}
  KeyArn: {Value: !GetAtt Key.Arn}
"""

NEEDED = ("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::DynamoDB::Table", "AWS::IAM::Role",
          "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::KMS::Key", "AWS::S3::Bucket")  # fmt: skip
MISSING = [name for name in NEEDED if registry.find(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"not built: {MISSING}")
def test_an_application(cfn, aws):
    tags = [{"Key": "team", "Value": "fog"}]
    stack = cfn.create("app", TEMPLATE, Capabilities=["CAPABILITY_IAM"], Tags=tags)
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.failures("app")
    out = cfn.outputs("app")
    functions = aws.client("lambda")
    answer = functions.invoke(FunctionName=out["Function"], Payload=json.dumps({"key": "k"}))
    assert json.load(answer["Payload"]) == "stored"
    item = aws.client("dynamodb").get_item(TableName=out["Table"], Key={"pk": {"S": "k"}})["Item"]
    assert item == {"pk": {"S": "k"}}
    sqs = aws.client("sqs")
    assert sqs.list_queue_tags(QueueUrl=out["Queue"])["Tags"] == {"team": "fog"}  # seen on AWS in December 2025
    function = aws.client("lambda").get_function(FunctionName=out["Function"])
    assert function["Tags"] == {
        "team": "fog",
        "aws:cloudformation:stack-name": "app",
        "aws:cloudformation:stack-id": stack["StackId"],
        "aws:cloudformation:logical-id": "Function",
    }
    assert aws.client("s3").get_bucket_versioning(Bucket=cfn.physical("app")["Bucket"])["Status"] == "Enabled"
    changed = TEMPLATE.replace("VisibilityTimeout: 40", "VisibilityTimeout: 50").replace("Timeout: '20'", "Timeout: 21")
    stack = cfn.update("app", changed, Capabilities=["CAPABILITY_IAM"])
    assert stack["StackStatus"] == "UPDATE_COMPLETE", cfn.failures("app")
    attributes = sqs.get_queue_attributes(QueueUrl=out["Queue"], AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes == {"VisibilityTimeout": "50"}
    assert functions.get_function_configuration(FunctionName=out["Function"])["Timeout"] == 21
    gone = cfn.delete("app")
    assert gone["StackStatus"] == "DELETE_COMPLETE", cfn.failures(gone["StackId"])
    assert sqs.list_queues().get("QueueUrls", []) == []
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
    assert functions.list_functions()["Functions"] == []


REST = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Timeout: 20
      InlineCode: |
        def handler(event, context): return {"statusCode": 200, "body": event["path"]}
      Events:
        Get: {Type: Api, Properties: {Path: /hello, Method: get}}
Outputs:
  Api: {Value: !Ref ServerlessRestApi}
"""


@pytest.mark.skipif(registry.find("AWS::ApiGateway::RestApi") is None, reason="needs API Gateway")
def test_a_serverless_api_answers_and_changes(cfn, aws):
    caps = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}
    assert cfn.create("rest", REST, **caps)["StackStatus"] == "CREATE_COMPLETE", cfn.failures("rest")
    url = f"{aws.endpoint}/_aws/execute-api/{cfn.outputs('rest')['Api']}/Prod"
    assert urllib.request.urlopen(f"{url}/hello", timeout=20).read() == b"/hello"
    changed = REST.replace("/hello", "/bye")
    assert cfn.update("rest", changed, **caps)["StackStatus"] == "UPDATE_COMPLETE", cfn.failures("rest")
    assert urllib.request.urlopen(f"{url}/bye", timeout=20).read() == b"/bye"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{url}/hello", timeout=20)
    assert cfn.delete("rest")["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.skipif(registry.find("AWS::SNS::Topic") is None, reason="needs SNS")
def test_topics_hear_of_a_stacks_events(cfn, aws, parameter):
    """User Guide, "Receive Amazon SNS notifications for stack events": one KEY='value' a line."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="events")["TopicArn"]
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    cfn.create("told", {"Resources": {"P": parameter()}}, NotificationARNs=[topic])
    assert cfn.stack("told")["NotificationARNs"] == [topic]
    heard = set()
    for _ in range(20):
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        for message in found:
            lines = dict(line.split("=", 1) for line in message["Body"].splitlines())
            heard.add((lines["LogicalResourceId"], lines["ResourceStatus"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        if len(heard) == 4:
            break
    assert heard == {
        ("'told'", "'CREATE_IN_PROGRESS'"),
        ("'P'", "'CREATE_IN_PROGRESS'"),
        ("'P'", "'CREATE_COMPLETE'"),
        ("'told'", "'CREATE_COMPLETE'"),
    }


def test_every_declared_type_is_found_by_its_name():
    """The table of middle words, or the search behind it, leads to each type that a service declares."""
    found = 0
    for name in services.built():
        for kind in (services.load(name) or services.Service(name)).resource_types:
            assert registry.find(kind) is not None, kind
            found += 1
    assert found > 20
    assert registry.find("Custom::Anything") is registry.find("AWS::CloudFormation::CustomResource")
    assert registry.find("AWS::Nobody::Knows") is None
