"""The control API of a test's cloud: its clock, reset, and what it did."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 600.0  # seconds: moving the clock by weeks runs what falls due on the way


class ControlError(Exception):
    """The cloud refused a control call; its text says why."""


def call(endpoint: str, method: str, path: str, body: Any = None, *, timeout: float = PATIENCE) -> Any:
    """One call under /_fogbank/; raises ControlError, and OSError when nothing answers."""
    parts = urlsplit(endpoint)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout)
    try:
        connection.request(
            method,
            f"/_fogbank/{path}",
            None if body is None else json.dumps(body),
            {"X-Fogbank-Control": "1", "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 200:
        raise ControlError(answer.get("error", str(answer)))
    return answer


class CloudClock:
    """The clock of one cloud. All accounts of the cloud share it."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def now(self) -> datetime:
        """The cloud's time, aware, in UTC."""
        return self._read(call(self._endpoint, "GET", "clock"))

    def advance(self, seconds: float) -> datetime:
        """Move forward; returns when everything that fell due on the way has run, in order."""
        return self._move({"advance": seconds})

    def set(self, instant: datetime | float, *, freeze: bool = False) -> datetime:
        """Go to an instant (aware datetime or epoch seconds); with `freeze` time stands still there."""
        if isinstance(instant, datetime):
            if instant.tzinfo is None:
                raise ValueError("an instant needs a time zone: datetime(2027, 1, 31, tzinfo=UTC)")
            instant = instant.timestamp()
        return self._move({"set": instant, "freeze": freeze})

    def resume(self) -> datetime:
        """Back to real time."""
        return self._move({"resume": True})

    def _move(self, body: dict[str, Any]) -> datetime:
        return self._read(call(self._endpoint, "POST", "clock", body))

    @staticmethod
    def _read(answer: dict[str, Any]) -> datetime:
        return datetime.fromtimestamp(answer["now"], UTC)
