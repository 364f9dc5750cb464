"""The loads: what each prepares with boto3, and the signed raw requests it then sends."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from load import request

KEYS = Credentials("test", "test")
REGION = "us-east-1"
DISTINCT = 256  # requests that a load cycles through


class Target:
    """A server under load."""

    def __init__(self, port: int, *, bare: bool = False) -> None:
        self.port = port
        self.bare = bare  # it answers a constant, whatever it is asked
        self.endpoint = f"http://127.0.0.1:{port}"

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=KEYS.access_key,
            aws_secret_access_key=KEYS.secret_key,
            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, read_timeout=120),
        )

    def signed(
        self, service: str, method: str, path: str, body: bytes = b"", keys: Credentials = KEYS, **headers: str
    ) -> bytes:
        """One raw, signed request."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        made = AWSRequest(method, self.endpoint + path, data=body, headers=named)
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        auth(keys, service, REGION).add_auth(made)
        host = f"127.0.0.1:{self.port}"
        return request(method, path, host, body, [(k, v) for k, v in made.headers.items() if k.lower() != "host"])

    def dynamodb(self, operation: str, body: dict[str, Any]) -> bytes:
        return self.signed(
            "dynamodb", "POST", "/", json.dumps(body).encode(),
            X_Amz_Target=f"DynamoDB_20120810.{operation}", Content_Type="application/x-amz-json-1.0",
        )  # fmt: skip


def _create(target: Target, name: str) -> Any:
    dynamodb = target.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def _table(target: Target) -> None:
    dynamodb = _create(target, "bench")
    for n in range(DISTINCT):
        dynamodb.put_item(TableName="bench", Item=_item(n))


def _item(n: int) -> dict[str, Any]:
    return {"pk": {"S": f"p{n // 16}"}, "sk": {"S": f"s{n}"}, "n": {"N": str(n)}, "text": {"S": "x" * 200}}


def get_item(target: Target) -> list[bytes]:
    _table(target)
    keys = ({name: _item(n)[name] for name in ("pk", "sk")} for n in range(DISTINCT))
    return [target.dynamodb("GetItem", {"TableName": "bench", "Key": key}) for key in keys]


def put_item(target: Target) -> list[bytes]:
    return [target.dynamodb("PutItem", {"TableName": "bench", "Item": _item(n)}) for n in range(DISTINCT)]


def query(target: Target) -> list[bytes]:
    """Pages of 10 of a partition of 16."""
    return [_query_of(target, "bench", n, Limit=10) for n in range(16)]


def query_whole(target: Target) -> list[bytes]:
    """Whole partitions of 100 items."""
    dynamodb = _create(target, "pages")
    for n in range(1600):
        dynamodb.put_item(TableName="pages", Item={**_item(n), "pk": {"S": f"p{n // 100}"}})
    return [_query_of(target, "pages", n) for n in range(16)]


def _query_of(target: Target, table: str, partition: int, **more: Any) -> bytes:
    body = {"TableName": table, "KeyConditionExpression": "pk = :p", **more}
    return target.dynamodb("Query", {**body, "ExpressionAttributeValues": {":p": {"S": f"p{partition}"}}})


def put_object(target: Target) -> list[bytes]:
    target.client("s3").create_bucket(Bucket="bench-objects")
    return [target.signed("s3", "PUT", f"/bench-objects/k{n}", b"y" * 1024) for n in range(DISTINCT)]


def get_object(target: Target) -> list[bytes]:
    return [target.signed("s3", "GET", f"/bench-objects/k{n}") for n in range(DISTINCT)]


def caller_identity(target: Target) -> list[bytes]:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    return [target.signed("sts", "POST", "/", body, Content_Type="application/x-www-form-urlencoded")]


HANDLER = """
import boto3, os
table = boto3.resource("dynamodb").Table("bench")
def handler(event, context):
    if event.get("httpMethod"):
        item = table.get_item(Key={"pk": "p0", "sk": "s0"})["Item"]
        return {"statusCode": 200, "body": item["text"]}
    return {"ok": True}
"""


def function(target: Target, name: str = "bench", handler: str = HANDLER) -> str:
    """Create a function; its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", handler)
    role = "arn:aws:iam::000000000000:role/bench"
    iam = target.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    try:
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        iam.attach_role_policy(RoleName="bench", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName="bench")["Role"]["Arn"]
    client = target.client("lambda")
    made = client.create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Code={"ZipFile": packed.getvalue()},
        Timeout=30, MemorySize=256,
    )  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(made["FunctionArn"])


def invoke(target: Target) -> list[bytes]:
    function(target)
    return [target.signed("lambda", "POST", "/2015-03-31/functions/bench/invocations", b"{}")]


def api(target: Target) -> list[bytes]:
    """API Gateway → Lambda → DynamoDB."""
    apigateway = target.client("apigateway")
    made = apigateway.create_rest_api(name="bench")["id"]
    root = apigateway.get_resources(restApiId=made)["items"][0]["id"]
    where = {"restApiId": made, "resourceId": root, "httpMethod": "GET"}
    apigateway.put_method(**where, authorizationType="NONE")
    arn = target.client("lambda").get_function(FunctionName="bench")["Configuration"]["FunctionArn"]
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    apigateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    target.client("lambda").add_permission(
        FunctionName="bench", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    apigateway.create_deployment(restApiId=made, stageName="v1")
    return [request("GET", f"/restapis/{made}/v1/_user_request_/", f"127.0.0.1:{target.port}")]


def _queue(target: Target, name: str, **more: Any) -> str:
    return str(target.client("sqs").create_queue(QueueName=name, **more)["QueueUrl"])


def _sqs(target: Target, operation: str, keys: Credentials = KEYS, **body: Any) -> bytes:
    return target.signed(
        "sqs", "POST", "/", json.dumps(body).encode(), keys,
        X_Amz_Target=f"AmazonSQS.{operation}", Content_Type="application/x-amz-json-1.0",
    )  # fmt: skip


def send_message(target: Target) -> list[bytes]:
    url = _queue(target, "bench")
    return [_sqs(target, "SendMessage", QueueUrl=url, MessageBody="m" * 200)]


def send_batch(target: Target) -> list[bytes]:
    entries = [{"Id": str(n), "MessageBody": "m" * 200} for n in range(10)]
    return [_sqs(target, "SendMessageBatch", QueueUrl=_queue(target, "bench-batches"), Entries=entries)]


def receive_messages(target: Target) -> list[bytes]:
    """Ten of a thousand messages, visible again at once, so that each request finds some."""
    url, sqs = _queue(target, "bench-full"), target.client("sqs")
    for _ in range(100):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "m" * 200} for n in range(10)])
    return [_sqs(target, "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)]


def publish(target: Target) -> list[bytes]:
    """A topic with three queues. What is measured is the answer; the deliveries take their share of the processor."""
    sns = target.client("sns")
    topic = sns.create_topic(Name="bench")["TopicArn"]
    for n in range(3):
        url = _queue(target, f"bench-topic-{n}")
        sqs = target.client("sqs")
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    body = urlencode({"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": "m" * 200}).encode()
    return [target.signed("sns", "POST", "/", body, Content_Type="application/x-www-form-urlencoded")]


def put_log_events(target: Target) -> list[bytes]:
    """Ten events of 100 characters."""
    logs = target.client("logs")
    logs.create_log_group(logGroupName="bench")
    logs.create_log_stream(logGroupName="bench", logStreamName="one")
    at = int(time.time() * 1000)
    events = [{"timestamp": at + n, "message": "e" * 100} for n in range(10)]
    body = json.dumps({"logGroupName": "bench", "logStreamName": "one", "logEvents": events}).encode()
    return [
        target.signed("logs", "POST", "/", body, X_Amz_Target="Logs_20140328.PutLogEvents",
                      Content_Type="application/x-amz-json-1.1")
    ]  # fmt: skip


def by_tags(target: Target) -> list[bytes]:
    """A user who may only use what has the tag of its own team: a decision that depends on two records' tags."""
    iam = target.client("iam")
    condition = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    own = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": condition}
    iam.create_user(UserName="bench", Tags=[{"Key": "team", "Value": "a"}])
    document = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    iam.put_user_policy(UserName="bench", PolicyName="team", PolicyDocument=document)
    key = iam.create_access_key(UserName="bench")["AccessKey"]
    url = _queue(target, "bench-team", tags={"team": "a"})
    keys = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    return [_sqs(target, "GetQueueAttributes", keys, QueueUrl=url, AttributeNames=["All"])]


def loads() -> Iterator[tuple[str, Callable[[Target], list[bytes]], int]]:
    """(name, preparation, connections), in the order they build upon each other."""
    yield "STS GetCallerIdentity", caller_identity, 16
    yield "DynamoDB GetItem", get_item, 16
    yield "DynamoDB PutItem", put_item, 16
    yield "DynamoDB Query (10 of 16)", query, 16
    yield "DynamoDB Query (100 of 100)", query_whole, 16
    yield "S3 PutObject 1 KB", put_object, 16
    yield "S3 GetObject 1 KB", get_object, 16
    yield "SQS SendMessage", send_message, 16
    yield "SQS SendMessageBatch (10)", send_batch, 16
    yield "SQS ReceiveMessage (10)", receive_messages, 16
    yield "SQS GetQueueAttributes, decided by tags", by_tags, 16
    yield "SNS Publish to 3 queues", publish, 16
    yield "Logs PutLogEvents (10)", put_log_events, 16
    yield "Lambda warm invoke", invoke, 1
    yield "API Gateway → Lambda → DynamoDB", api, 1
