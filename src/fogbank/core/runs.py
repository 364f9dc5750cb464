"""Finds the run of a Lambda function that made a call, for `fogbank why`.

An SDK inside a function sends X-Amzn-Trace-Id with the value that the runtime API gave for the current invocation. As
anybody can send that header, it counts only if the call is signed with the keys of the function's role.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (Lambda-Runtime-Trace-Id)
"""

from __future__ import annotations

import re
from collections import OrderedDict

from .context import Cloud
from .principal import Principal

_ROOT = re.compile(r"Root=([0-9A-Za-z-]{1,64})")
KEPT = 10_000  # runs remembered


class Runs:
    """The last runs of this cloud's functions: `ctx.app.local(Runs)`."""

    def __init__(self, cloud: Cloud) -> None:
        self._runs: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def begin(self, trace_id: str, request_id: str, role: str) -> None:
        """Record that a function begins to run as `role`, for the call `request_id`."""
        match = _ROOT.search(trace_id)
        if match is None:
            return
        self._runs[match[1]] = request_id, role
        if len(self._runs) > KEPT:
            self._runs.popitem(last=False)

    def cause(self, trace_id: str, principal: Principal) -> str:
        """The id of the call that started the run, or "" if the principal is not the function's role."""
        match = _ROOT.search(trace_id)
        request_id, role = self._runs.get(match[1], ("", "")) if match else ("", "")
        return request_id if principal.kind == "role" and principal.identity_arn == role else ""
