"""Certificates by ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Kind
from fogbank.core.operation import Access

from .errors import InvalidArnException, ResourceNotFoundException
from .records import CERTIFICATES, Certificate

Place = tuple[str, str, str]
_ARN = re.compile(r"arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+")


def _arn(ctx: Context, place: Any, certificate: Certificate | None = None) -> str:
    return ctx.arn("acm", f"certificate/{place[2]}", account=place[0], region=place[1])


def arn_of(ctx: Context, certificate: Certificate) -> str:
    return _arn(ctx, CERTIFICATES.key(certificate))


def _read(ctx: Context, text: str) -> Place:
    if not _ARN.fullmatch(text):
        raise InvalidArnException(f"arn: {text} is not a valid certificate ARN.")  # not confirmed
    place = (ctx.account, ctx.region, text.rpartition("/")[2])
    if _arn(ctx, place) != text:
        raise _missing(ctx, text)
    return place


def _missing(ctx: Context, what: Any) -> ResourceNotFoundException:
    """The text is AWS's."""
    arn = what if isinstance(what, str) else _arn(ctx, what)
    return ResourceNotFoundException(f"Could not find certificate {arn}.")


CERTIFICATE: Kind[Certificate] = Kind("certificate", CERTIFICATES, key=_read, arn=_arn, missing=_missing)
by_arn = CERTIFICATE.of("CertificateArn")


def requested(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """RequestCertificate has no resource-level permissions; tags need AddTagsToCertificate."""
    return [Access(action, "*") for action in ("", *(["acm:AddTagsToCertificate"] if req.get("Tags") else []))]


def imported(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """A new certificate, or the one that is imported anew."""
    if req.get("CertificateArn"):
        return [Access("", by_arn(ctx, req))]
    return requested(ctx, req)
