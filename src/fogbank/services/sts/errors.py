"""The errors of STS: codes and statuses as its model has them."""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class MalformedPolicyDocument(ServiceError):
    code = "MalformedPolicyDocument"


class PackedPolicyTooLarge(ServiceError):
    code = "PackedPolicyTooLarge"
