"""Requests as they go over the socket, and one account that has something behind every door of the cloud."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import io
import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Ask(NamedTuple):
    """A request as it goes over the socket."""

    method: str
    host: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


def send(cloud: Any, ask: Ask, headers: dict[str, str] | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.app.port, timeout=60)
    kept = {name: value for name, value in ask.headers.items() if name.lower() not in ("host", "user-agent")}
    connection.request(ask.method, ask.target, ask.body, {"Host": ask.host, **kept, **(headers or {})})
    response = connection.getresponse()
    found = response.status, response.headers, response.read()
    connection.close()
    return found


def signed(auth: Any, key: str, service: str, method: str, url: str, body: bytes = b"", **headers: str) -> Ask:
    """A request with botocore's signature, in its headers or in its URL."""
    in_url = auth in (S3SigV4QueryAuth, SigV4QueryAuth)
    request = AWSRequest(
        method, url, data=b"" if in_url else body, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )
    auth(Credentials(key, "test"), service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    _, _, host, *rest = prepared.url.split("/", 3)
    return Ask(method, host, "/" + (rest[0] if rest else ""), dict(prepared.headers.items()), body)


class Doors:
    """One account with something behind every door. Each door gives a fresh request, since some work once."""

    def __init__(self, cloud: Any, account: Any) -> None:
        self.cloud, self.account, self.key = cloud, account, account.id
        self.base = f"http://127.0.0.1:{cloud.app.port}"
        self.bucket = f"doors-{uuid.uuid4().hex[:12]}"
        s3 = account.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_object(Bucket=self.bucket, Key="k", Body=b"kept")
        self.function = self._function()
        self.stage = self._stage()

    def _function(self) -> str:
        """A function's URL."""
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as package:
            package.writestr("m.py", "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ran'}\n")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = self.account.client("iam").create_role(
            RoleName="doors", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
        )["Role"]["Arn"]
        client = self.account.client("lambda")
        client.create_function(
            FunctionName="f", Runtime="python3.12", Handler="m.handler", Role=role, Code={"ZipFile": held.getvalue()}
        )
        url: str = client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
        return url

    def _stage(self) -> str:
        client = self.account.client("apigateway")
        mock = {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200"}},
        }
        method = {
            "x-amazon-apigateway-auth": {"type": "AWS_IAM"},
            "x-amazon-apigateway-integration": mock,
            "responses": {"200": {"description": "ok"}},
        }
        document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/p": {"get": method}}}
        api = client.import_rest_api(body=json.dumps(document))["id"]
        client.create_deployment(restApiId=api, stageName="dev")
        return f"http://{api}.execute-api.us-east-1.localhost:{self.cloud.app.port}/dev/p"

    def ask(self, door: str) -> Ask:
        name = f"made-{uuid.uuid4().hex[:12]}"
        create_user = f"Action=CreateUser&Version=2010-05-08&UserName={name}"
        path = f"{self.base}/{self.bucket}/k"
        virtual = f"http://{self.bucket}.s3.localhost:{self.cloud.app.port}/k"
        json_call = {"X_Amz_Target": "AmazonSSM.GetParameters", "Content_Type": "application/x-amz-json-1.1"}
        form_call = {"Content_Type": "application/x-www-form-urlencoded"}
        match door:
            case "a query call":
                return signed(SigV4Auth, self.key, "iam", "POST", f"{self.base}/", create_user.encode(), **form_call)
            case "a query call in a URL":
                return signed(SigV4QueryAuth, self.key, "iam", "GET", f"{self.base}/?{create_user}")
            case "a form of a query call, signed in its URL":
                return signed(SigV4QueryAuth, self.key, "sts", "POST",
                              f"{self.base}/?Action=GetCallerIdentity&Version=2011-06-15")  # fmt: skip
            case "a JSON call":
                return signed(SigV4Auth, self.key, "ssm", "POST", f"{self.base}/", b'{"Names":["n"]}', **json_call)
            case "a REST call":
                return signed(SigV4Auth, self.key, "lambda", "GET", f"{self.base}/2015-03-31/functions/")
            case "a bucket to make":
                return signed(S3SigV4Auth, self.key, "s3", "PUT", f"{self.base}/{name}")
            case "an upload by its URL":
                return signed(S3SigV4QueryAuth, self.key, "s3", "PUT", f"{self.base}/{self.bucket}/{name}", b"x")
            case "a deletion by its URL":
                return signed(S3SigV4QueryAuth, self.key, "s3", "DELETE", f"{self.base}/{self.bucket}/{name}")
            case "an upload by a form":
                return self._form(name)
            case "an object":
                return signed(S3SigV4Auth, self.key, "s3", "GET", path)
            case "an object by its URL":
                return signed(S3SigV4QueryAuth, self.key, "s3", "GET", path)
            case "an object on its bucket's host":
                return signed(S3SigV4QueryAuth, self.key, "s3", "GET", virtual)
            case "a function":
                return signed(SigV4QueryAuth, self.key, "lambda", "GET", self.function)
            case "a stage":
                return signed(SigV4QueryAuth, self.key, "execute-api", "GET", self.stage)
        raise ValueError(door)

    def _form(self, key: str) -> Ask:
        now = datetime.now(UTC)
        scope = f"{now:%Y%m%d}/us-east-1/s3/aws4_request"
        fields = {"key": key, "x-amz-credential": f"{self.key}/{scope}", "x-amz-algorithm": "AWS4-HMAC-SHA256",
                  "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}"}  # fmt: skip
        conditions = [{"bucket": self.bucket}, *({name: value} for name, value in fields.items())]
        ends = f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%S.000Z}"
        policy = base64.b64encode(json.dumps({"expiration": ends, "conditions": conditions}).encode())
        derived = b"AWS4test"
        for part in scope.split("/"):
            derived = hmac.digest(derived, part.encode(), hashlib.sha256)
        fields |= {"policy": policy.decode(), "x-amz-signature": hmac.digest(derived, policy, hashlib.sha256).hex()}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{v}\r\n' for name, v in fields.items()]
        parts.append('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n')
        host = f"127.0.0.1:{self.cloud.app.port}"
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        return Ask("POST", host, f"/{self.bucket}", kind, "".join(parts).encode())
