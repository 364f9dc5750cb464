"""A cloud in a thread of the test's process, with its own event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec

from fogbank.app import App
from fogbank.core.settings import Settings
from fogbank.gateway import loop

from . import watchdog
from .handles import Cloud, CloudFailed

T = TypeVar("T")
PATIENCE = 30.0


class ThreadCloud(Cloud):
    """A cloud in a thread. `app` is its composition root, for tests of Fogbank itself; `run` runs code on its loop."""

    app: App

    def __init__(self, settings: dict[str, Any], client_config: Any = None) -> None:
        super().__init__(client_config)
        try:
            self._settings = msgspec.convert(settings, Settings, strict=False)
        except msgspec.ValidationError as error:
            raise CloudFailed(f"bad setting: {error}") from None
        if unknown := set(settings) - set(Settings.__struct_fields__):
            raise CloudFailed(f"there is no setting {', '.join(sorted(unknown))}")
        self.region = self._settings.region
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="fogbank", daemon=True)
        self._thread.start()
        if not self._started.wait(PATIENCE):
            raise CloudFailed(f"the cloud did not answer within {PATIENCE:.0f} s")
        if self._error is not None:
            raise CloudFailed(str(self._error)) from self._error

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=loop.factory()) as runner:
            self._loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        try:
            self.app = App(self._settings)
            watchdog.watch(self._loop, self.app)
            await self.app.start()
        except BaseException as error:  # passed to the thread that waits
            self._error = error
            return
        finally:
            self._started.set()
        await self.app.stopped.wait()
        await self.app.stop(0.5)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.app.port}"

    @property
    def token(self) -> str:
        return self.app.control.token

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the cloud's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def stop(self) -> None:
        """Stop the cloud and wait until it is gone. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.app.stopped.set)
            self._thread.join(PATIENCE)
