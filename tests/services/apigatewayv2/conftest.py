"""An HTTP API to be built and asked: `web.api()`, `web.route("GET /pets", target)`, `web.ask("GET", "/pets")`."""

from __future__ import annotations

import http.client
import http.server
import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

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
ECHO = "def handler(event, context):\n    return event\n"


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for what `look` finds."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Web:
    """One account's HTTP and WebSocket APIs, and the door to their stages. `id` is the API of the latest `api`."""

    def __init__(self, cloud: Any, account: Any) -> None:
        self.cloud = cloud
        self.account = account
        self.client = account.client("apigatewayv2")
        self.id = ""

    def api(self, *, stage: str = "$default", **more: Any) -> str:
        """An HTTP API with a stage that is deployed automatically."""
        self.id = self.client.create_api(Name="web", ProtocolType="HTTP", **more)["ApiId"]
        self.client.create_stage(ApiId=self.id, StageName=stage, AutoDeploy=True)
        return self.id

    def integration(self, uri: str, version: str = "2.0", **more: Any) -> str:
        """The target of a new integration: with a function by its ARN, or with an address."""
        if uri.startswith("arn:"):
            request = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": version}
        else:
            request = {"IntegrationType": "HTTP_PROXY", "PayloadFormatVersion": "1.0", "IntegrationMethod": "ANY"}
        made = self.client.create_integration(ApiId=self.id, IntegrationUri=uri, **request | more)
        return f"integrations/{made['IntegrationId']}"

    def route(self, key: str, target: str, **more: Any) -> str:
        made: str = self.client.create_route(ApiId=self.id, RouteKey=key, Target=target, **more)["RouteId"]
        return made

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, *,
        api: str = "", host: str = "",
    ) -> Answer:  # fmt: skip
        """Send a request by the API's host name, whose port is this cloud's."""
        place = urlsplit(self.account.endpoint)
        host = host or f"{api or self.id}.execute-api.us-east-1.localhost:{place.port}"
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=40)
        connection.request(method, path, body, {"Host": host, **(headers or {})})
        response = connection.getresponse()
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            name = name.lower()
            found[name] = f"{found[name]}, {value}" if name in found else value
        text = response.read().decode("utf-8", "replace")
        connection.close()
        return Answer(response.status, found, text)

    def role(self, *statements: dict[str, Any], name: str = "web-role") -> str:
        iam = self.account.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return arn

    def function(self, code: str = ECHO, name: str = "f", *, source: str = "*", runtime: str = "python3.11") -> str:
        """The ARN of a function that APIs of this account may invoke; `source` is a pattern of their routes."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("app.js" if runtime.startswith("nodejs") else "app.py", code)
        client = self.account.client("lambda")
        arn: str = client.create_function(
            FunctionName=name, Runtime=runtime, Handler="app.handler", Role=self.role(name=f"role-{name}"),
            Code={"ZipFile": archive.getvalue()}, Timeout=20,
        )["FunctionArn"]  # fmt: skip
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        if source:
            client.add_permission(
                FunctionName=name, StatementId="web", Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:us-east-1:{self.account.id}:{source}",
            )  # fmt: skip
        return arn


@pytest.fixture
def web(cloud: Any, aws: Any) -> Web:
    return Web(cloud, aws)


@pytest.fixture
def own_web(own_cloud: Any) -> Web:
    """On a cloud of its own, whose clock may be moved."""
    return Web(own_cloud, own_cloud.account())


class Backend:
    """A web server that says what it was asked: method, path, headers and body. `answer` changes what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None
        self.asked: list[dict[str, Any]] = []
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                asked = {
                    "method": self.command, "path": self.path, "body": body,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                }  # fmt: skip
                backend.asked.append(asked)
                content = json.dumps(asked).encode() if backend.body is None else backend.body
                self.send_response(backend.status)
                for name, value in {"Content-Type": "application/json", **backend.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _answer

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def backend() -> Iterator[Backend]:
    server = Backend()
    yield server
    server.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
