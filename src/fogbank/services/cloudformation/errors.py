"""The errors CloudFormation answers with.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError, ValidationError


class AlreadyExists(ServiceError):
    code = "AlreadyExistsException"


class InsufficientCapabilities(ServiceError):
    code = "InsufficientCapabilitiesException"


class ChangeSetNotFound(ServiceError):
    code = "ChangeSetNotFound"
    status = 404


class InvalidChangeSetStatus(ServiceError):
    code = "InvalidChangeSetStatus"


class TokenAlreadyExists(ServiceError):
    code = "TokenAlreadyExistsException"


class LimitExceeded(ServiceError):
    code = "LimitExceededException"


def no_stack(name: str) -> ValidationError:
    """DescribeStacks and most others; deploy tools read this text."""
    return ValidationError(f"Stack with id {name} does not exist")


def stack_missing(name: str) -> ValidationError:
    """UpdateStack, GetTemplate's and the events' way to say it."""
    return ValidationError(f"Stack [{name}] does not exist")


def of_nothing(physical_id: str) -> ValidationError:
    """DescribeStackResources, of a resource that belongs to no stack."""
    return ValidationError(f"Stack for {physical_id} does not exist")
