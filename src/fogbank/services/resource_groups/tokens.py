"""Pages whose tokens are of the characters that the API allows: letters, digits, + and /.

https://docs.aws.amazon.com/ARG/latest/APIReference/API_ListGroups.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.paging import Pages

from .errors import bad_token

_OUT, _IN = str.maketrans("-_", "+/"), str.maketrans("+/", "-_")


class GroupPages(Pages):
    """The pages of one list; see `Pages`."""

    def __init__(self, ctx: Context, scope: str = "") -> None:
        super().__init__(ctx, bad_token, scope)

    def seal(self, state: Any) -> str:
        return super().seal(state).translate(_OUT)

    def open(self, token: str) -> Any:
        return super().open(token.translate(_IN))
