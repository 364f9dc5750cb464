"""The errors of STS, with codes and statuses from its model."""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class MalformedPolicyDocument(ServiceError):
    code = "MalformedPolicyDocument"


class PackedPolicyTooLarge(ServiceError):
    code = "PackedPolicyTooLarge"
