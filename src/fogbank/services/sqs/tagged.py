"""How SQS tags a queue: by its URL."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.taggable import Taggable


def _naming(ctx: Context, arn: str) -> dict[str, Any]:
    return {"QueueUrl": f"{ctx.endpoint}/{ctx.account}/{arn.rpartition(':')[2]}"}


TAGGABLE = Taggable(naming=_naming)
