"""Compiled stages: built from a deployment's snapshot on the first request, and cached until something changes."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.apis.accounts import CHANGED
from fogbank.core import arns
from fogbank.core.cache import Cache
from fogbank.core.context import Cloud
from fogbank.store.api import Reader

from ..records import APIS, SNAPSHOTS, STAGES, Api, Stage
from .table import RouteTable


class Route(msgspec.Struct, frozen=True, eq=False):
    """One method of a deployed resource."""

    resource: str  # its id
    path: str  # /pets/{id}
    verb: str  # as declared: GET, ANY, …
    method: dict[str, Any]
    integration: dict[str, Any]


class Deployed(msgspec.Struct, eq=False):
    """The compiled snapshot of a deployment."""

    id: str
    api: dict[str, Any]
    table: RouteTable[Route]
    models: dict[str, Any]
    validators: dict[str, Any]
    authorizers: dict[str, Any]
    responses: dict[str, Any]
    binary: frozenset[str]


class Running(msgspec.Struct, eq=False):
    """A compiled stage. `canary`: the deployment that handles a share of the requests."""

    account: str
    region: str
    api: str
    stage: str
    shape: dict[str, Any]
    deployed: Deployed
    variables: dict[str, str]
    canary: Deployed | None = None
    cache: dict[str, Any] = {}  # what the data plane compiles or caches per stage

    @property
    def partition(self) -> str:
        return arns.partition_of(self.region)

    def arn(self, rest: str) -> str:
        """The ARN arn:aws:execute-api:REGION:ACCOUNT:API/rest."""
        return f"arn:{self.partition}:execute-api:{self.region}:{self.account}:{self.api}/{rest}"

    def setting(self, route: Route, name: str) -> Any:
        """A setting for a method: the method's own, or the stage's for */*, or None."""
        settings = self.shape.get("methodSettings")
        if not settings:
            return None
        path = route.path.strip("/") or "~1"
        for key in (f"{path}/{route.verb}", "*/*"):
            value = settings.get(key, {}).get(name)
            if value is not None:
                return value
        return None


class Stages:
    """Cache of compiled stages, by API id and name."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self._running: Cache[tuple[str, str], Running | None] = Cache(app, CHANGED, most=2000)
        self._known: Cache[str, bool] = Cache(app, CHANGED)

    async def has(self, api: str) -> bool:
        """Whether this is the id of a REST API. It may be one of an HTTP or WebSocket API."""
        found = self._known.get(api)
        if found is not None:
            return found

        def load() -> bool:
            with self._app.store.read() as tx:
                return tx.first(APIS, "id", (api,)) is not None

        return await self._known.fill(api, self._app.run(load))

    async def find(self, api: str, stage: str) -> Running | None:
        """The compiled stage, or None when there is no such API or stage."""
        key = (api, stage)
        if key in self._running:
            return self._running[key]

        def load() -> Running | None:
            with self._app.store.read() as tx:
                return _load(tx, api, stage)

        return await self._running.fill(key, self._app.run(load))


def _load(tx: Reader, api_id: str, name: str) -> Running | None:
    api = tx.first(APIS, "id", (api_id,))
    if api is None:
        return None
    stage = tx.get(STAGES, (api.account, api.region, api.id, name))
    if stage is None:
        return None
    deployed = _deployed(tx, api, stage.shape["deploymentId"])
    if deployed is None:
        return None
    return Running(
        account=api.account,
        region=api.region,
        api=api.id,
        stage=name,
        shape=stage.shape,
        deployed=deployed,
        variables=stage.shape.get("variables") or {},
        canary=_canary(tx, api, stage),
    )


def _canary(tx: Reader, api: Api, stage: Stage) -> Deployed | None:
    canary = stage.shape.get("canarySettings") or {}
    if not canary.get("percentTraffic"):
        return None
    return _deployed(tx, api, canary.get("deploymentId") or stage.shape["deploymentId"])


def _deployed(tx: Reader, api: Api, deployment: str) -> Deployed | None:
    snapshot = tx.get(SNAPSHOTS, (api.account, api.region, api.id, deployment))
    return None if snapshot is None else compiled(deployment, snapshot.content)


def compiled(deployment: str, content: dict[str, Any]) -> Deployed:
    """Compile the content of a deployment's snapshot."""
    table: RouteTable[Route] = RouteTable()
    for resource in content["resources"]:
        methods = {
            verb: Route(resource["id"], resource["path"], verb, method, method["methodIntegration"])
            for verb, method in resource["methods"].items()
            if method.get("methodIntegration")
        }
        if methods:
            table.add(resource["path"], methods)
    return Deployed(
        id=deployment,
        api=content["api"],
        table=table,
        models=content["models"],
        validators=content["validators"],
        authorizers=content["authorizers"],
        responses=content["responses"],
        binary=frozenset(kind.lower() for kind in content["api"].get("binaryMediaTypes") or ()),
    )
