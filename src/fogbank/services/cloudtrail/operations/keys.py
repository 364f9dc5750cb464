"""ListPublicKeys: the public keys that verify digest files.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from ..errors import InvalidTimeRangeException, InvalidTokenException
from ..records import KEYS

PAGE = 100


@operation("cloudtrail", "ListPublicKeys", resource="*")
def list_public_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The keys valid at some time in the range; "If not specified, … the current public key is returned"."""
    begin, end = (_seconds(req.get(name), ctx.now()) for name in ("StartTime", "EndTime"))
    if begin > end:
        raise InvalidTimeRangeException("The start time must be before the end time.")
    with ctx.read() as tx:
        keys = [key for key in tx.scan(KEYS, (ctx.region,)) if key.begins <= end and key.ends > begin]
    pages = Pages(ctx, InvalidTokenException)
    shown, more = pages.by_key(keys, req.get("NextToken"), PAGE, lambda key: (int(key.begins), key.fingerprint))
    found = [
        {
            "Value": key.public,
            "ValidityStartTime": key.begins,
            "ValidityEndTime": key.ends,
            "Fingerprint": key.fingerprint,
        }
        for key in shown
    ]
    return {"PublicKeyList": found, **more}


def _seconds(at: Any, default: float) -> float:
    if at is None:
        return default
    return at.timestamp() if isinstance(at, datetime) else float(at)
