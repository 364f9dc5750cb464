"""The trace for `fogbank why`: the most recent calls and jobs, what caused each, and how it ended.

It is in memory only. The audit (`audit/recorder.py`) stores some of it on disk.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

import msgspec

LONGEST = 2000  # characters kept of a text that may come from a client
LED = 20  # a hop is kept with at most so many of the hops that led to it, itself included


class Hop(msgspec.Struct):
    """One call or job: who asked for what, and how it ended. `cause` is the id of the hop that led to it."""

    id: str
    at: float
    service: str
    operation: str
    account: str
    region: str
    principal: str
    cause: str = ""
    status: int = 200
    error: str = ""
    message: str = ""
    fidelity: str = ""
    seconds: float = 0.0
    kept: bool = False  # stored on disk, or about to be

    def fail(self, status: int, error: str, message: str) -> None:
        """Set the error of a hop that was recorded before it ended."""
        self.status, self.error, self.message = status, error, _short(message)


def _short(text: str) -> str:
    """Shorten a text, and escape lone surrogates, which cannot be stored."""
    text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return text.encode(errors="backslashreplace").decode()


class Trace:
    """The last `size` hops. Calls `on_failure` with each hop that failed."""

    def __init__(self, size: int = 10_000) -> None:
        self._hops: OrderedDict[str, Hop] = OrderedDict()
        self._size = size
        self.on_failure: Callable[[Hop], None] | None = None

    def add(self, hop: Hop) -> None:
        """Add a hop. If it fails after it was added, add it again."""
        if hop.error:  # only failed hops contain text from clients
            hop.message = _short(hop.message)
            hop.operation = _short(hop.operation)
            if self.on_failure is not None:
                self.on_failure(hop)
        hops = self._hops
        hops[hop.id] = hop
        if len(hops) > self._size:
            hops.popitem(last=False)

    def rename(self, hop: Hop, hop_id: str) -> None:
        """Give a hop that was just added another id."""
        self._hops.pop(hop.id, None)
        hop.id = hop_id
        self.add(hop)

    def clear(self) -> None:
        self._hops.clear()

    def get(self, hop_id: str) -> Hop | None:
        return self._hops.get(hop_id)

    def after(self, hop_id: str) -> list[Hop]:
        """The hops that this hop caused."""
        return [hop for hop in self._hops.values() if hop.cause == hop_id]

    def newest(self) -> Iterator[Hop]:
        """All hops, the newest first."""
        return reversed(self._hops.values())

    def unkept(self, hop_id: str) -> list[Hop]:
        """The hop and those that led to it, back to the first one that is kept already."""
        found: list[Hop] = []
        hop = self._hops.get(hop_id)
        while hop is not None and not hop.kept and len(found) < LED:
            found.append(hop)
            hop = self._hops.get(hop.cause)
        return found
