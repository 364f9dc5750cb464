"""What happened to a call, for `fogbank why`: the last calls, the hop each followed from, and how it ended."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

LONGEST = 2000  # characters kept of what a client may have written


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

    def fail(self, status: int, error: str, message: str) -> None:
        """Say how a hop ended that was recorded before."""
        self.status, self.error, self.message = status, error, _short(message)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


class Trace:
    """The last `size` hops."""

    def __init__(self, size: int = 10_000) -> None:
        self._hops: OrderedDict[str, Hop] = OrderedDict()
        self._size = size

    def add(self, hop: Hop) -> None:
        if hop.error:  # else nothing in it is a client's text
            hop.message = _short(hop.message)
            hop.operation = _short(hop.operation)
        hops = self._hops
        hops[hop.id] = hop
        if len(hops) > self._size:
            hops.popitem(last=False)

    def chain(self, hop_id: str) -> list[dict[str, Any]]:
        """The hop and those that led to it and followed from it, oldest first; empty when it is not known any more."""
        if hop_id not in self._hops:
            return []
        chain, cause = [self._hops[hop_id]], self._hops[hop_id].cause
        while cause and cause in self._hops and len(chain) < 100:
            chain.insert(0, self._hops[cause])
            cause = self._hops[cause].cause
        followed = {hop_id}
        for hop in self._hops.values():
            if hop.cause in followed and hop not in chain:
                followed.add(hop.id)
                chain.append(hop)
        return [msgspec.to_builtins(hop) for hop in chain]

    def recent(self, after: float = 0.0, limit: int = 200) -> list[dict[str, Any]]:
        """Hops since `after` (seconds of the clock), newest first."""
        found: list[dict[str, Any]] = []
        for hop in reversed(self._hops.values()):
            if hop.at <= after or len(found) >= limit:
                break
            found.append(msgspec.to_builtins(hop))
        return found
