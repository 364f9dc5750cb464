"""Which run of a function a call comes from, for `fogbank why`.

An SDK in a function sends X-Amzn-Trace-Id, with what the runtime API gave for the invocation that it is in. The same
header comes from anybody, so it counts only with the keys of the role that the function runs as.
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
    """`ctx.app.local(Runs)`: the last runs of this cloud's functions."""

    def __init__(self, cloud: Cloud) -> None:
        self._runs: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def begin(self, trace_id: str, request_id: str, role: str) -> None:
        """A function begins to run as `role`, for the call `request_id`."""
        match = _ROOT.search(trace_id)
        if match is None:
            return
        self._runs[match[1]] = request_id, role
        if len(self._runs) > KEPT:
            self._runs.popitem(last=False)

    def cause(self, trace_id: str, principal: Principal) -> str:
        """The id of the call that the run is for, or "" when the principal is not who runs it."""
        match = _ROOT.search(trace_id)
        request_id, role = self._runs.get(match[1], ("", "")) if match else ("", "")
        return request_id if principal.kind == "role" and principal.identity_arn == role else ""
