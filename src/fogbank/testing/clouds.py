"""A cloud for a test: `cloud()` as a context manager."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from . import control
from .accounts import Account, fresh_id
from .control import CloudClock

Mode = Literal["thread", "process"]


class CloudFailed(Exception):
    """The cloud did not start; the text says why."""


class Cloud:
    """A running cloud. Its ways of running are `threads.ThreadCloud` and `processes.ProcessCloud`."""

    region = "us-east-1"

    def __init__(self, client_config: Any = None) -> None:
        self._client_config = client_config

    @property
    def endpoint(self) -> str:
        raise NotImplementedError

    @property
    def token(self) -> str:
        """That of the control API."""
        raise NotImplementedError

    @property
    def clock(self) -> CloudClock:
        """Show and move the cloud's time."""
        return CloudClock(self.endpoint, self.token)

    def account(self, account_id: str | None = None) -> Account:
        """A fresh account, or the one of this 12-digit id, as its root."""
        return Account(self.endpoint, account_id or fresh_id(), region=self.region, config=self._client_config)

    def advance(self, seconds: float) -> None:
        """The same as `clock.advance`."""
        self.clock.advance(seconds)

    def reset(self, service: str = "") -> None:
        """Delete everything of every account, or everything of one service."""
        control.call(self.endpoint, "POST", "reset", {"service": service} if service else {}, token=self.token)

    def release(self, account_id: str) -> None:
        """Free the names that an account has where all accounts share them: its S3 buckets, with what is in them."""
        control.call(self.endpoint, "POST", "release", {"account": account_id}, token=self.token)

    def why(self, request_id: str) -> list[dict[str, Any]]:
        """What happened to a call, by its ResponseMetadata's RequestId: the call and what followed from it."""
        hops: list[dict[str, Any]] = control.call(self.endpoint, "GET", f"requests/{request_id}", token=self.token)
        return hops

    def stop(self) -> None:
        raise NotImplementedError


def start(mode: Mode = "thread", *, client_config: Any = None, **settings: Any) -> Cloud:
    """Start a cloud that the caller stops with `.stop()`; see `cloud`."""
    settings.setdefault("port", 0)
    settings.setdefault("log_level", "warning")
    settings.setdefault("ephemeral", "data" not in settings and "store" not in settings)
    if "data" in settings:
        settings["data"] = Path(settings["data"])
    if mode == "process":
        from .processes import ProcessCloud

        return ProcessCloud(settings, client_config)
    if mode == "thread":
        from .threads import ThreadCloud

        return ThreadCloud(settings, client_config)
    raise ValueError(f"mode is 'thread' or 'process', not {mode!r}")


@contextlib.contextmanager
def cloud(mode: Mode = "thread", *, client_config: Any = None, **settings: Any) -> Iterator[Any]:
    """A cloud that lives as long as the `with` block.

    `mode="thread"` runs it in a thread of this process, "process" in a child, which can be killed and restarted.
    It keeps nothing unless `data` names a folder. `settings` are those of docs/configuration.md; `client_config` is
    a botocore Config for the clients of its accounts. Raises CloudFailed.
    """
    running = start(mode, client_config=client_config, **settings)
    try:
        yield running
    finally:
        running.stop()
