"""`fogbank requests`: lists calls, one per line, like a web server's log."""

from __future__ import annotations

import json
import sys
import time
from typing import Annotated, Any

import typer

from . import client
from .options import Json, Port
from .output import guarded

PAUSE = 0.5  # seconds between two polls
OVERLAP = 5.0  # seconds that are polled again: a slow call is listed later, but at the time when it began


@guarded
def requests(
    port: Port = 4566,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep listing calls as they come.")] = False,
    denied: Annotated[bool, typer.Option("--denied", help="Only what was denied.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed.")] = False,
    as_json: Json = False,
) -> None:
    """List calls, oldest first: when, what, how it ended, who called. `fogbank why ID` tells more of one."""
    only = "denied" if denied else "failed" if failed else ""
    seen: set[tuple[str, str]] = set()
    after = 0.0
    while True:
        calls = client.call(port, "GET", "events", query={"after": str(after), "only": only})
        new = [call for call in reversed(calls) if (call["id"], call["error"]) not in seen]
        for call in new:
            sys.stdout.write((json.dumps(call) if as_json else line(call)) + "\n")
        sys.stdout.flush()
        if not follow:
            return
        if calls:
            after = max(after, calls[0]["at"] - OVERLAP)
        seen = {(call["id"], call["error"]) for call in calls}
        time.sleep(PAUSE)


def line(call: dict[str, Any]) -> str:
    at = time.strftime("%H:%M:%S", time.gmtime(call["at"]))
    outcome = f"{call['status']} {call['error']}".strip()
    text = f"{at} {call['service']}.{call['operation']} => {outcome} [{call['principal']}] {call['id']}"
    return "".join(each if each.isprintable() else "?" for each in text)  # some of it comes from the client
