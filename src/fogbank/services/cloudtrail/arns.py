"""Trails and event data stores by name.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.auth import roles
from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access
from fogbank.store.api import Key

from .errors import (
    CloudTrailARNInvalidException,
    EventDataStoreARNInvalidException,
    EventDataStoreNotFoundException,
    InvalidTrailNameException,
    ResourceTypeNotSupportedException,
    TrailNotFoundException,
)
from .records import STORES, TRAILS, DataStore, Trail

SERVICE = "cloudtrail.amazonaws.com"
_STORE_ID = re.compile(r"[a-zA-Z0-9._/\-]{3,256}")


def check_name(name: str) -> str:
    """The name again; InvalidTrailNameException for what is none.

    The texts of adjacent and of forbidden characters, of blank and of short names are AWS's; that of addresses is not
    confirmed.
    """
    if not name:
        raise InvalidTrailNameException("Trail name cannot be blank!")
    length = f"Specified name length: {len(name)} characters."
    if len(name) < 3:
        raise InvalidTrailNameException(f"Trail name too short. Minimum allowed length: 3 characters. {length}")
    if len(name) > 128:
        raise InvalidTrailNameException(f"Trail name too long. Maximum allowed length: 128 characters. {length}")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise InvalidTrailNameException(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens "
            "(-), and underscores (_)."
        )
    if not re.match("[A-Za-z0-9]", name):
        raise InvalidTrailNameException("Trail name must starts with a letter or number.")
    if not re.search(r"[A-Za-z0-9]\Z", name):
        raise InvalidTrailNameException("Trail name must ends with a letter or number.")
    if re.search("[._-]{2}", name):
        raise InvalidTrailNameException(
            "Trail name or ARN cannot have adjacent periods (.), hyphens (-), or underscores (_)"
        )
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        raise InvalidTrailNameException("Trail name cannot be in IP address format.")
    return name


def trail_arn(ctx: Context, key: Key) -> str:
    account, region, name = map(str, key)
    return f"arn:{ctx.partition}:cloudtrail:{region}:{account}:trail/{name}"


def _read(ctx: Context, text: str, kind: str, refused: type[ServiceError]) -> tuple[str, str, str]:
    """(account, region, rest) of an ARN of ours."""
    try:
        arn = arns.parse(text)
    except ValueError:
        raise refused(f"Invalid ARN: {text}") from None
    begin, _, rest = arn.resource.partition("/")
    ours = (arn.partition, arn.service, begin) == (ctx.partition, "cloudtrail", kind)
    if not ours or not arns.ACCOUNT.fullmatch(arn.account) or not re.fullmatch("[a-z0-9-]+", arn.region):
        raise refused(f"Invalid ARN: {text}")
    return arn.account, arn.region, rest


def _trail_key(ctx: Context, text: str) -> Key:
    if not text.startswith("arn:"):
        return ctx.account, ctx.region, check_name(text)
    account, region, name = _read(ctx, text, "trail", CloudTrailARNInvalidException)
    return account, region, check_name(name)


def _no_trail(ctx: Context, key: Any) -> ServiceError:
    shown = key[2] if key[:2] == (ctx.account, ctx.region) else trail_arn(ctx, key)
    return TrailNotFoundException(f"Unknown trail: {shown} for the user: {ctx.account}")


TRAIL: Kind[Trail] = Kind(
    "trail",
    TRAILS,
    key=_trail_key,
    arn=lambda ctx, key, _: trail_arn(ctx, key),
    missing=_no_trail,
)


def store_arn(ctx: Context, key: Key) -> str:
    account, region, ident = map(str, key)
    return f"arn:{ctx.partition}:cloudtrail:{region}:{account}:eventdatastore/{ident}"


def _store_key(ctx: Context, text: str) -> Key:
    if not text.startswith("arn:"):
        if not _STORE_ID.fullmatch(text):
            raise EventDataStoreARNInvalidException
        return ctx.account, ctx.region, text
    account, region, ident = _read(ctx, text, "eventdatastore", EventDataStoreARNInvalidException)
    if not _STORE_ID.fullmatch(ident):
        raise EventDataStoreARNInvalidException
    return account, region, ident


STORE: Kind[DataStore] = Kind(
    "eventdatastore",
    STORES,
    key=_store_key,
    arn=lambda ctx, key, _: store_arn(ctx, key),
    missing=lambda ctx, key: EventDataStoreNotFoundException(),
)


def new_trail(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """CreateTrail: the trail to be, and the role that is passed to CloudTrail."""
    key = (ctx.account, ctx.region, check_name(req["Name"]))
    return [Access("", named(trail_arn(ctx, key), ctx.account, key=key)), *_role(ctx, req)]


def changed_trail(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """UpdateTrail."""
    return [Access("", TRAIL.name(ctx, req["Name"])), *_role(ctx, req)]


def _role(ctx: Context, req: dict[str, Any]) -> list[Access]:
    role = req.get("CloudWatchLogsRoleArn")
    return [roles.passed(ctx, role, SERVICE)] if role else []


def kind_of(text: str) -> Kind[Any]:
    """Which kind a ResourceId of the tagging operations is: they take ARNs only."""
    resource = text.split(":", 5)[-1]
    if not text.startswith("arn:"):
        raise CloudTrailARNInvalidException(f"Invalid ARN: {text}")
    for kind in (TRAIL, STORE):
        if resource.startswith(f"{kind.word}/"):
            return kind
    raise ResourceTypeNotSupportedException(f"The resource type of {text} is not supported.")


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    """AddTags and RemoveTags."""
    return kind_of(req["ResourceId"]).name(ctx, req["ResourceId"])


def listed(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """ListTags."""
    return [Access("", kind_of(text).name(ctx, text)) for text in req["ResourceIdList"]]


def trail_or_store(ctx: Context, req: dict[str, Any]) -> Named:
    """Insight selectors are those of a trail or of an event data store."""
    if req.get("EventDataStore"):
        return STORE.name(ctx, req["EventDataStore"])
    return TRAIL.name(ctx, req.get("TrailName") or "")
