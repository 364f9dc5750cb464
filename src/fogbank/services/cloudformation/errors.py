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
    """The error of DescribeStacks and most other operations. Deployment tools match its text."""
    return ValidationError(f"Stack with id {name} does not exist")


def stack_missing(name: str) -> ValidationError:
    """The same error as UpdateStack, GetTemplate and the event operations word it."""
    return ValidationError(f"Stack [{name}] does not exist")


def of_nothing(physical_id: str) -> ValidationError:
    """The error of DescribeStackResources for a resource that belongs to no stack."""
    return ValidationError(f"Stack for {physical_id} does not exist")
