"""AWS request signatures, pure: no I/O, and no clock of their own.

    claim = read(request)                                    # None: unsigned
    verify(claim, request, secret, now, service="sqs", keys=keys)   # raises core.errors errors

`keys` is a SigningKeys that the caller owns; without it each call derives its key anew. verify leaves the plain body in
the request, with chunks decoded and hashes checked. A body that is still arriving is checked at its end, as it is read.
"""

from __future__ import annotations

from fogbank.core.http import Request

from . import sigv2, sigv4
from .body import decode_unsigned
from .claims import Claim, read
from .keys import SigningKeys
from .posts import policy_access_key, verify_policy

__all__ = ["Claim", "SigningKeys", "decode_unsigned", "policy_access_key", "read", "verify", "verify_policy"]


def verify(
    claim: Claim, request: Request, secret: str, now: float, *, service: str, keys: SigningKeys | None = None
) -> None:
    """Raise unless `claim` holds for `request` with `secret` at epoch second `now`. See sigv4.verify, sigv2.verify."""
    if claim.version == 4:
        sigv4.verify(claim, request, secret, now, service=service, keys=keys or SigningKeys(1))
    else:
        sigv2.verify(claim, request, secret, now, service=service)
