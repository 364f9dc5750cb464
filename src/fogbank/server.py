"""`python -m fogbank.server`: runs one cloud in this process. FOGBANK_SETTINGS holds its settings as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from fogbank.app import App
from fogbank.core import private
from fogbank.core.exposure import Exposed
from fogbank.core.quotas import BadLimits
from fogbank.core.settings import Settings
from fogbank.gateway import loop
from fogbank.store.api import StoreError


def run(settings: Settings, ready: Callable[[str], None] | None = None) -> int:
    """Run a cloud until it is told to stop, and return the exit code. Calls `ready(endpoint)` once the port answers."""
    os.umask(private.OTHERS)  # a second safeguard: code that creates files sets their modes itself
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s %(message)s",
        stream=sys.stderr,
    )
    return loop.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[str], None] | None) -> int:
    try:
        app = App(settings)
        await app.start()
    except (StoreError, Exposed, BadLimits, OSError) as error:
        print(f"fogbank: {error}", file=sys.stderr)  # noqa: T201 - the process's last word
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, app.stopped.set)
    gc.collect()
    gc.freeze()  # objects made at start-up live as long as the process: later collections can skip them
    logging.getLogger("fogbank").info("ready on %s (data in %s)", app.endpoint, app.settings.data)
    if ready is not None:
        ready(app.endpoint)
    await app.stopped.wait()
    await app.stop()
    return 0


def main() -> int:
    """Read the settings and run a cloud.

    FOGBANK_SETTINGS holds the settings as JSON. If it is "-", two lines are read from stdin instead: the path of the
    log file, then the settings. In that case one line with the endpoint is written to stdout once the cloud answers,
    and everything else that this process prints goes to the log file.
    """
    text = os.environ.get("FOGBANK_SETTINGS", "{}")
    ready = None
    if text == "-":
        path, text = sys.stdin.readline().rstrip("\n"), sys.stdin.readline()
        if not text:
            return 0  # the parent closed stdin: it does not need this process any more
        starter = os.fdopen(os.dup(1), "w")  # the original stdout: the parent waits there for the endpoint
        private.shut(Path(path))
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, private.FILE)
        os.dup2(log, 1)
        os.dup2(log, 2)

        def ready(endpoint: str) -> None:
            with contextlib.suppress(BrokenPipeError), starter:
                starter.write(f"{endpoint}\n")

    return run(msgspec.json.decode(text, type=Settings, dec_hook=lambda kind, value: kind(value)), ready)


if __name__ == "__main__":
    sys.exit(main())
