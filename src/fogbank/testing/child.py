"""`python -m fogbank.testing.child`: a cloud that prints "ready PORT" to stdout and stops when its stdin is closed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from urllib.parse import urlsplit

import msgspec

from fogbank import server
from fogbank.core.settings import Settings


def _watch_parent() -> None:
    """Stop gracefully when the parent closes stdin or exits."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _ready(endpoint: str) -> None:
    sys.stdout.write(f"ready {urlsplit(endpoint).port}\n")
    sys.stdout.flush()
    threading.Thread(target=_watch_parent, name="parent", daemon=True).start()


def main() -> int:
    """Run the server. Returns its exit code."""
    text = os.environ.get("FOGBANK_SETTINGS", "{}")
    try:
        settings = msgspec.json.decode(text, type=Settings, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        sys.stdout.write(f"bad setting: {error}\n")
        return 2
    return server.run(settings, _ready)


if __name__ == "__main__":
    sys.exit(main())
