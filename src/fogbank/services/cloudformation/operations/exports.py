"""ListExports and ListImports."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation

from ..records import EXPORTS, IMPORTS
from .describing import page


@operation("cloudformation", "ListExports", resource="*")
def list_exports(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListExports.html"""
    with ctx.read() as tx:
        found = list(tx.scan(EXPORTS, (ctx.account, ctx.region)))
    shown, token = page(ctx, found, req, lambda export: export.name)
    exports = [{"ExportingStackId": e.stack_id, "Name": e.name, "Value": e.value} for e in shown]
    return {"Exports": exports, **token}


@operation("cloudformation", "ListImports", resource="*")
def list_imports(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListImports.html"""
    with ctx.read() as tx:
        found = [held.stack_name for held in tx.scan(IMPORTS, (ctx.account, ctx.region, req["ExportName"]))]
    if not found:
        raise ValidationError(f"Export '{req['ExportName']}' is not imported by any stack.")
    shown, token = page(ctx, found, req, lambda name: name)
    return {"Imports": shown, **token}
