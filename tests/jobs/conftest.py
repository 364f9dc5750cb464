"""A cloud whose jobs are functions of the test."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fogbank.core.context import Context
from fogbank.core.operation import Job
from fogbank.core.principal import root

ACCOUNT = "111122223333"
PATIENCE = 20.0


def eventually(look: Callable[[], Any], says: str = "not in time") -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found, says
    return found


class Yard:
    """`declare` gives a kind its handler, `later` enqueues in one transaction."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.app = cloud.app
        self.ctx = Context(app=self.app, account=ACCOUNT, region="us-east-1", principal=root(ACCOUNT), request_id="r")
        self._declared: dict[str, Job] = {}
        found = self.app.find_job
        self.app.find_job = self.app.worker._find = lambda kind: self._declared.get(kind) or found(kind)

    def declare(self, kind: str, call: Callable[[Context, dict[str, Any]], Awaitable[None]], **more: Any) -> None:
        given = {"attempts": 5, "backoff": 0.01} | more
        self._declared[kind] = Job(kind, call, **given)

    def transact(self, change: Callable[[Any], Any]) -> Any:
        async def in_loop() -> Any:
            return await self.ctx.transact(change)

        return self.cloud.run(in_loop())

    def later(self, kind: str, *payloads: dict[str, Any], **more: Any) -> None:
        def put(tx: Any) -> None:
            for payload in payloads:
                self.ctx.later(tx, kind, payload, **more)

        self.transact(put)


@pytest.fixture
def yard(own_cloud: Any) -> Yard:
    return Yard(own_cloud)
