"""`with_cloud`: runs a function, or each test of a class, on its own cloud."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

from .accounts import Account
from .clouds import cloud
from .handles import Cloud

F = TypeVar("F", bound=Callable[..., Any])
_STATE = "_fogbank_running"  # an attribute of instances: the cloud and the account of the running test


@overload
def with_cloud(function: F) -> F: ...
@overload
def with_cloud(**options: Any) -> Callable[[F], F]: ...
def with_cloud(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Run a function (or coroutine function) on its own cloud, with os.environ pointing to a fresh account.

    A parameter named `cloud` receives the cloud, one named `account` the account. `options` are those of `cloud`. If a
    class is decorated, each test method runs on its own cloud, together with its set-up and tear-down: unittest's
    `setUp` and the like, pytest's `setup_method` and `teardown_method`.
    """
    if function is None:
        return functools.partial(with_cloud, **options)
    if inspect.isclass(function):
        return _on_class(function, options)
    if not inspect.isroutine(function):
        raise TypeError(f"with_cloud decorates functions and classes, not {function!r}")
    return _on_function(function, options)


@contextlib.contextmanager
def _running(options: dict[str, Any]) -> Iterator[tuple[Cloud, Account]]:
    with cloud(**options) as running, running.account().active() as account:
        yield running, account


def _filled(function: Callable[..., Any], given: Callable[..., contextlib.AbstractContextManager[Any]]) -> Any:
    """Fill in a function's parameters `cloud` and `account`; `given` makes them from the arguments."""
    wanted = inspect.signature(function).parameters

    def chosen(running: Cloud, account: Account) -> dict[str, Any]:
        return {name: value for name, value in (("cloud", running), ("account", account)) if name in wanted}

    @functools.wraps(function)
    def run(*args: Any, **kw: Any) -> Any:
        with given(*args) as (running, account):
            return function(*args, **kw, **chosen(running, account))

    @functools.wraps(function)
    async def run_async(*args: Any, **kw: Any) -> Any:
        with given(*args) as (running, account):
            return await function(*args, **kw, **chosen(running, account))

    wrapper: Any = run_async if inspect.iscoroutinefunction(function) else run
    left = [parameter for name, parameter in wanted.items() if name not in ("cloud", "account")]
    wrapper.__signature__ = inspect.signature(function).replace(parameters=left)  # pytest finds the fixtures in it
    return wrapper


def _on_function(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    return _filled(function, lambda *args: _running(options))


# -- classes ---------------------------------------------------------------------------------------------------------


def _on_class(kind: type, options: dict[str, Any]) -> type:
    changed: Any = kind
    unittest: Any = sys.modules.get("unittest")  # if it is not imported, this is no TestCase
    if unittest is not None and issubclass(kind, unittest.TestCase):
        changed.run = _around_run(changed.run, options)
    else:
        changed.setup_method = _before(getattr(kind, "setup_method", None), options)
        changed.teardown_method = _after(getattr(kind, "teardown_method", None))
    for name in dir(kind):
        method = inspect.getattr_static(kind, name)
        if name.startswith("test") and inspect.isfunction(method):
            setattr(kind, name, _filled(method, lambda self, *args: _of_instance(self, options)))
    return kind


@contextlib.contextmanager
def _of_instance(instance: Any, options: dict[str, Any]) -> Iterator[tuple[Cloud, Account]]:
    """The cloud that runs for this test already, or a new one if the method was called directly."""
    state = vars(instance).get(_STATE)
    if state is not None:
        yield state[0]
        return
    with _running(options) as made:
        yield made


def _start(instance: Any, options: dict[str, Any]) -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    vars(instance)[_STATE] = (stack.enter_context(_running(options)), stack)
    return stack


def _around_run(run: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
    """Wrap `TestCase.run`, which calls setUp, the test, tearDown and the cleanups."""

    @functools.wraps(run)
    def on_cloud(self: Any, *args: Any, **kw: Any) -> Any:
        with _start(self, options):
            try:
                return run(self, *args, **kw)
            finally:
                del vars(self)[_STATE]

    return on_cloud


def _before(setup: Callable[..., Any] | None, options: dict[str, Any]) -> Callable[..., Any]:
    def setup_method(self: Any, method: Any) -> None:
        stack = _start(self, options)
        try:
            if setup is not None:
                setup(self, *[method][: _arguments(setup)])
        except BaseException:  # pytest does not call teardown_method if the set-up failed
            stack.close()
            raise

    return setup_method


def _after(teardown: Callable[..., Any] | None) -> Callable[..., Any]:
    def teardown_method(self: Any, method: Any) -> None:
        with vars(self).pop(_STATE)[1]:
            if teardown is not None:
                teardown(self, *[method][: _arguments(teardown)])

    return teardown_method


def _arguments(function: Callable[..., Any]) -> int:
    """The number of parameters without self: pytest's setup_method may take the method or nothing."""
    return len(inspect.signature(function).parameters) - 1
