"""The errors of virtual networks, as EC2 words them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class NetworkError(ServiceError):
    """An error with a code of its own: EC2 has one for each kind of thing and each thing that can be wrong with it."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class InvalidParameterValue(ServiceError):
    code = "InvalidParameterValue"


class InvalidParameter(ServiceError):
    code = "InvalidParameter"


class InvalidParameterCombination(ServiceError):
    code = "InvalidParameterCombination"


class DependencyViolation(ServiceError):
    code = "DependencyViolation"


class InsufficientFreeAddresses(ServiceError):
    code = "InsufficientFreeAddressesInSubnet"
    default = "The specified subnet does not have enough free addresses to satisfy the request."
