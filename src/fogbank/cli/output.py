"""Printing: for people with rich, for programs as JSON; errors in one place."""

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
    """`value` as JSON, or what `show` prints."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
    else:
        show()


def fail(message: str, code: int = 1) -> NoReturn:
    """One line of what is wrong and what to do, and the exit code: 2 for a command that was typed wrongly."""
    sys.stderr.write(f"fogbank: {message}\n")
    raise typer.Exit(code)


def guarded(function: Callable[P, T]) -> Callable[P, T]:
    """A command that tells users what is wrong instead of showing a traceback."""

    @functools.wraps(function)
    def run(*args: P.args, **kw: P.kwargs) -> T:
        try:
            return function(*args, **kw)
        except (BadSetting, NotStarted, ScriptFailed, client.NotRunning, client.Refused, ValueError) as error:
            fail(str(error))
        except BrokenPipeError:
            raise  # whoever reads has enough: typer ends quietly
        except OSError as error:
            fail(f"{error.strerror}: {error.filename}" if error.filename else str(error))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run
