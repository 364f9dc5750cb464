"""The cloud as the gateway sees it: the interface of contexts and some more."""

from __future__ import annotations

import asyncio
from typing import Protocol

from fogbank.audit.recorder import Audit
from fogbank.auth.authorize import Authorizer
from fogbank.core.context import Cloud
from fogbank.jobs.worker import Worker
from fogbank.residents.keeper import Keeper

from .strangers import Strangers


class House(Cloud, Protocol):
    """The only implementation is `fogbank.app.App`."""

    authorizer: Authorizer
    strangers: Strangers
    worker: Worker
    keeper: Keeper
    stopped: asyncio.Event

    @property
    def audit(self) -> Audit: ...

    @property
    def port(self) -> int: ...

    async def reset(self, service: str, /) -> None: ...

    async def forget(self, service: str = "", /) -> None: ...
