"""placeholder"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context


async def final(ctx: Context, payload: dict[str, Any]) -> None: ...
async def write(ctx: Context, name: str) -> None: ...
async def seed_from_s3(ctx: Context, payload: dict[str, Any]) -> None: ...
