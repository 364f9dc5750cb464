"""The control API of a running cloud, from the command line's side."""

from __future__ import annotations

import http.client
import json
from typing import Any


class NotRunning(Exception):
    """Nothing answers there, or something that is not Fogbank."""


class Refused(Exception):
    """The cloud answered with an error; its text."""


def call(port: int, method: str, path: str, body: Any = None, *, host: str = "127.0.0.1", timeout: float = 600) -> Any:
    """One control call; raises NotRunning or Refused."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
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


def health(port: int) -> dict[str, Any] | None:
    """The health of the cloud on a port, or None."""
    try:
        answer = call(port, "GET", "health", timeout=2)
    except (NotRunning, Refused):
        return None
    return answer if isinstance(answer, dict) and "pid" in answer else None
