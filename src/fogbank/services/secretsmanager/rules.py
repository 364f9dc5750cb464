"""The checks of members that several operations have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core.context import Context

from .errors import InvalidParameterException, LimitExceededException

MOST_TAGS = 50


def check_request_token(ctx: Context, req: dict[str, Any]) -> str:
    """The id of the version that a request makes. Without a ClientRequestToken it is drawn.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """
    token = req.get("ClientRequestToken")
    if token is not None and not 32 <= len(token) <= 64:
        raise InvalidParameterException("ClientRequestToken must be 32-64 characters long.")
    return token or ctx.ids.uuid()


def window(req: dict[str, Any]) -> int:
    """The days of a recovery window."""
    days = req.get("RecoveryWindowInDays")
    if days is not None and req.get("ForceDeleteWithoutRecovery"):
        raise InvalidParameterException(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )
    if days is not None and not 7 <= days <= 30:
        raise InvalidParameterException("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
    return int(days or 30)


def check_new_tags(given: Mapping[str, str]) -> dict[str, str]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html; texts not confirmed."""
    if any(key.lower().startswith("aws:") for key in given):
        raise InvalidParameterException("Tag keys can't begin with aws:, which is reserved for AWS use.")
    if len(given) > MOST_TAGS:
        raise LimitExceededException(f"A secret can have at most {MOST_TAGS} tags.")
    return dict(given)
