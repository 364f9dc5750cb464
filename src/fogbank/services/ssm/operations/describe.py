"""DescribeParameters and its filters."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import filters
from ..errors import InvalidNextToken
from ..records import PARAMETERS, Parameter
from ..shapes import metadata
from ..sharing import shared


@operation("ssm", "DescribeParameters", resource="*")
def describe_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Metadata of the parameters that pass every filter, without values.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
    """
    if req.get("Filters") and req.get("ParameterFilters"):
        raise ValidationError("You can use either Filters or ParameterFilters in a single request.")
    wanted = filters.read(req.get("ParameterFilters", ()), filters.DESCRIBED) + filters.old(req.get("Filters", ()))

    def find(tx: Reader) -> list[Parameter]:
        there = shared(tx, ctx) if req.get("Shared") else tx.scan(PARAMETERS, (ctx.account, ctx.region))
        return [p for p in there if all(filters.passes(p, f) for f in wanted)]

    with ctx.read() as tx:
        found = find(tx)
    pages, limit = Pages(ctx, InvalidNextToken), req.get("MaxResults", 50)
    shown, token = pages.by_key(found, req.get("NextToken"), limit, lambda p: (*PARAMETERS.key(p),))
    return {"Parameters": [metadata(ctx, p) for p in shown], **token}
