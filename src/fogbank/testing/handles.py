"""The object through which a test uses a running cloud."""

from __future__ import annotations

from typing import Any

from . import control
from .accounts import Account, fresh_id
from .control import CloudClock


class CloudFailed(Exception):
    """The cloud did not start. The text says why."""


class Cloud:
    """A running cloud. The implementations are `threads.ThreadCloud` and `processes.ProcessCloud`."""

    region = "us-east-1"

    def __init__(self, client_config: Any = None) -> None:
        self._client_config = client_config

    @property
    def endpoint(self) -> str:
        raise NotImplementedError

    @property
    def token(self) -> str:
        """The token of the control API."""
        raise NotImplementedError

    @property
    def clock(self) -> CloudClock:
        """The cloud's clock, which can be moved."""
        return CloudClock(self.endpoint, self.token)

    def account(self, account_id: str | None = None) -> Account:
        """A fresh account, or the one with this 12-digit id, used as its root."""
        return Account(self.endpoint, account_id or fresh_id(), region=self.region, config=self._client_config)

    def advance(self, seconds: float) -> None:
        """The same as `clock.advance`."""
        self.clock.advance(seconds)

    def reset(self, service: str = "") -> None:
        """Delete everything of every account, or everything of one service."""
        control.call(self.endpoint, "POST", "reset", {"service": service} if service else {}, token=self.token)

    def release(self, account_id: str) -> None:
        """Release the globally unique names that an account holds: deletes its S3 buckets with their contents."""
        control.call(self.endpoint, "POST", "release", {"account": account_id}, token=self.token)

    def why(self, request_id: str) -> list[dict[str, Any]]:
        """The trace of a call, by the RequestId in its ResponseMetadata: the call and what followed from it."""
        hops: list[dict[str, Any]] = control.call(self.endpoint, "GET", f"requests/{request_id}", token=self.token)
        return hops

    def stop(self) -> None:
        raise NotImplementedError
