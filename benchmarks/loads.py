"""The loads: what each prepares with boto3, and the signed raw requests it then sends."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

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

    def signed(self, service: str, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        """One raw, signed request."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        made = AWSRequest(method, self.endpoint + path, data=body, headers=named)
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        auth(KEYS, service, REGION).add_auth(made)
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


def loads() -> Iterator[tuple[str, Callable[[Target], list[bytes]], int]]:
    """(name, preparation, connections), in the order they build upon each other."""
    yield "STS GetCallerIdentity", caller_identity, 16
    yield "DynamoDB GetItem", get_item, 16
    yield "DynamoDB PutItem", put_item, 16
    yield "DynamoDB Query (10 of 16)", query, 16
    yield "DynamoDB Query (100 of 100)", query_whole, 16
    yield "S3 PutObject 1 KB", put_object, 16
    yield "S3 GetObject 1 KB", get_object, 16
    yield "Lambda warm invoke", invoke, 1
    yield "API Gateway → Lambda → DynamoDB", api, 1
