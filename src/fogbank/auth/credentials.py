"""Generates keys in AWS's formats.

An access key id contains its account: after the four letters, base32 of 80 bits, of which bits 1 to 40 are the account
number. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html reads it from there.
"""

from __future__ import annotations

import base64
import binascii

from fogbank.core.ids import Ids

_FIRST = 1 << 47


def unique_id(ids: Ids, prefix: str) -> str:
    """AIDA…, AROA…: the prefix and 17 characters.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    return prefix + ids.base32(17)


def access_key_id(ids: Ids, prefix: str, account: str) -> str:
    """AKIA… (long-term) or ASIA… (temporary) and 16 characters."""
    drawn = ids.bytes(5)
    head = _FIRST | int(account) << 7 | drawn[0] & 0x7F
    return prefix + base64.b32encode(head.to_bytes(6, "big") + drawn[1:]).decode()


def account_of(access_key: str) -> str | None:
    """The account in an access key id. None for a text of another form."""
    if len(access_key) < 20:
        return None
    try:
        head = base64.b32decode(access_key[4:20])[:6]
    except (binascii.Error, ValueError):
        return None
    number = (int.from_bytes(head, "big") & 0x7FFFFFFFFF80) >> 7
    return f"{number:012d}" if number < 10**12 else None


def secret_key(ids: Ids) -> str:
    """40 characters of base64's alphabet."""
    return base64.b64encode(ids.bytes(30)).decode()


def session_token(ids: Ids) -> str:
    """An opaque token, as long as AWS's shortest."""
    return "FwoGZXIvYXdzE" + base64.b64encode(ids.bytes(192)).decode()
