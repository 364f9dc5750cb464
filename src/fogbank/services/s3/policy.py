"""Bucket policies: the policy that authorization evaluates, and the check of new ones.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.auth.policy.public import is_public
from fogbank.core import documents
from fogbank.store.api import Reader

from .errors import MalformedPolicy
from .records import CONFIGS, OBJECTS, Bucket

_IGNORE_ACLS, RESTRICT = 1, 3  # indexes of IgnorePublicAcls, RestrictPublicBuckets in Bucket.blocked
MAX_POLICY = 20 * 1024


def policy_of(tx: Reader, bucket: Bucket, key: str | None) -> str | None:
    """Returns the policy that authorization evaluates for a bucket, or for a key in it.

    With RestrictPublicBuckets, a public policy only allows the bucket's own account and AWS services. ACLs become
    additional statements.
    """
    document: str | None = None
    if bucket.has_policy:
        config = tx.get(CONFIGS, (bucket.name, "policy", ""))
        document = config.value if config is not None else None
        if document is not None and bucket.blocked[RESTRICT] and is_public(document):
            document = _restricted(document, bucket.account)
    if not by_bucket_alone(bucket):
        granted = _granted(tx, bucket, key)
        if granted is not None:
            document = _with(document, granted)
    return document


def by_bucket_alone(bucket: Bucket) -> bool:
    """Returns whether no ACL applies, so that one policy is valid for all keys."""
    return bucket.ownership == "BucketOwnerEnforced" or bucket.blocked[_IGNORE_ACLS]


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
