"""Client tokens: the same request again does nothing, and gives the first answer.

"IdempotentParameterMismatch: The request uses the same client token as a previous, but non-identical request":
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Record, Table, Transaction

from ..errors import InvalidParameterValue, NetworkError

MOST = 64  # characters


class Token(Record):
    """A token that was used, the digest of its request, and the answer."""

    account: str
    region: str
    operation: str
    token: str
    digest: str
    answer: Any


TOKENS = Table("ec2/client-token", Token, key=lambda t: (t.account, t.region, t.operation, t.token))


def once(
    tx: Transaction,
    ctx: Context,
    req: dict[str, Any],
    make: Callable[[Transaction], dict[str, Any]],
    again: Callable[[Transaction, Any], dict[str, Any]] | None = None,
    keep: Callable[[dict[str, Any]], Any] = lambda answer: answer,
) -> dict[str, Any]:
    """Run `make` unless a request with this token has done so. `again` makes the answer from what `keep` kept."""
    token = req.get("ClientToken")
    if not token:
        return make(tx)
    if len(token) > MOST or not token.isascii():
        raise InvalidParameterValue(f"Value ({token}) for parameter clientToken is invalid. Invalid client token.")
    digest = hashlib.sha256(msgspec.json.encode(req, order="sorted")).hexdigest()
    known = tx.get(TOKENS, (ctx.account, ctx.region, ctx.operation, token))
    if known is None:
        answer = make(tx)
        tx.put(
            TOKENS,
            Token(
                account=ctx.account, region=ctx.region, operation=ctx.operation, token=token, digest=digest,
                answer=keep(answer),
            ),
        )  # fmt: skip
        return answer
    if known.digest != digest:
        raise NetworkError(
            "IdempotentParameterMismatch",
            "The client token you have provided has already been used for a request with different parameters.",
        )
    return dict(known.answer) if again is None else again(tx, known.answer)
