"""What is served of an API: its stages, compiled of their deployments when first asked for, and cached."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.apis.accounts import CHANGED
from fogbank.core import arns
from fogbank.core.cache import Cache
from fogbank.core.context import Cloud
from fogbank.store.api import Reader

from ..records import APIS, DEPLOYMENTS, HTTP, STAGES, Deployment, Stage
from ..rules import DEFAULT
from .table import RouteTable


class Route(msgspec.Struct, frozen=True, eq=False):
    """A route of a deployment, with what its target and its authorizer were then."""

    key: str
    path: str  # /pets/{id}; the whole key for WebSocket routes and $default
    shape: dict[str, Any]
    integration: dict[str, Any] | None
    authorizer: dict[str, Any] | None


class Serving(msgspec.Struct, eq=False):
    """A compiled stage."""

    account: str
    region: str
    api: str
    stage: str
    shape: dict[str, Any]
    deployment: str
    content: dict[str, Any]
    table: RouteTable[Route]  # of an HTTP API
    routes: dict[str, Route]  # by route key
    cors: dict[str, Any] | None
    variables: dict[str, str]
    reset: float  # when the cache of authorizers' answers was last reset

    def arn(self, rest: str) -> str:
        """The ARN arn:aws:execute-api:REGION:ACCOUNT:API/rest."""
        return f"arn:{arns.partition_of(self.region)}:execute-api:{self.region}:{self.account}:{self.api}/{rest}"

    def setting(self, route: Route, name: str) -> Any:
        """A setting of a route: its own, or the stage's default."""
        own = self.shape["RouteSettings"].get(route.key)
        value = own.get(name) if own else None
        return self.shape["DefaultRouteSettings"].get(name) if value is None else value


class Served(msgspec.Struct, frozen=True, eq=False):
    """An API with the stages that have a deployment."""

    protocol: str
    stages: dict[str, Serving]


class Apis:
    """Cache of what is served, by the ids of APIs. None for an id that no HTTP or WebSocket API has."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self._served: Cache[str, Served | None] = Cache(app, CHANGED, most=2000)
        self.verdicts: dict[Any, Any] = {}  # of Lambda authorizers: they outlive changes of the API
        app.signals.on("reset", self.verdicts.clear)

    async def find(self, api: str) -> Served | None:
        if api in self._served:
            return self._served[api]

        def load() -> Served | None:
            with self._app.store.read() as tx:
                return _load(tx, api)

        return await self._served.fill(api, self._app.run(load))


def _load(tx: Reader, id: str) -> Served | None:
    api = tx.first(APIS, "id", (id,))
    if api is None:
        return None
    scope = (api.account, api.region, api.id)
    stages = {}
    for stage in list(tx.scan(STAGES, scope)):
        deployment = tx.get(DEPLOYMENTS, (*scope, stage.shape.get("DeploymentId") or ""))
        if deployment is not None:
            stages[stage.name] = _compiled(stage, deployment, api.protocol)
    return Served(api.protocol, stages)


def _compiled(stage: Stage, deployment: Deployment, protocol: str) -> Serving:
    content = deployment.content
    table: RouteTable[Route] = RouteTable()
    routes = {}
    for shape in content["routes"]:
        key = shape["RouteKey"]
        method, _, path = key.partition(" ")
        is_path = protocol == HTTP and key != DEFAULT
        route = Route(
            key=key,
            path=path if is_path else key,
            shape=shape,
            integration=content["integrations"].get((shape.get("Target") or "").partition("/")[2]),
            authorizer=content["authorizers"].get(shape.get("AuthorizerId")),
        )
        routes[key] = route
        if is_path:
            table.add(method, path, route)
        elif protocol == HTTP:
            table.default = route
    return Serving(
        account=stage.account,
        region=stage.region,
        api=stage.api,
        stage=stage.name,
        shape=stage.shape,
        deployment=deployment.id,
        content=content,
        table=table,
        routes=routes,
        cors=content["api"].get("CorsConfiguration"),
        variables=stage.shape["StageVariables"],
        reset=stage.authorizers_reset,
    )
