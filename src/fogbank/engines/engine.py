"""The interface of an engine. `running.Engines` does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class NotReady(Exception):
    """The engine does not answer yet, or answers with an error."""


class Engine(Protocol):
    """One server for one resource. It keeps its data in `folder`, which is its own and survives a restart."""

    program: str  # a name in `programs.PROGRAMS`
    folder: Path

    def command(self) -> list[str]:
        """Write the configuration into the folder, and return the program's arguments."""
        ...

    async def ready(self) -> None:
        """Return when the engine serves, by a request in its own protocol. Raises NotReady or OSError until then."""
        ...
