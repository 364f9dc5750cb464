"""`python -m fogbank.server`: one cloud in the foreground of this process, its settings as JSON in FOGBANK_SETTINGS."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys

import msgspec

from fogbank.app import App
from fogbank.core.settings import Settings
from fogbank.store.api import StoreCorrupt, StoreLocked


def run(settings: Settings) -> int:
    """Run a cloud until it is told to stop; the exit code."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s %(message)s",
        stream=sys.stderr,
    )
    try:
        import uvloop
    except ImportError:  # not on this platform: the standard loop does
        return asyncio.run(_serve(settings))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    try:
        app = App(settings)
        await app.start()
    except (StoreLocked, StoreCorrupt, OSError) as error:
        print(f"fogbank: {error}", file=sys.stderr)  # noqa: T201 - the process's last word
        return 1
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, app.stopped.set)
    gc.collect()
    gc.freeze()  # what start-up made stays: later collections need not look at it
    logging.getLogger("fogbank").info("ready on %s (data in %s)", app.endpoint, app.settings.data)
    await app.stopped.wait()
    await app.stop()
    return 0


if __name__ == "__main__":
    sys.exit(
        run(msgspec.json.decode(os.environ.get("FOGBANK_SETTINGS", "{}"), type=Settings, dec_hook=lambda t, v: t(v)))
    )
