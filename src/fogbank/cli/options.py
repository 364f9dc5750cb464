"""Options that many commands take."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

Port = Annotated[
    int, typer.Option("--port", "-p", envvar="FOGBANK_PORT", min=1, max=65535, help="The port of the cloud.")
]
AllowOrigin = Annotated[
    list[str] | None, typer.Option(help="An origin whose pages may call with the test keys; can be repeated.")
]
Outbound = Annotated[
    str | None, typer.Option(help="open, private or loopback: where webhooks and HTTP integrations may go.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def typed() -> str:
    """The name to type for this command: the path it was called by, if it is not on the shell's PATH."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "fogbank" and shutil.which("fogbank") is None else "fogbank"


def port_option(port: int) -> str:
    """The option to append to a command so that it uses the cloud on this port."""
    return "" if port == 4566 else f" --port {port}"
