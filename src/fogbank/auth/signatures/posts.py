"""The signed policy of a browser's POST upload to S3, in both signature versions.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from hmac import compare_digest, digest
from typing import Any

import msgspec

from fogbank.core.errors import AccessDenied, CommonError

from .claims import ALGORITHM, ALGORITHM_4A
from .errors import AuthorizationQueryParameters, InvalidArgument, S3SignatureDoesNotMatch, UnsupportedSignature
from .keys import derive, epoch_of_date
from .sigv2 import sign


class InvalidPolicyDocument(CommonError):
    """The form's policy is no base64 JSON document, or breaks its grammar."""

    code = "InvalidPolicyDocument"
    status = 400


def policy_access_key(fields: Mapping[str, str]) -> str | None:
    """The access key id that a form (its field names in lower case) claims, or None for an unsigned form."""
    credential = fields.get("x-amz-credential")
    if credential is not None:
        return credential.split("/", 1)[0]
    return fields.get("awsaccesskeyid")


def verify_policy(fields: Mapping[str, str], secret: str, now: float) -> dict[str, Any]:
    """The form's policy document, after checking its signature and expiration.

    `fields` are the form's, with names in lower case. S3 checks the conditions. Raises S3SignatureDoesNotMatch,
    AccessDenied, InvalidArgument, InvalidPolicyDocument, UnsupportedSignature.
    """
    encoded = fields.get("policy", "")
    if not encoded:
        raise InvalidArgument(
            "Bucket POST must contain a field named 'policy'.  If it is specified, please check the order of the "
            "fields.",
            ArgumentName="policy",
            ArgumentValue="",
        )
    if "x-amz-signature" in fields or "x-amz-credential" in fields:
        _check_version_4(fields, encoded, secret)
    else:
        given = fields.get("signature", "")
        if not compare_digest(sign(secret, encoded), given.encode("latin-1", "replace")):
            raise _mismatch(fields.get("awsaccesskeyid", ""), encoded, given)
    return _unexpired(encoded, now)


def _check_version_4(fields: Mapping[str, str], encoded: str, secret: str) -> None:
    algorithm = fields.get("x-amz-algorithm", "")
    if algorithm == ALGORITHM_4A:
        raise UnsupportedSignature
    if algorithm != ALGORITHM:
        raise InvalidArgument(
            f'X-Amz-Algorithm only supports "{ALGORITHM}"', ArgumentName="X-Amz-Algorithm", ArgumentValue=algorithm
        )
    parts = fields.get("x-amz-credential", "").split("/")
    given = fields.get("x-amz-signature", "")
    if len(parts) != 5 or parts[3] != "s3" or parts[4] != "aws4_request":
        raise AuthorizationQueryParameters(
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
        )
    key_id, date, region, service, _ = parts
    try:
        epoch_of_date(date)
    except ValueError:
        raise AuthorizationQueryParameters(
            f'Error parsing the X-Amz-Credential parameter; incorrect date format "{date}". This date in the '
            'credential must be in the format "yyyyMMdd".'
        )
    if not fields.get("x-amz-date", "").startswith(date):
        raise AuthorizationQueryParameters(
            f'Error parsing the X-Amz-Credential parameter; Invalid credential date "{date}". This date is not the '
            f'same as X-Amz-Date: "{fields.get("x-amz-date", "")[:8]}".'
        )
    expected = digest(derive(secret, date, region, service), encoded.encode("latin-1", "replace"), "sha256").hex()
    if not compare_digest(expected.encode(), given.encode("latin-1", "replace")):
        raise _mismatch(key_id, encoded, given)


def _mismatch(key_id: str, encoded: str, given: str) -> S3SignatureDoesNotMatch:
    return S3SignatureDoesNotMatch(
        AWSAccessKeyId=key_id,
        StringToSign=encoded,
        SignatureProvided=given,
        StringToSignBytes=encoded.encode("latin-1", "replace").hex(" "),
    )


def _unexpired(encoded: str, now: float) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(b64decode(encoded, validate=False))
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        raise InvalidPolicyDocument("Invalid Policy: Invalid JSON.")
    if not isinstance(document, dict):
        raise InvalidPolicyDocument("Invalid Policy: Invalid JSON.")
    expiration = document.get("expiration")
    if not isinstance(expiration, str):
        raise InvalidPolicyDocument("Invalid Policy: Policy missing expiration.")
    if not isinstance(document.get("conditions"), list):
        raise InvalidPolicyDocument("Invalid Policy: Policy missing conditions.")
    try:
        ends = datetime.fromisoformat(expiration.replace("Z", "+00:00"))
    except ValueError:
        raise InvalidPolicyDocument(f"Invalid Policy: Invalid 'expiration' value: '{expiration}'.")
    if ends.tzinfo is None:
        ends = ends.replace(tzinfo=UTC)
    if ends.timestamp() <= now:
        raise AccessDenied("Invalid according to Policy: Policy expired.")
    return document
