"""The control API of a running cloud, from the command line's side."""

from __future__ import annotations

import http.client
import json
import os
from typing import Any


class NotRunning(Exception):
    """Nothing answers there, or something that is not Fogbank."""


class Refused(Exception):
    """The cloud answered with an error; its text."""


def _reachable(host: str) -> str:
    """The address at which a cloud that listens on `host` is reached from here."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(host, host)  # noqa: S104


def call(port: int, method: str, path: str, body: Any = None, *, host: str = "", timeout: float = 600) -> Any:
    """One control call, to FOGBANK_HOST unless `host` is given; raises NotRunning or Refused."""
    where = _reachable(host or os.environ.get("FOGBANK_HOST", ""))
    connection = http.client.HTTPConnection(where, port, timeout=timeout)
    try:
        headers = {"X-Fogbank-Control": "1", "Content-Type": "application/json", "Host": f"localhost:{port}"}
        connection.request(method, f"/_fogbank/{path}", json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotRunning(f"no Fogbank answers on port {port} ({error})") from None
    finally:
        connection.close()
    if response.getheader("content-type", "").startswith("application/x-pem-file"):
        return text.decode()
    try:
        answer = json.loads(text)
    except ValueError:
        raise NotRunning(f"what answers on port {port} is not Fogbank") from None
    if response.status != 200:
        raise Refused(answer.get("error", text.decode()) if isinstance(answer, dict) else text.decode())
    return answer


def health(port: int, host: str = "") -> dict[str, Any] | None:
    """The health of the cloud on a port, or None."""
    try:
        answer = call(port, "GET", "health", host=host, timeout=2)
    except (NotRunning, Refused):
        return None
    return answer if isinstance(answer, dict) and "pid" in answer else None
