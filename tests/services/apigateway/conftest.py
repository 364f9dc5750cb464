"""An API to be built and asked: `gate.api({...openapi paths...})`, `gate.ask("GET", "/pets")`."""

from __future__ import annotations

import io
import json
import socket
import urllib.error
import urllib.request
import zipfile
from typing import Any, NamedTuple

import pytest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Gate:
    """One account's API Gateway, and the door to its stages."""

    def __init__(self, cloud: Any, account: Any) -> None:
        self.cloud = cloud
        self.account = account
        self.client = account.client("apigateway")
        self.id = ""

    def import_api(self, paths: dict[str, Any], stage: str = "dev", **more: Any) -> str:
        """Import paths as an OpenAPI 3 document and deploy it."""
        document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths, **more}
        self.id = self.client.import_rest_api(body=json.dumps(document))["id"]
        self.deploy(stage)
        return self.id

    def deploy(self, stage: str = "dev", **more: Any) -> str:
        deployed: str = self.client.create_deployment(restApiId=self.id, stageName=stage, **more)["id"]
        return deployed

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None,
        stage: str = "dev", api: str = "",
    ) -> Answer:  # fmt: skip
        url = f"{self.account.endpoint}/_aws/execute-api/{api or self.id}/{stage}{path}"
        return send(urllib.request.Request(url, method=method, data=body, headers=headers or {}))

    def role(self, *statements: dict[str, Any], name: str = "gate-role") -> str:
        iam = self.account.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return arn

    def function(self, code: str, name: str = "f", *, permit: bool = True) -> str:
        """A function whose integration URI is returned."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("app.py", code)
        client = self.account.client("lambda")
        arn = client.create_function(
            FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=self.role(name=f"role-{name}"),
            Code={"ZipFile": archive.getvalue()}, Timeout=20,
        )["FunctionArn"]  # fmt: skip
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        if permit:
            client.add_permission(FunctionName=name, StatementId="gate", Action="lambda:InvokeFunction",
                                  Principal="apigateway.amazonaws.com")  # fmt: skip
        return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def send(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:
            return _read(answer)
    except urllib.error.HTTPError as error:
        return _read(error)


def _read(answer: Any) -> Answer:
    headers = {name.lower(): ", ".join(answer.headers.get_all(name)) for name in answer.headers}
    return Answer(answer.status, headers, answer.read().decode("utf-8", "replace"))


@pytest.fixture
def gate(cloud: Any, aws: Any) -> Gate:
    return Gate(cloud, aws)


@pytest.fixture
def own_gate(own_cloud: Any) -> Gate:
    """On a cloud of its own, whose clock may be moved."""
    return Gate(own_cloud, own_cloud.account())


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
