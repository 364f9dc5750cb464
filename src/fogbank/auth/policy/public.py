"""Whether a resource policy is public: whether it admits everybody.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status

AWS says this of S3's policies. Other services that block public policies are judged by the same rules here.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import msgspec

from fogbank.core import arns

_OPEN = re.compile(r"[*?]|\$\{")

# a statement with a fixed value for one of these condition keys is not public
_NARROWING = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:userid",
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:sourceip",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)


def is_public(document: str) -> bool:
    """Returns whether an Allow statement admits everybody, without a condition that limits it."""
    try:
        parsed = msgspec.json.decode(document)
    except msgspec.DecodeError:
        return False
    statements = parsed.get("Statement", []) if isinstance(parsed, dict) else []
    if isinstance(statements, dict):
        statements = [statements]
    return any(_public(statement) for statement in statements if isinstance(statement, dict))


def _public(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if "NotPrincipal" not in statement and not _everybody(principal):
        return False
    return not any(
        _narrows(operator, key, values)
        for operator, keys in (statement.get("Condition") or {}).items()
        if isinstance(keys, dict)
        for key, values in keys.items()
    )


def _everybody(principal: Any) -> bool:
    if principal == "*":
        return True
    if isinstance(principal, dict):
        named = principal.get("AWS", [])
        return "*" in (named if isinstance(named, list) else [named])
    return False


# A condition limits a statement only if each request must satisfy it: IfExists does not, nor a set that may be empty.
_POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})


def _narrows(operator: str, key: str, values: Any) -> bool:
    """Returns whether a condition requires a fixed value, without wildcards and policy variables."""
    if key.lower() not in _NARROWING:
        return False
    listed = [str(value) for value in (values if isinstance(values, list) else [values])]
    if key.lower() == "aws:sourceip":
        return operator.lower() == "ipaddress" and all(_small_network(value) for value in listed)
    if operator.lower().removeprefix("foranyvalue:") not in _POSITIVE:
        return False
    return all(not _OPEN.search(value) or _fixed_account(key, value) for value in listed)


def _small_network(value: str) -> bool:
    """Returns whether a range is narrow enough; broader than /8 (IPv4) or /32 (IPv6) counts as public."""
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (8 if network.version == 4 else 32)


def _fixed_account(key: str, value: str) -> bool:
    """Returns whether a value is an ARN pattern with a fixed account, which counts as a fixed value."""
    if not key.lower().endswith("arn"):
        return False
    parts = value.split(":", 5)
    return len(parts) == 6 and bool(arns.ACCOUNT.fullmatch(parts[4])) and not _OPEN.search(parts[2])
