"""TagResource and UntagResource. DescribeSecret shows the tags."""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import find
from ..find import by_id
from ..rules import check_count, given_tags
from .secrets import save


@operation("secretsmanager", "TagResource", resource=by_id)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or change their values."""
    given = given_tags(ctx, req["Tags"])
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        secret.tags = check_count(secret.tags | given)
        save(tx, ctx, secret)
    return {}


@operation("secretsmanager", "UntagResource", resource=by_id)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags by key."""
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        secret.tags = tags.without(secret.tags, req["TagKeys"])
        save(tx, ctx, secret)
    return {}
