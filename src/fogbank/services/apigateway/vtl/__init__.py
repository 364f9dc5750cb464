"""Mapping templates."""

from __future__ import annotations

from typing import Any


def variables(exchange: Any, body: bytes, error: dict[str, Any] | None = None) -> dict[str, Any]:
    return {}


def render(template: str, variables: dict[str, Any]) -> str:
    return template


def json_path(value: Any, path: str) -> Any:
    return None
