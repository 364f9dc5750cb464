"""The errors of EC2: AWS's codes and texts. Those of a kind of thing that is not there are in `find`.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError
from fogbank.network.errors import (
    DependencyViolation,
    InsufficientFreeAddresses,
    InvalidParameter,
    InvalidParameterCombination,
    InvalidParameterValue,
    NetworkError,
)

__all__ = [
    "DependencyViolation",
    "InsufficientFreeAddresses",
    "InvalidParameter",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "NetworkError",
]


class DryRunOperation(ServiceError):
    code = "DryRunOperation"
    status = 412
    default = "Request would have succeeded, but DryRun flag is set."


class MissingParameter(ServiceError):
    code = "MissingParameter"

    @classmethod
    def of(cls, name: str) -> MissingParameter:
        return cls(f"The request must contain the parameter {name}")


class FilterLimitExceeded(ServiceError):
    code = "FilterLimitExceeded"
    default = "The maximum number of filter values specified on a single call is 200"


class TagLimitExceeded(ServiceError):
    code = "TagLimitExceeded"
    default = "More than 50 tags specified"


class OperationNotPermitted(ServiceError):
    code = "OperationNotPermitted"


class IncorrectState(ServiceError):
    code = "IncorrectState"


class UnsupportedOperation(ServiceError):
    code = "UnsupportedOperation"
