"""A bench for execution environments: a fleet with no cloud around it, whose log events are kept."""

from __future__ import annotations

import asyncio
import json
import textwrap
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.core.clock import Clock
from fogbank.core.settings import Settings
from fogbank.core.signals import Signals
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
        app = SimpleNamespace(
            clock=self.clock,
            signals=Signals(self.clock),
            settings=Settings(data=folder / "data"),
            endpoint="http://localhost:4566",
            on_stop=lambda close: None,
        )
        self.fleet = Fleet(app)  # type: ignore[arg-type]
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


Body = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Body], None]:
    def go(body: Body) -> None:
        async def main() -> None:
            async with benching(tmp_path) as bench:
                await asyncio.wait_for(body(bench), 40)

        asyncio.run(main())

    return go
