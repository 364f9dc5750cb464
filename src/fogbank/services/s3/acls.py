"""Canned ACLs, for buckets whose Object Ownership is not BucketOwnerEnforced.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from typing import Any

from .errors import (
    AccessControlListNotSupported,
    AccessDenied,
    InvalidArgument,
    InvalidBucketAclWithObjectOwnership,
    MalformedXML,
)
from .records import Bucket
from .shapes import canonical_user, owner

ENFORCED = "BucketOwnerEnforced"
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_BUCKET_CANNED = ("private", "public-read", "public-read-write", "authenticated-read", "log-delivery-write")
_OBJECT_CANNED = (*_BUCKET_CANNED[:4], "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control")
GRANT_MEMBERS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
BLOCK_PUBLIC_ACLS, IGNORE_PUBLIC_ACLS = 0, 1


def is_public(canned: str) -> bool:
    return canned.startswith(("public-", "authenticated-"))


def check_bucket_acl(req: dict[str, Any], ownership: str) -> str:
    """Returns the canned ACL that a CreateBucket request asks for.

    Raises InvalidBucketAclWithObjectOwnership, AccessDenied.
    """
    canned: str = req.get("ACL") or "private"
    _check_canned(canned, _BUCKET_CANNED)
    granted = any(req.get(member) for member in GRANT_MEMBERS)
    if ownership == ENFORCED and (canned != "private" or granted):
        raise InvalidBucketAclWithObjectOwnership
    if is_public(canned):  # every new bucket blocks public ACLs
        raise AccessDenied
    return canned


def check_object_acl(req: dict[str, Any], bucket: Bucket) -> str:
    """Returns the canned ACL of a write. Raises AccessControlListNotSupported where the bucket has ACLs turned off."""
    canned = req.get("ACL")
    granted = any(req.get(member) for member in GRANT_MEMBERS)
    if canned is None and not granted:
        return "private"
    _check_canned(canned or "private", _OBJECT_CANNED)
    if bucket.ownership == ENFORCED:
        if canned == "bucket-owner-full-control" and not granted:
            return "private"
        raise AccessControlListNotSupported
    if is_public(canned or "") and bucket.blocked[BLOCK_PUBLIC_ACLS]:
        raise AccessDenied
    return canned or "private"


def _check_canned(canned: str, known: tuple[str, ...]) -> None:
    if canned not in known:
        raise InvalidArgument("", ArgumentName="x-amz-acl", ArgumentValue=canned)


def canned_of_policy(policy: dict[str, Any], account: str) -> str:
    """Returns the canned ACL that an AccessControlPolicy document equals.

    Raises MalformedXML for an incomplete document, InvalidArgument when no canned ACL has the same grants.
    """
    grants = policy.get("Grants")
    if not grants or not (policy.get("Owner") or {}).get("ID"):
        raise MalformedXML
    found = set()
    for grant in grants:
        grantee = grant.get("Grantee") or {}
        who = grantee.get("URI") or grantee.get("ID") or grantee.get("EmailAddress") or ""
        found.add((who, grant.get("Permission")))
    mine = (canonical_user(account), "FULL_CONTROL")
    for canned in _BUCKET_CANNED:
        wanted = {
            (g["Grantee"].get("URI") or g["Grantee"].get("ID"), g["Permission"]) for g in grants_of(canned, account)
        }
        if found == wanted or found | {mine} == wanted:
            return canned
    raise InvalidArgument("Fogbank keeps canned ACLs only: this list of grants equals none of them.")


def grants_of(canned: str, account: str) -> list[dict[str, Any]]:
    """Returns the grants of a canned ACL; the owner's grant comes first."""
    grants = [{"Grantee": {"Type": "CanonicalUser", **owner(account)}, "Permission": "FULL_CONTROL"}]
    groups = {
        "public-read": [(ALL_USERS, "READ")],
        "public-read-write": [(ALL_USERS, "READ"), (ALL_USERS, "WRITE")],
        "authenticated-read": [(AUTHENTICATED, "READ")],
        "log-delivery-write": [(LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")],
    }
    for uri, permission in groups.get(canned, []):
        grants.append({"Grantee": {"Type": "Group", "URI": uri}, "Permission": permission})
    return grants
