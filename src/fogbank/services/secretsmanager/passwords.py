"""Random passwords.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
"""

from __future__ import annotations

import string
from typing import Any

from fogbank.core.ids import Ids

from .errors import InvalidParameterException

LENGTH = 32
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"  # the page's list
_TYPES = (
    ("ExcludeLowercase", string.ascii_lowercase),
    ("ExcludeUppercase", string.ascii_uppercase),
    ("ExcludeNumbers", string.digits),
    ("ExcludePunctuation", PUNCTUATION),
)


def password(ids: Ids, req: dict[str, Any]) -> str:
    """A password as the request wants it. The error text for a short length is AWS's, that for no characters not."""
    length = int(req.get("PasswordLength") or LENGTH)
    excluded = set(req.get("ExcludeCharacters") or "")
    types = [characters for member, characters in _TYPES if not req.get(member)]
    if req.get("IncludeSpace"):
        types.append(" ")
    kept = ["".join(each for each in characters if each not in excluded) for characters in types]
    kept = [characters for characters in kept if characters]
    if not kept:
        raise InvalidParameterException("The password cannot be generated: no characters are left to choose from.")
    required = kept if req.get("RequireEachIncludedType", True) else []
    if length < len(required):
        raise InvalidParameterException(f"Password length {length} is too short based on the required types.")
    chosen = [_pick(ids, characters) for characters in required]
    everything = "".join(kept)
    chosen += [_pick(ids, everything) for _ in range(length - len(chosen))]
    for at in range(len(chosen) - 1, 0, -1):  # the required ones stand anywhere
        other = _below(ids, at + 1)
        chosen[at], chosen[other] = chosen[other], chosen[at]
    return "".join(chosen)


def _pick(ids: Ids, characters: str) -> str:
    return characters[_below(ids, len(characters))]


def _below(ids: Ids, limit: int) -> int:
    """A number below the limit. Of 64 bits, the remainder's bias is below 2**-57."""
    return int.from_bytes(ids.bytes(8), "big") % limit
