"""How Systems Manager tags a parameter: by its name, which its ARN tells but for a leading slash."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.taggable import Taggable

from .arns import place


def _naming(ctx: Context, arn: str) -> dict[str, Any]:
    return {"ResourceType": "Parameter", "ResourceId": place(ctx, arn)[0][2]}


TAGGABLE = Taggable(naming=_naming)
