"""May this request pass: policy, authorization, keys, throttles, validation, in that order."""

from __future__ import annotations

from .exchange import Exchange


async def admit(exchange: Exchange) -> None:
    """Raises GatewayError unless the request may reach its integration."""
