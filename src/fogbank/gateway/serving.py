"""The interfaces between the server and its connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from ..core.http import Request, Response
from .limits import HttpLimits
from .parsing import HeadParser

Handler = Callable[[Request], Response | Awaitable[Response]]


class Served(Protocol):
    """A connection (`connection.Connection`)."""

    def check(self, now: float) -> None: ...

    def retire(self) -> None: ...

    def abort(self) -> None: ...


class Serving(Protocol):
    """A server (`server.Server`)."""

    handler: Handler
    limits: HttpLimits
    parser: HeadParser
    stopping: bool
    ticked: float  # loop time of the last check of the connections

    def date(self) -> str: ...

    def welcome(self, connection: Served, /) -> None: ...

    def forget(self, connection: Served, /) -> None: ...
