"""How EC2 tags: by the id at the end of the ARN."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.taggable import Taggable


def _naming(ctx: Context, arn: str) -> dict[str, Any]:
    return {"Resources": [arn.rpartition("/")[2]]}


TAGGABLE = Taggable(naming=_naming)
