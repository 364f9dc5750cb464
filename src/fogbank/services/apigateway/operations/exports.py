"""GetExport. https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core.context import Context

from ..arns import call
from ..lookups import require_stage
from ..openapi.exporting import Exporter
from ..records import SNAPSHOTS


@call("GetExport", "GET", "/restapis/{restApiId}/stages/{stageName}/exports/{exportType}")
def get_export(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A stage's deployment as OpenAPI 2.0 (`swagger`) or 3.0 (`oas30`), in JSON or YAML."""
    kind = req["exportType"]
    if kind not in ("swagger", "oas30"):
        raise BadRequest("No API exporter for type '" + kind + "'")
    accepts = (req.get("accepts") or "application/json").partition(";")[0].strip()
    if accepts not in ("application/json", "application/yaml"):
        raise BadRequest(f"Invalid accept header: {accepts}")
    with ctx.read() as tx:
        stage = require_stage(tx, ctx, req["restApiId"], req["stageName"])
        key = (ctx.account, ctx.region, stage.api, stage.shape["deploymentId"])
        snapshot = tx.get(SNAPSHOTS, key)
    if snapshot is None:
        raise NotFound("Invalid Deployment identifier specified")
    extensions = set((req.get("parameters") or {}).get("extensions", "").split(","))
    created = datetime.fromtimestamp(stage.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    host = f"{stage.api}.execute-api.{ctx.region}.amazonaws.com"
    document = Exporter(snapshot.content, kind, extensions).document(host=host, stage=stage.name, created=created)
    if accepts == "application/yaml":
        import yaml

        body = yaml.safe_dump(document, sort_keys=False)
    else:
        body = json.dumps(document, indent=2)
    name = f"{kind}_{created}.{'yaml' if accepts.endswith('yaml') else 'json'}"
    return {
        "contentType": "application/octet-stream",
        "contentDisposition": f'attachment; filename="{name}"',
        "body": body.encode(),
    }
