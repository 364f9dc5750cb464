"""The ids of things in a network: a prefix, and 17 hexadecimal digits of which the first is 0.

"Resource IDs … have a unique identifier that includes a resource identifier … followed by a hyphen and a unique
combination of letters and numbers": https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
"""

from __future__ import annotations

import re
from functools import cache

from fogbank.core.context import Context


def new(ctx: Context, prefix: str) -> str:
    """A new id: `vpc-0` and 16 random digits."""
    return f"{prefix}-0{ctx.ids.hex(16)}"


@cache
def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"{prefix}-(?:[0-9a-f]{{8}}|[0-9a-f]{{17}})")


def valid(prefix: str, text: str) -> bool:
    """Whether a text has the form of an id: the current one with 17 digits, or the older one with 8."""
    return _pattern(prefix).fullmatch(text) is not None
