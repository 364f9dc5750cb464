"""`python -m fogbank.server`: one cloud in the foreground of this process, its settings as JSON in FOGBANK_SETTINGS."""

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
    """Run a cloud until it is told to stop; the exit code. `ready(endpoint)` is called when it answers."""
    os.umask(private.OTHERS)  # a second wall: what is kept says its mode itself
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
    gc.freeze()  # what start-up made stays: later collections need not look at it
    logging.getLogger("fogbank").info("ready on %s (data in %s)", app.endpoint, app.settings.data)
    if ready is not None:
        ready(app.endpoint)
    await app.stopped.wait()
    await app.stop()
    return 0


def main() -> int:
    """The settings are FOGBANK_SETTINGS, or with "-" a line of stdin after the name of the file to log into.

    With "-", a line on stdout says that the cloud answers; everything else goes to that file.
    """
    text = os.environ.get("FOGBANK_SETTINGS", "{}")
    ready = None
    if text == "-":
        path, text = sys.stdin.readline().rstrip("\n"), sys.stdin.readline()
        if not text:
            return 0  # not needed after all
        starter = os.fdopen(os.dup(1), "w")  # whoever waits for the answer
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
