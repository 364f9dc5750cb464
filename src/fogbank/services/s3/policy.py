"""Bucket policies: the policy that authorization evaluates, the check of new ones, and the test for public ones.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import msgspec

from fogbank.core import arns, documents
from fogbank.store.api import Reader

from .errors import MalformedPolicy
from .records import CONFIGS, OBJECTS, Bucket

_OPEN = re.compile(r"[*?]|\$\{")
_IGNORE_ACLS, RESTRICT = 1, 3  # indexes of IgnorePublicAcls, RestrictPublicBuckets in Bucket.public_access
MAX_POLICY = 20 * 1024

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


def policy_of(tx: Reader, bucket: Bucket, key: str | None) -> str | None:
    """Returns the policy that authorization evaluates for a bucket, or for a key in it.

    With RestrictPublicBuckets, a public policy only allows the bucket's own account and AWS services. ACLs become
    additional statements.
    """
    document: str | None = None
    if bucket.has_policy:
        config = tx.get(CONFIGS, (bucket.name, "policy", ""))
        document = config.value if config is not None else None
        if document is not None and bucket.public_access[RESTRICT] and is_public(document):
            document = _restricted(document, bucket.account)
    if not by_bucket_alone(bucket):
        granted = _granted(tx, bucket, key)
        if granted is not None:
            document = _with(document, granted)
    return document


def by_bucket_alone(bucket: Bucket) -> bool:
    """Returns whether no ACL applies, so that one policy is valid for all keys."""
    return bucket.ownership == "BucketOwnerEnforced" or bucket.public_access[_IGNORE_ACLS]


def _granted(tx: Reader, bucket: Bucket, key: str | None) -> dict[str, Any] | None:
    """Returns the statement that equals the canned ACL of a bucket or object; None if the ACL allows nobody else."""
    if key is not None:
        found = tx.get(OBJECTS, (bucket.name, key))
        canned, actions = (found.grants if found is not None else "private"), ["s3:GetObject"]
        if bucket.grants == "public-read-write":
            actions, canned = (
                [*actions[: canned.startswith("public")], "s3:PutObject", "s3:DeleteObject"],
                "public-read",
            )
    else:
        canned, actions = bucket.grants, ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]
    if not canned.startswith(("public-", "authenticated-")):
        return None
    # this policy is evaluated only for the requested bucket or key
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": "*"}
    if canned == "authenticated-read":
        statement["Condition"] = {"StringNotEquals": {"aws:PrincipalType": "Anonymous"}}
    return statement


def _with(document: str | None, statement: dict[str, Any]) -> str:
    """Adds a statement to a policy document."""
    parsed = msgspec.json.decode(document) if document is not None else {"Version": "2012-10-17", "Statement": []}
    statements = parsed["Statement"] if isinstance(parsed["Statement"], list) else [parsed["Statement"]]
    return msgspec.json.encode({**parsed, "Statement": [*statements, statement]}).decode()


def _restricted(document: str, account: str) -> str:
    return _with(document, _fence(account))


def _fence(account: str) -> dict[str, Any]:
    return {
        "Sid": "RestrictPublicBuckets",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalAccount": account},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }


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


def check_document(document: str, bucket: str) -> None:
    """Raises MalformedPolicy for a policy that S3 refuses, such as invalid JSON or another bucket's resources."""
    if len(document.encode()) > MAX_POLICY:
        raise MalformedPolicy("Policy exceeds the maximum allowed document size.")
    if not document.lstrip().startswith("{"):
        raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
    try:
        parsed = documents.read_object(document)
    except documents.BadDocument:
        raise MalformedPolicy("This policy contains invalid Json")
    if parsed.get("Version") not in ("2012-10-17", "2008-10-17", None):
        raise MalformedPolicy("The policy must contain a valid version string")
    statements = parsed.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not statements or not isinstance(statements, list):
        raise MalformedPolicy("Missing required field Statement")
    for statement in statements:
        _check_statement(statement, bucket)


def _check_statement(statement: Any, bucket: str) -> None:
    if not isinstance(statement, dict):
        raise MalformedPolicy("Policy has invalid statement")
    for one, other in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")):
        if one not in statement and other not in statement:
            raise MalformedPolicy(f"Missing required field {one}")
        if one in statement and other in statement:
            raise MalformedPolicy(f"Policy has both {one} and {other}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy(f"Invalid effect: {statement.get('Effect')}")
    actions = statement.get("Action", statement.get("NotAction"))
    for action in actions if isinstance(actions, list) else [actions]:
        vendor = str(action).partition(":")[0].lower()
        if action != "*" and vendor not in ("s3", "s3-object-lambda", "s3express"):
            raise MalformedPolicy("Policy has invalid action")
    resources = statement.get("Resource", statement.get("NotResource"))
    for resource in resources if isinstance(resources, list) else [resources]:
        if resource != "*" and not _concerns(str(resource), bucket):
            raise MalformedPolicy("Policy has invalid resource")


def _concerns(resource: str, bucket: str) -> bool:
    parts = resource.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "s3":
        return False
    name = parts[5].partition("/")[0]
    return name == bucket or "*" in name or "?" in name or "${" in name
