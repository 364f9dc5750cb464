"""REST APIs as records: made, shown, removed."""

from __future__ import annotations

import json
from typing import Any

from fogbank.apis.domains import MAPPINGS
from fogbank.apis.errors import BadRequest
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .lookups import changed
from .records import APIS, CHILDREN, MODELS, PLANS, RESOURCES, Api, Part, Resource

DEFAULT_MODELS = {
    "Empty": (
        "This is a default empty schema model",
        {"$schema": "http://json-schema.org/draft-04/schema#", "title": "Empty Schema", "type": "object"},
    ),
    "Error": (
        "This is a default error schema model",
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": "Error Schema",
            "type": "object",
            "properties": {"message": {"type": "string"}},
        },
    ),
}
MAX_COMPRESSION = 10485760


def fresh(ctx: Context, shape: dict[str, Any]) -> Api:
    """A new API record of a RestApi structure."""
    defaults = {"apiKeySource": "HEADER", "disableExecuteApiEndpoint": False, "securityPolicy": "TLS_1_0"}
    shape = {**defaults, **{k: v for k, v in shape.items() if v is not None}}
    shape["endpointConfiguration"] = endpoint_configuration(shape.get("endpointConfiguration"))
    check(shape)
    return Api(
        account=ctx.account,
        region=ctx.region,
        id=ctx.ids.lower(10),
        created=float(int(ctx.now())),
        root=ctx.ids.lower(10),
        shape=shape,
    )


def endpoint_configuration(given: dict[str, Any] | None) -> dict[str, Any]:
    found = {k: v for k, v in (given or {}).items() if v is not None}
    found.setdefault("types", ["EDGE"])
    if len(found["types"]) != 1:
        raise BadRequest("Only one endpoint type can be specified")
    found.setdefault("ipAddressType", "dualstack" if found["types"] == ["PRIVATE"] else "ipv4")
    return found


def check(shape: dict[str, Any]) -> None:
    """The rules of an API's own settings; raises BadRequest."""
    if not shape.get("name"):
        raise BadRequest("No API name specified")
    size = shape.get("minimumCompressionSize")
    if size is not None and not 0 <= size <= MAX_COMPRESSION:
        raise BadRequest("Invalid minimum compression size, must be between 0 - 10485760")
    if shape.get("apiKeySource") not in (None, "HEADER", "AUTHORIZER"):
        raise BadRequest("Invalid value for apiKeySource. Must be HEADER or AUTHORIZER")
    if shape.get("policy"):
        try:
            ok = isinstance(json.loads(shape["policy"]), dict)
        except (ValueError, RecursionError):
            ok = False
        if not ok:
            raise BadRequest(
                "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
            )


def insert(tx: Transaction, api: Api) -> None:
    """Store a new API with its root resource and the two models every API begins with."""
    tx.put(APIS, api)
    tx.put(RESOURCES, Resource(account=api.account, region=api.region, api=api.id, id=api.root, parent="", part="",
                               path="/"))  # fmt: skip


def insert_default_models(tx: Transaction, ctx: Context, api: Api) -> None:
    """Empty and Error, which CreateRestApi makes and an import does not."""
    for name, (description, schema) in DEFAULT_MODELS.items():
        model = {
            "id": ctx.ids.lower(6),
            "name": name,
            "description": description,
            "schema": json.dumps(schema, indent=2),
            "contentType": "application/json",
        }
        tx.put(MODELS, Part(account=api.account, region=api.region, api=api.id, id=name, shape=model))


def remove(tx: Transaction, api: Api) -> None:
    """Delete an API with everything in it. Raises BadRequest while a usage plan or a domain name maps it."""
    for plan in tx.scan(PLANS, (api.account, api.region)):
        if any(stage["apiId"] == api.id for stage in plan.shape.get("apiStages") or ()):
            plan.shape["apiStages"] = [s for s in plan.shape["apiStages"] if s["apiId"] != api.id]
            tx.put(PLANS, plan)
    if any(mapping.api == api.id for mapping in tx.scan(MAPPINGS, (api.account, api.region))):
        raise BadRequest("Deleting a Rest Api with active base path mappings is not allowed")
    scope = (api.account, api.region, api.id)
    for table in CHILDREN:
        for record in list(tx.scan(table, scope)):
            tx.delete(table, table.key(record))
    tx.delete(APIS, scope)
    changed(tx)


def expanded_policy(api: Api, partition: str) -> str:
    """The API's policy with `execute-api:/…` resources written out as ARNs, as API Gateway keeps it."""
    text = api.shape.get("policy") or ""
    if not text:
        return ""
    prefix = f"arn:{partition}:execute-api:{api.region}:{api.account}:{api.id}/"

    def full(resource: Any) -> Any:
        if isinstance(resource, list):
            return [full(entry) for entry in resource]
        if isinstance(resource, str) and resource.startswith("execute-api:/"):
            return prefix + resource[len("execute-api:/") :]
        return resource

    document = json.loads(text)
    statements = document.get("Statement")
    for statement in statements if isinstance(statements, list) else [statements]:
        for name in ("Resource", "NotResource"):
            if isinstance(statement, dict) and name in statement:
                statement[name] = full(statement[name])
    return json.dumps(document, separators=(",", ":"))


def shown(api: Api, partition: str) -> dict[str, Any]:
    """The RestApi structure. The policy comes back as the inside of a JSON string, quotes escaped, as from AWS."""
    answer = {
        **api.shape,
        "id": api.id,
        "createdDate": api.created,
        "rootResourceId": api.root,
        "apiStatus": "AVAILABLE",
    }
    policy = expanded_policy(api, partition)
    if policy:
        answer["policy"] = json.dumps(policy)[1:-1].replace("/", "\\/")
    else:
        answer.pop("policy", None)
    return answer
