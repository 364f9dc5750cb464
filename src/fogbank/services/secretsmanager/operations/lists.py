"""ListSecrets."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from .. import filters, shapes
from ..errors import InvalidNextTokenException
from ..records import SECRETS, Secret

_ORDERS = {"created-date": "created", "last-accessed-date": "accessed", "last-changed-date": "changed", "name": "name"}


@operation("secretsmanager", "ListSecrets", resource="*")
def list_secrets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The secrets that pass the filters, without those that are scheduled for deletion unless they are asked for.

    "If not specified, secrets are listed by CreatedDate", and "by default, secrets are sorted in descending order":
    API_ListSecrets
    """
    field = _ORDERS[req.get("SortBy") or "created-date"]
    down = (req.get("SortOrder") or "desc") == "desc"
    with ctx.read() as tx:
        kept = list(tx.scan(SECRETS, (ctx.account, ctx.region)))
    shown = [each for each in kept if req.get("IncludePlannedDeletion") or not each.deleted]

    def key(secret: Secret) -> tuple[Any, str]:
        return getattr(secret, field), secret.name

    found = sorted(filters.passing(shown, req.get("Filters") or []), key=key, reverse=down)
    pages = Pages(ctx, InvalidNextTokenException, f"{ctx.account}/{ctx.region}/secrets/{field}/{down}")
    after = pages.after(req.get("NextToken"))
    if after is not None:
        found = [each for each in found if (key(each) < after if down else key(each) > after)]
    page, more = pages.cut(found, req.get("MaxResults") or 100, key)
    return {"SecretList": [shapes.listed(ctx, each) for each in page], **more}
