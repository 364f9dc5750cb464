"""Published versions: copies of $LATEST that never change.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import lookups, storage
from ..arns import named, target
from ..errors import InvalidParameterValue
from ..function_settings import OWNER
from ..records import FUNCTIONS, VERSIONS, Function, Version
from ..shapes import configuration

# fields that do not make two versions different
_MARKS = ("number", "revision", "modified", "state", "updating", "blob", "description")


@operation("lambda", "PublishVersion", resource=named)
def publish_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Publishes $LATEST under the next number. If it has not changed since the last version, returns that version.

    https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
    """
    which = target(ctx, req["FunctionName"])
    with ctx.write() as tx:
        function = lookups.function(tx, ctx, which)
        latest = lookups.latest(tx, ctx, which)
        lookups.check_revision(latest.revision, req.get("RevisionId"))
        lookups.check_settled(ctx, latest)
        if req.get("CodeSha256") and req["CodeSha256"] != latest.code_sha256:
            raise InvalidParameterValue(
                f"CodeSHA256 ({req['CodeSha256']}) is different from current CodeSHA256 in $LATEST "
                f"({latest.code_sha256}). Please try again with the CodeSHA256 in $LATEST."
            )
        version = publish(tx, ctx, function, latest, req.get("Description") or "")
    return configuration(ctx, version, qualifier=version.version)


def publish(tx: Transaction, ctx: Context, function: Function, latest: Version, description: str) -> Version:
    """Returns the published version that equals $LATEST; publishes it if there is none."""
    key = (function.account, function.region, function.name)
    last = next(iter(tx.scan(VERSIONS, key, reverse=True, limit=1)), None)
    if last is not None and last.number and _same(last, latest):
        return last
    storage.hold(tx, ctx, key[:2], latest.code_size)
    version = msgspec.structs.replace(
        latest,
        number=function.next_version,
        revision=ctx.ids.uuid(),
        description=description or latest.description,
        state="Active",
        updating=False,
        modified=ctx.now(),
    )
    function.next_version += 1
    if version.blob:
        ctx.blobs.share(tx, version.blob, OWNER)
    for layer in version.layers:
        ctx.blobs.share(tx, layer.blob, OWNER)
    tx.put(FUNCTIONS, function)
    tx.put(VERSIONS, version)
    return version


def _same(one: Version, other: Version) -> bool:
    fields = [name for name in one.__struct_fields__ if name not in _MARKS]
    return all(getattr(one, name) == getattr(other, name) for name in fields)


@operation("lambda", "ListVersionsByFunction", resource=named)
def list_versions_by_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists $LATEST, then the published versions in order.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html
    """
    which = target(ctx, req["FunctionName"])
    with ctx.read() as tx:
        lookups.function(tx, ctx, which)
        found = lookups.published(tx, which)
    shown, more = lookups.page(ctx, found, req, lambda v: v.number)
    return {"Versions": [configuration(ctx, v, qualifier=v.version, listed=True) for v in shown], **more}
