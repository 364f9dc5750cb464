"""Issues temporary credentials."""

from __future__ import annotations

import zlib
from typing import Any

from fogbank.auth import records
from fogbank.auth.credentials import access_key_id, secret_key, session_token
from fogbank.auth.identities import document_of
from fogbank.auth.policy import MalformedPolicy, compile
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.store.api import Reader, Transaction

from .errors import MalformedPolicyDocument, PackedPolicyTooLarge

TAGS = 50
_PACKED = 1024  # bytes; AWS does not publish its own limit, only the percentage used
_KEPT = 86400  # seconds for which an expired session is still known, so that the error can say it expired


def session_policies(tx: Reader, req: dict[str, Any], partition: str) -> list[str]:
    """The JSON documents of the request's inline and managed session policies, validated."""
    found = []
    if req.get("Policy"):
        try:
            compile(req["Policy"])
        except MalformedPolicy as error:
            raise MalformedPolicyDocument(str(error)) from None
        found.append(req["Policy"])
    for given in req.get("PolicyArns") or ():
        document = document_of(tx, given.get("arn") or "", partition)
        if document is None:
            raise MalformedPolicyDocument(f"Policy {given.get('arn')} does not exist.")
        found.append(document)
    return found


def session_tags(req: dict[str, Any]) -> dict[str, str]:
    """The request's session tags. Keys that differ only in case are duplicates."""
    given = req.get("Tags") or []
    folded = [tag["Key"].lower() for tag in given]
    if len(set(folded)) != len(folded):
        raise ValidationError("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if len(given) > TAGS:
        raise ValidationError(f"1 validation error detected: more than {TAGS} session tags")
    return {tag["Key"]: tag["Value"] for tag in given}


def packed_size(req: dict[str, Any]) -> dict[str, int]:
    """PackedPolicySize: the percentage used of the space for policies and tags. Absent without any.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: the binary form is AWS's own; here it is
    the compressed text.
    """
    texts = [req.get("Policy") or "", *(given.get("arn") or "" for given in req.get("PolicyArns") or ())]
    texts += [f"{tag['Key']}={tag['Value']}" for tag in req.get("Tags") or ()]
    plain = "\n".join(text for text in texts if text)
    if not plain:
        return {}
    percent = -(-len(zlib.compress(plain.encode(), 9)) * 100 // _PACKED)
    if percent > 100:
        raise PackedPolicyTooLarge(
            f"Packed size of session tags consumes {percent}% of allotted space. Please use smaller session tag "
            "key value pairs."
        )
    return {"PackedPolicySize": percent}


def issue(tx: Transaction, ctx: Context, account: str, seconds: int, **fields: Any) -> dict[str, Any]:
    """Store a new session of `account` and return its Credentials. `fields` are those of records.Session."""
    now = ctx.now()
    ended = list(tx.scan_index(records.SESSIONS, "expires", end=(int(now) - _KEPT,), limit=8))
    for old in ended:
        tx.delete(records.SESSIONS, (old.id,))
    session = records.Session(
        id=access_key_id(ctx.ids, "ASIA", account),
        account=account,
        secret=secret_key(ctx.ids),
        token=session_token(ctx.ids),
        issued=now,
        expires=int(now) + seconds,
        **fields,
    )
    tx.put(records.SESSIONS, session)
    return {
        "AccessKeyId": session.id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }
