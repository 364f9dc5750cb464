"""A cloud for a test: `cloud()` as a context manager."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from .handles import Cloud

Mode = Literal["thread", "process"]


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
    It keeps no data unless `data` names a folder. `settings` are those of docs/configuration.md; `client_config` is
    a botocore Config for the clients of its accounts. Raises CloudFailed.
    """
    running = start(mode, client_config=client_config, **settings)
    try:
        yield running
    finally:
        running.stop()
