"""Reads recorded calls: recent ones from memory, older ones and those from before a restart from disk."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Cloud
from fogbank.core.trace import Hop
from fogbank.store.api import Reader

from .records import ENTRIES

LONGEST = 100  # hops back from a call to the first cause
MOST = 1000  # hops of the whole chain


def chain(tx: Reader, cloud: Cloud, hop_id: str) -> list[dict[str, Any]]:
    """A call with those that led to it and followed from it, oldest first. Empty when it is not known (any more)."""

    def find(wanted: str) -> Hop | None:
        kept = cloud.trace.get(wanted)
        if kept is None and (entry := tx.first(ENTRIES, "call", (wanted,))) is not None:
            kept = entry.hop
        return kept

    asked = find(hop_id)
    if asked is None:
        return []
    before: list[Hop] = []
    seen = {hop_id}
    cause = asked.cause
    while cause and cause not in seen and len(before) < LONGEST and (hop := find(cause)) is not None:
        seen.add(cause)
        before.insert(0, hop)
        cause = hop.cause
    after: list[Hop] = []
    todo = [hop_id]
    while todo and len(after) < MOST:
        found = {hop.id: hop for wanted in todo for hop in cloud.trace.after(wanted)}
        for wanted in todo:
            for entry in tx.scan_index(ENTRIES, "cause", (wanted,), limit=MOST):
                found.setdefault(entry.hop.id, entry.hop)
        todo = [each for each in found if each not in seen]
        seen.update(todo)
        after += (found[each] for each in todo)
    after.sort(key=lambda hop: hop.at)
    return [_shown(hop) for hop in (*before, asked, *after)]


def recent(tx: Reader, cloud: Cloud, after: float, limit: int, *, only: str = "") -> list[dict[str, Any]]:
    """Calls since `after` (seconds of the clock), newest first; `only` the "failed" or the "denied" ones."""
    found: list[Hop] = []
    oldest = None
    for hop in cloud.trace.newest():
        if hop.at <= after or len(found) >= limit:
            break
        oldest = hop.at
        if _wanted(hop, only):
            found.append(hop)
    if len(found) < limit:
        until = None if oldest is None else (int(oldest * 1_000_000),)
        since = (int(after * 1_000_000),)
        for entry in tx.scan_index(ENTRIES, "time", start=since, end=until, reverse=True):
            if len(found) >= limit or entry.hop.at <= after:
                break
            if not entry.shared and cloud.trace.get(entry.hop.id) is None and _wanted(entry.hop, only):
                found.append(entry.hop)
    return [_shown(hop) for hop in found]


def _wanted(hop: Hop, only: str) -> bool:
    if only == "denied":
        return hop.status == 403 or hop.error.startswith(
            ("AccessDenied", "UnauthorizedOperation", "AuthorizationError")
        )
    return not only or bool(hop.error)


def _shown(hop: Hop) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(hop)
    del shown["kept"]
    return shown
