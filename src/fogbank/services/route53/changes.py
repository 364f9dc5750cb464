"""Changes: accepted at once, and INSYNC on all name servers a moment later.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from . import ids
from .records import CHANGES, Change

SETTLES = 0.25  # seconds until a change is INSYNC; on AWS it is mostly within 60


def submit(tx: Transaction, ctx: Context, comment: str = "") -> dict[str, Any]:
    """Keep a change, and return its ChangeInfo."""
    change = Change(account=ctx.account, id=ids.draw(ctx, "C"), submitted=ctx.now(), comment=comment)
    tx.put(CHANGES, change)
    return shape(change, "PENDING")


def shape(change: Change, status: str) -> dict[str, Any]:
    shown = {"Id": f"/change/{change.id}", "Status": status, "SubmittedAt": change.submitted}
    return shown | ({"Comment": change.comment} if change.comment else {})
