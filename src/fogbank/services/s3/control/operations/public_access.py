"""Block Public Access of an account."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from ... import account_block
from ..errors import NoSuchPublicAccessBlockConfiguration
from ..find import account

PUT = "s3:PutAccountPublicAccessBlock"


@operation("s3control", "PutPublicAccessBlock", action=PUT, resource=account)
def put_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set the four flags, which apply to all buckets of the account. One that the request omits is turned off.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html
    """
    asked = req["PublicAccessBlockConfiguration"]
    with ctx.write() as tx:
        account_block.change(tx, ctx.account, tuple(bool(asked.get(name)) for name in account_block.NAMES))
    return {}


@operation("s3control", "GetPublicAccessBlock", action="s3:GetAccountPublicAccessBlock", resource=account)
def get_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The flags of the account."""
    with ctx.read() as tx:
        found = tx.get(account_block.BLOCKS, (ctx.account,))
    if found is None:
        raise NoSuchPublicAccessBlockConfiguration
    return {"PublicAccessBlockConfiguration": dict(zip(account_block.NAMES, found.flags, strict=True))}


@operation("s3control", "DeletePublicAccessBlock", action=PUT, resource=account)
def delete_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Let the buckets' own configurations decide again."""
    with ctx.write() as tx:
        account_block.change(tx, ctx.account, None)
    return {}
