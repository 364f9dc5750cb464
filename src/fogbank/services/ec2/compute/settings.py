"""What an account has set for a region, by the names of answers' members."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .records import SETTINGS, Settings


def of_region(tx: Reader, ctx: Context) -> dict[str, Any]:
    found: Settings | None = tx.get(SETTINGS, (ctx.account, ctx.region))
    return found.values if found else {}


def keep(tx: Transaction, /, ctx: Context, **values: Any) -> None:
    """Keep settings; None takes one away."""
    kept = {**of_region(tx, ctx), **values}
    kept = {name: value for name, value in kept.items() if value is not None}
    tx.put(SETTINGS, Settings(account=ctx.account, region=ctx.region, values=kept))
