"""What a kind of engine says about itself; `running.Engines` does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class NotReady(Exception):
    """The engine does not answer yet, or not as it should."""


class Engine(Protocol):
    """One server for one resource. What it keeps is in `folder`, its own: everything there survives a restart."""

    program: str  # of `programs.PROGRAMS`
    folder: Path

    def command(self) -> list[str]:
        """Write the configuration into the folder; the program's arguments."""
        ...

    async def ready(self) -> None:
        """Return when it serves, asked in its own protocol. Raises NotReady or OSError until then."""
        ...
