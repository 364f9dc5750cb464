"""Models of WebSocket APIs.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-models.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.apis.errors import BadRequest, Conflict
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .. import rules
from ..find import Req, call, changed, require_api, require_part, scope_of
from ..part_operations import part_operations
from ..records import MODELS, Api, Part
from ..snapshots import redeploy

_PATH = "/apis/{ApiId}/models"
_MEMBERS = ("ContentType", "Description", "Name", "Schema")

get_model, get_models, delete_model = part_operations(__name__, MODELS, "Model", "Models", _PATH)


def _check(tx: Reader, api: Api, shape: dict[str, Any], id: str = "") -> None:
    """Raise AWS's error for a model that cannot be. The texts are not confirmed."""
    rules.require(shape, "Name", "Schema")
    if not shape["Name"].isalnum():
        raise BadRequest("Model name must be alphanumeric: " + shape["Name"])
    try:
        valid = isinstance(json.loads(shape["Schema"]), dict)
    except (ValueError, RecursionError):
        valid = False
    if not valid:
        raise BadRequest("Invalid model specified: the schema is not a JSON object")
    if any(other.shape["Name"] == shape["Name"] and other.id != id for other in tx.scan(MODELS, scope_of(api))):
        raise Conflict(f"Model with name {shape['Name']} already exists for this API")


@call("CreateModel", "POST", _PATH)
def create_model(ctx: Context, req: Req) -> dict[str, Any]:
    """Create a model: a JSON schema of messages."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        shape = {"ContentType": "application/json", **rules.without_empty(rules.present(req, _MEMBERS))}
        _check(tx, api, shape)
        shape["ModelId"] = ctx.ids.lower(6)
        tx.put(MODELS, Part(account=api.account, region=api.region, api=api.id, id=shape["ModelId"], shape=shape))
        redeploy(tx, ctx, api)
    return shape


@call("UpdateModel", "PATCH", _PATH + "/{ModelId}")
def update_model(ctx: Context, req: Req) -> dict[str, Any]:
    """Change a model."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        model = require_part(tx, ctx, MODELS, api.id, req["ModelId"])
        model.shape = rules.without_empty({**model.shape, **rules.present(req, _MEMBERS)})
        _check(tx, api, model.shape, model.id)
        tx.put(MODELS, model)
        redeploy(tx, ctx, api)
        changed(tx)
    return model.shape


@call("GetModelTemplate", "GET", _PATH + "/{ModelId}/template")
def get_model_template(ctx: Context, req: Req) -> dict[str, Any]:
    """A sample mapping template for a model: one line for each of its properties.

    AWS's own text for the template is not confirmed.
    """
    with ctx.read() as tx:
        model = require_part(tx, ctx, MODELS, req["ApiId"], req["ModelId"])
    schema = json.loads(model.shape["Schema"])
    names = list(schema.get("properties") or {}) if isinstance(schema.get("properties"), dict) else []
    lines = ",\n".join(f"  \"{name}\": $input.json('$.{name}')" for name in names)
    return {"Value": "#set($inputRoot = $input.path('$'))\n{\n" + lines + "\n}"}
