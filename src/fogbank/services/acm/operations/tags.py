"""Tags of certificates, and the account's settings.

https://docs.aws.amazon.com/acm/latest/APIReference/API_AddTagsToCertificate.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation

from ..errors import InvalidTagException, TooManyTagsException
from ..find import CERTIFICATE, by_arn
from ..records import ACCOUNTS, CERTIFICATES, Account

MOST = 50
Request = dict[str, Any]


def checked(held: dict[str, str]) -> dict[str, str]:
    """The texts are not confirmed."""
    if any(key.lower().startswith("aws:") for key in held):
        raise InvalidTagException("Tag keys that begin with aws: are reserved.")
    if len(held) > MOST:
        raise TooManyTagsException(f"A certificate can have at most {MOST} tags.")
    return held


@operation("acm", "AddTagsToCertificate", resource=by_arn)
def add_tags_to_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """Add tags, or change their values."""
    with ctx.write() as tx:
        found = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
        found.tags = checked({**found.tags, **tags.from_list(req["Tags"])})
        tx.put(CERTIFICATES, found)
    return {}


@operation("acm", "RemoveTagsFromCertificate", resource=by_arn)
def remove_tags_from_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """Remove tags: "If you specify a value, the tag is removed only if it is associated with the specified value"."""
    gone = {tag["Key"]: tag.get("Value") for tag in req["Tags"]}
    with ctx.write() as tx:
        found = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
        found.tags = {key: value for key, value in found.tags.items()
                      if key not in gone or gone[key] not in (None, value)}  # fmt: skip
        tx.put(CERTIFICATES, found)
    return {}


@operation("acm", "ListTagsForCertificate", resource=by_arn)
def list_tags_for_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """The tags of a certificate."""
    with ctx.read() as tx:
        return {"Tags": tags.to_list(CERTIFICATE.require(tx, ctx, req["CertificateArn"]).tags)}


@operation("acm", "GetAccountConfiguration", resource="*")
def get_account_configuration(ctx: Context, req: Request) -> dict[str, Any]:
    """How many days before an expiry events are wanted: 45 unless it was set."""
    with ctx.read() as tx:
        kept = tx.get(ACCOUNTS, (ctx.account, ctx.region))
    return {"ExpiryEvents": {"DaysBeforeExpiry": kept.days if kept is not None else 45}}


@operation("acm", "PutAccountConfiguration", resource="*", fidelity="recorded")
def put_account_configuration(ctx: Context, req: Request) -> dict[str, Any]:
    """Keep the days; no events are sent."""
    days = (req.get("ExpiryEvents") or {}).get("DaysBeforeExpiry") or 45
    with ctx.write() as tx:
        tx.put(ACCOUNTS, Account(account=ctx.account, region=ctx.region, days=days))
    return {}
