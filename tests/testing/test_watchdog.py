"""The watchdog of the event loop, which every other test is under."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from fogbank.testing import watchdog


def work(seconds: float) -> None:
    """Use the processor for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def noted() -> list[str]:
    return [held.what for held in watchdog.take()]


def test_a_step_that_is_too_long_is_named(own_cloud: Any) -> None:
    async def greedy() -> None:
        await asyncio.sleep(0)
        work(0.15)

    own_cloud.account().client("sts").get_caller_identity()
    own_cloud.run(greedy())
    (held,) = watchdog.take()
    assert "greedy" in held.what
    assert held.call == "sts:GetCallerIdentity"
    assert 0.15 <= held.seconds < 1
    assert "held the event loop for 1" in str(held)


def test_a_callback_that_is_too_long_is_named(own_cloud: Any) -> None:
    async def schedule() -> None:
        asyncio.get_running_loop().call_later(0.001, work, 0.15)
        await asyncio.sleep(0.01)

    own_cloud.run(schedule())
    assert noted() == ["work"]


def test_an_operation_that_is_too_long_is_named(own_cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    authorize = own_cloud.app.authorizer.authorize
    monkeypatch.setattr(own_cloud.app.authorizer, "authorize", lambda *a: (work(0.15), authorize(*a)))
    own_cloud.account().client("sts").get_caller_identity()
    (held,) = watchdog.take()
    assert held.call == "sts:GetCallerIdentity"
    assert held.what == "Connection.data_received"


def test_waiting_and_short_steps_are_free(own_cloud: Any) -> None:
    async def patient() -> None:
        time.sleep(0.15)
        for _ in range(20):
            work(0.01)
            await asyncio.sleep(0)

    own_cloud.run(patient())
    assert noted() == []
