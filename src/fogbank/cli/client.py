"""The client of a running cloud's control API."""

from __future__ import annotations

import http.client
import json
import os
import socket
from http.client import HTTPResponse
from typing import Any
from urllib.parse import quote, urlencode

from fogbank.core import tokens
from fogbank.core.settings import reachable

from . import ports
from .options import port_option

PATIENCE = 5.0  # seconds to wait for the health of a cloud, which may be busy
LONGEST = 600.0  # seconds to wait for other calls: moving the clock runs all jobs that fall due
SIGN = "x-fogbank-version"  # a header in every response of the control API


class NotRunning(Exception):
    """No cloud runs there. The text says what to do."""


class NotFogbank(NotRunning):
    """Another program listens there, or a cloud that hangs."""


class Refused(Exception):
    """The cloud answered with an error, whose text this is."""


def call(
    port: int, method: str, path: str, body: Any = None, *, host: str = "", query: dict[str, str] | None = None
) -> Any:
    """Make a control call, to FOGBANK_HOST unless `host` is given. Raises NotRunning, NotFogbank or Refused."""
    return owned(port, method, path, body, host=host, query=query)[0]


def owned(
    port: int, method: str, path: str, body: Any = None, *, host: str = "", query: dict[str, str] | None = None
) -> tuple[Any, str]:
    """Like `call`, but also returns the token that was accepted."""
    found = running(port, host)  # fails soon if there is no cloud or it hangs
    asked = quote(path) + (f"?{urlencode(query)}" if query else "")
    known = tokens.candidates(found, _where(host), port, os.environ) or [""]
    for token in known:
        response, text = _ask(port, method, asked, body, host, LONGEST, token)
        if response.status != 403:
            break
    if response.getheader("content-type", "").startswith("application/x-pem-file"):
        return text, token
    if response.getheader(SIGN) is None:
        raise Refused(f"the cloud failed ({response.status}): `fogbank logs{port_option(port)}` may say why")
    answer = json.loads(text)
    if response.status != 200:
        raise Refused(answer["error"])
    return answer, token


def running(port: int, host: str = "", patience: float = PATIENCE) -> dict[str, Any]:
    """Get the health of the cloud on a port. Raises NotRunning or NotFogbank."""
    response, text = _ask(port, "GET", "health", None, host, patience)
    if response.getheader(SIGN) is None or response.status != 200:
        raise NotFogbank(
            f"port {port} is held by {ports.holder(port)}, which is not Fogbank: `--port N` speaks to another port, "
            "`fogbank up -d --port N` starts a cloud there"
        )
    answer: dict[str, Any] = json.loads(text)
    return answer


def health(port: int, host: str = "") -> dict[str, Any] | None:
    """Get the health of the cloud on a port, or None."""
    try:
        return running(port, host, 2)
    except NotRunning:
        return None


def _where(host: str) -> str:
    return reachable(host or os.environ.get("FOGBANK_HOST", ""))


def _ask(
    port: int, method: str, path: str, body: Any, host: str, patience: float, token: str = ""
) -> tuple[HTTPResponse, str]:
    """Send a request; returns the response and its text."""
    where = _where(host)
    connection = http.client.HTTPConnection(where, port, timeout=patience)
    try:
        connection.connect()
    except socket.gaierror:
        raise NotRunning(f"there is no host {where}: FOGBANK_HOST says where the cloud is") from None
    except OSError:
        at = "" if where == "127.0.0.1" else f" of {where}"
        raise NotRunning(
            f"nothing answers on port {port}{at}: `fogbank up -d{port_option(port)}` starts a cloud there, "
            "`--port N` speaks to another port"
        ) from None
    try:
        headers = {tokens.HEADER: token, "Content-Type": "application/json", "Host": f"localhost:{port}"}
        connection.request(method, f"/_fogbank/{path}", json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except TimeoutError:
        raise NotFogbank(
            f"{ports.holder(port)} holds port {port} and did not answer in {patience:.0f} s: "
            "try again, or end that process"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise NotFogbank(
            f"{ports.holder(port)} holds port {port} and gave no answer ({error}): if it is a cloud, "
            f"`fogbank logs{port_option(port)}` may say why"
        ) from None
    finally:
        connection.close()
    return response, text
