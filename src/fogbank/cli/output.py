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
from .process import NotStarted

P = ParamSpec("P")
T = TypeVar("T")


def emit(value: Any, as_json: bool, show: Callable[[], None]) -> None:
    """`value` as JSON, or what `show` prints."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
    else:
        show()


def fail(message: str) -> NoReturn:
    """One line of what is wrong and what to do, and exit code 1."""
    sys.stderr.write(f"fogbank: {message}\n")
    raise typer.Exit(1)


def guarded(function: Callable[P, T]) -> Callable[P, T]:
    """A command that tells users what is wrong instead of showing a traceback."""

    @functools.wraps(function)
    def run(*args: P.args, **kw: P.kwargs) -> T:
        try:
            return function(*args, **kw)
        except client.NotRunning as error:
            fail(f"{error}; start one with: fogbank up -d")
        except (BadSetting, NotStarted, client.Refused, ValueError) as error:
            fail(str(error))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run
