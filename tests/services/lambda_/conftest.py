"""A bench for execution environments: a fleet with no cloud around it, whose log events are kept."""

from __future__ import annotations

import asyncio
import io
import json
import textwrap
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.core.clock import Clock
from fogbank.core.settings import Settings
from fogbank.core.signals import Signals
from fogbank.engines.running import Engines
from fogbank.services.lambda_.environments.fleet import Fleet, Quota
from fogbank.services.lambda_.environments.logs import LogStream
from fogbank.services.lambda_.environments.spec import Credentials, Invocation, Outcome, Spec


class Bench:
    """A fleet without a cloud around it, and the log events it writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.logged: list[dict[str, Any]] = []
        self.streams: list[str] = []
        self.app = SimpleNamespace(
            clock=self.clock,
            signals=Signals(self.clock),
            settings=Settings(data=folder / "data", fetch="never"),
            endpoint="http://localhost:4566",
            on_stop=lambda close: None,
            local=lambda kind: self.engines if kind is Engines else kind(self.app),
        )
        self.engines = Engines(self.app)  # type: ignore[arg-type]
        self.fleet = Fleet(self.app)  # type: ignore[arg-type]
        self.sequence = 0

    async def logs(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "PutLogEvents":
            self.logged += request["logEvents"]
        return {}

    async def enter(self) -> tuple[Credentials, LogStream]:
        name = f"2026/01/01/[$LATEST]{len(self.streams):032x}"
        self.streams.append(name)
        credentials = Credentials("ASIATESTTESTTESTTEST", "secret", "token", self.clock.now() + 3600)
        return credentials, LogStream("/aws/lambda/f", name, self.logs)

    def spec(self, code: str, runtime: str = "python3.11", file: str = "", **fields: Any) -> Spec:
        suffix = ".py" if runtime.startswith("python") else ".js"
        folder = self.folder / f"code{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        (folder / (file or "app" + suffix)).write_text(textwrap.dedent(code))
        given = {
            "account": "000000000000", "region": "us-east-1", "name": "f", "version": "$LATEST",
            "revision": folder.name,
            "arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "runtime": runtime, "handler": "app.handler",
            "role": "arn:aws:iam::000000000000:role/r", "task_root": str(folder), "log_group": "/aws/lambda/f",
        }  # fmt: skip
        return Spec(**{**given, **fields})

    async def invoke(self, spec: Spec, event: Any = None, quota: Quota = Quota(), **fields: Any) -> Outcome:  # noqa: B008
        self.sequence += 1
        invocation = Invocation(
            request_id=f"{self.sequence:08x}-0000-4000-8000-000000000000",
            payload=json.dumps(event).encode(),
            invoked_arn=spec.arn,
            **fields,
        )
        return await self.fleet.invoke(spec, invocation, quota, self.enter)

    async def messages(self) -> list[str]:
        await self.fleet.flush()
        return [event["message"] for event in self.logged]


@asynccontextmanager
async def benching(folder: Path) -> AsyncIterator[Bench]:
    bench = Bench(folder)
    try:
        yield bench
    finally:
        await bench.fleet.close()
        await bench.engines.supervisor.close()


Body = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Body], None]:
    def go(body: Body) -> None:
        async def main() -> None:
            async with benching(tmp_path) as bench:
                await asyncio.wait_for(body(bench), 40)

        asyncio.run(main())

    return go


# -- through the API --------------------------------------------------------------------------------------------------

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
LOGGING = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }
    ],
}


def zipped(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_role(account: Any, name: str = "function-role", policy: Any = LOGGING, trust: Any = TRUST) -> str:
    iam = account.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    if policy is not None:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
    return arn


class Lambda:
    """A client and a role in a fresh account: `make(name, code)` creates a function and waits for it."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.client = account.client("lambda")
        self.role = make_role(account)

    def make(self, name: str = "f", code: str = "def handler(event, context):\n    return event\n", **more: Any) -> Any:
        given = {
            "FunctionName": name, "Runtime": "python3.11", "Handler": "app.handler", "Role": self.role,
            "Code": {"ZipFile": zipped({"app.py": textwrap.dedent(code)})},
        }  # fmt: skip
        made = self.client.create_function(**{**given, **more})
        self.settle(name)
        return made

    def settle(self, name: str) -> None:
        for _ in range(500):
            now = self.client.get_function_configuration(FunctionName=name)
            if (now["State"], now["LastUpdateStatus"]) == ("Active", "Successful"):
                return
            time.sleep(0.005)
        raise AssertionError("the function did not become active")

    def call(self, name: str = "f", event: Any = None, **more: Any) -> tuple[Any, Any]:
        """(the decoded result, the answer)"""
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **more)
        return json.loads(answer["Payload"].read() or b"null"), answer


@pytest.fixture
def fn(aws: Any) -> Lambda:
    return Lambda(aws)


@pytest.fixture
def make_zip() -> Any:
    return zipped


@pytest.fixture
def lambda_of() -> Any:
    return Lambda


@pytest.fixture
def role_of() -> Any:
    return make_role
