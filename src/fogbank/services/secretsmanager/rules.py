"""The checks of members that several operations have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.core import tags
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


def given_tags(ctx: Context, given: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The tags of a request; the model does not say that the key is required."""
    if any(not tag.get("Key") for tag in given or ()):
        raise InvalidParameterException("Each tag needs a key.")  # not confirmed
    found = tags.from_list(given)
    if any(tags.is_reserved(key, ctx.principal.via) for key in found):
        raise InvalidParameterException("Tag keys can't begin with aws:, which is reserved for AWS use.")
    return check_count(found)


def check_count(held: dict[str, str]) -> dict[str, str]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html; texts not confirmed."""
    if sum(not key.startswith("aws:") for key in held) > MOST_TAGS:
        raise LimitExceededException(f"A secret can have at most {MOST_TAGS} tags.")
    return held
