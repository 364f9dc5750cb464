"""Calls the control API of a test's cloud: its clock, reset and traces."""

from __future__ import annotations

import http.client
import json
import os
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fogbank.core import tokens

PATIENCE = 600.0  # seconds: moving the clock by weeks runs all jobs that fall due


class ControlError(Exception):
    """The cloud refused a control call. The text says why."""


def call(endpoint: str, method: str, path: str, body: Any = None, *, token: str = "", timeout: float = PATIENCE) -> Any:
    """Make a call under /_fogbank/. Raises ControlError, and OSError if nothing answers.

    `token` defaults to FOGBANK_CONTROL_TOKEN, or to the one in the cloud's data folder if that is on this machine.
    """
    known = [token]
    if not token:
        _, health = _ask(endpoint, "GET", "health", None, "", timeout)
        where = urlsplit(endpoint)
        known = tokens.candidates(health, where.hostname or "", where.port or 80, os.environ) or [""]
    for each in known:
        status, answer = _ask(endpoint, method, path, body, each, timeout)
        if status != 403:
            break
    if status != 200:
        raise ControlError(answer.get("error", str(answer)))
    return answer


def _ask(endpoint: str, method: str, path: str, body: Any, token: str, timeout: float) -> tuple[int, Any]:
    """Send a request; returns the status and the answer."""
    parts = urlsplit(endpoint)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout)
    try:
        connection.request(
            method,
            f"/_fogbank/{path}",
            None if body is None else json.dumps(body),
            {tokens.HEADER: token, "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


class CloudClock:
    """The clock of one cloud. All accounts of the cloud share it."""

    def __init__(self, endpoint: str, token: str = "") -> None:
        self._endpoint, self._token = endpoint, token

    def now(self) -> datetime:
        """The cloud's time, as an aware datetime in UTC."""
        return self._read(call(self._endpoint, "GET", "clock", token=self._token))

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward. Returns when everything that fell due on the way has run, in order."""
        return self._move({"advance": seconds})

    def set(self, instant: datetime | float, *, freeze: bool = False) -> datetime:
        """Set the clock to an instant (aware datetime or epoch seconds). With `freeze`, time stands still there."""
        if isinstance(instant, datetime):
            if instant.tzinfo is None:
                raise ValueError("an instant needs a time zone: datetime(2027, 1, 31, tzinfo=UTC)")
            instant = instant.timestamp()
        return self._move({"set": instant, "freeze": freeze})

    def resume(self) -> datetime:
        """Return to real time."""
        return self._move({"resume": True})

    def _move(self, body: dict[str, Any]) -> datetime:
        return self._read(call(self._endpoint, "POST", "clock", body, token=self._token))

    @staticmethod
    def _read(answer: dict[str, Any]) -> datetime:
        return datetime.fromtimestamp(answer["now"], UTC)
