"""A cloud for a test: `cloud()` as a context manager, `with_cloud` as a decorator."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

from .accounts import Account
from .handles import Cloud

F = TypeVar("F", bound=Callable[..., Any])
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
    It keeps nothing unless `data` names a folder. `settings` are those of docs/configuration.md; `client_config` is
    a botocore Config for the clients of its accounts. Raises CloudFailed.
    """
    running = start(mode, client_config=client_config, **settings)
    try:
        yield running
    finally:
        running.stop()


@overload
def with_cloud(function: F) -> F: ...
@overload
def with_cloud(**options: Any) -> Callable[[F], F]: ...
def with_cloud(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Run a function (or coroutine function) on a cloud of its own, with os.environ pointing at a fresh account.

    A parameter named `cloud` receives the cloud, one named `account` the account. `options` are those of `cloud`.
    """
    if function is None:
        return functools.partial(with_cloud, **options)
    wanted = inspect.signature(function).parameters

    def given(running: Cloud, account: Account) -> dict[str, Any]:
        return {name: value for name, value in (("cloud", running), ("account", account)) if name in wanted}

    @functools.wraps(function)
    def run(*args: Any, **kw: Any) -> Any:
        with cloud(**options) as running, running.account().active() as account:
            return function(*args, **kw, **given(running, account))

    @functools.wraps(function)
    async def run_async(*args: Any, **kw: Any) -> Any:
        with cloud(**options) as running, running.account().active() as account:
            return await function(*args, **kw, **given(running, account))

    wrapper: Any = run_async if inspect.iscoroutinefunction(function) else run
    left = [parameter for name, parameter in wanted.items() if name not in ("cloud", "account")]
    wrapper.__signature__ = inspect.signature(function).replace(parameters=left)  # pytest looks for fixtures there
    return wrapper
