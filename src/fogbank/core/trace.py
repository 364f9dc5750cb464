"""What happened to a call, for `fogbank why`: the last calls, the hop each followed from, and how it ended.

It is the audit's memory (`audit/keeping.py`), which keeps on disk what is worth it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

import msgspec

LONGEST = 2000  # characters kept of what a client may have written
LED = 20  # hops that are kept for one that followed from them


class Hop(msgspec.Struct):
    """One call or job: who asked for what, and what came of it. `cause` is the id of the hop it followed from."""

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
    kept: bool = False  # on disk, or about to be

    def fail(self, status: int, error: str, message: str) -> None:
        """Say how a hop ended that was recorded before."""
        self.status, self.error, self.message = status, error, _short(message)


def _short(text: str) -> str:
    """Text that can be kept: without lone surrogates, too."""
    text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return text.encode(errors="backslashreplace").decode()


class Trace:
    """The last `size` hops. `on_failure` is told of each that failed."""

    def __init__(self, size: int = 10_000) -> None:
        self._hops: OrderedDict[str, Hop] = OrderedDict()
        self._size = size
        self.on_failure: Callable[[Hop], None] | None = None

    def add(self, hop: Hop) -> None:
        """Take a hop; one that was added before and has failed since is added again."""
        if hop.error:  # else nothing in it is a client's text
            hop.message = _short(hop.message)
            hop.operation = _short(hop.operation)
            if self.on_failure is not None:
                self.on_failure(hop)
        hops = self._hops
        hops[hop.id] = hop
        if len(hops) > self._size:
            hops.popitem(last=False)

    def clear(self) -> None:
        self._hops.clear()

    def get(self, hop_id: str) -> Hop | None:
        return self._hops.get(hop_id)

    def after(self, hop_id: str) -> list[Hop]:
        """Those that followed from a hop."""
        return [hop for hop in self._hops.values() if hop.cause == hop_id]

    def newest(self) -> Iterator[Hop]:
        """The newest first."""
        return reversed(self._hops.values())

    def unkept(self, hop_id: str) -> list[Hop]:
        """The hop and what led to it, so far as that is not kept."""
        found: list[Hop] = []
        hop = self._hops.get(hop_id)
        while hop is not None and not hop.kept and len(found) < LED:
            found.append(hop)
            hop = self._hops.get(hop.cause)
        return found
