"""DescribeParameters and its filters."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import filters
from ..errors import InvalidNextToken
from ..records import PARAMETERS, Parameter
from ..shapes import metadata


@operation("ssm", "DescribeParameters", resource="*")
def describe_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Metadata of the parameters that pass every filter, without values.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
    """
    wanted = [filters.check(item) for item in req.get("ParameterFilters", ())]
    wanted += [{"Key": f["Key"], "Option": "Equals", "Values": f["Values"]} for f in req.get("Filters", ())]

    def find(tx: Reader) -> list[Parameter]:
        return [p for p in tx.scan(PARAMETERS, (ctx.account, ctx.region)) if all(filters.passes(p, f) for f in wanted)]

    with ctx.read() as tx:
        found = find(tx)
    pages, limit = Pages(ctx, InvalidNextToken), req.get("MaxResults", 50)
    shown, token = pages.by_key(found, req.get("NextToken"), limit, lambda p: p.name)
    return {"Parameters": [metadata(ctx, p) for p in shown], **token}
