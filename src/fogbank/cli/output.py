"""Prints results, for people (with rich) or as JSON, and errors."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer

from . import client
from .config import BadSetting
from .init import ScriptFailed
from .process import NotStarted

P = ParamSpec("P")
T = TypeVar("T")


def emit(value: Any, as_json: bool, show: Callable[[], None]) -> None:
    """Print `value` as JSON, or call `show` to print it for people."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
    else:
        show()


def fail(message: str, code: int = 1) -> NoReturn:
    """Print one line that says what is wrong and what to do, and exit. The code is 2 for wrong usage."""
    sys.stderr.write(f"fogbank: {message}\n")
    raise typer.Exit(code)


def guarded(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a command: it prints errors for users instead of a traceback."""

    @functools.wraps(function)
    def run(*args: P.args, **kw: P.kwargs) -> T:
        try:
            return function(*args, **kw)
        except (BadSetting, NotStarted, ScriptFailed, client.NotRunning, client.Refused, ValueError) as error:
            fail(str(error))
        except BrokenPipeError:
            raise  # the reader of the pipe has closed it: typer exits quietly
        except OSError as error:
            fail(f"{error.strerror}: {error.filename}" if error.filename else str(error))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run
