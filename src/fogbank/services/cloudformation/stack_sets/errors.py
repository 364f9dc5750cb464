"""The errors of operations on stack sets."""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class StackSetNotFound(ServiceError):
    code = "StackSetNotFoundException"
    status = 404


class NameAlreadyExists(ServiceError):
    code = "NameAlreadyExistsException"
    status = 409


class StackSetNotEmpty(ServiceError):
    code = "StackSetNotEmptyException"
    status = 409
    default = "StackSet is not empty"


class OperationInProgress(ServiceError):
    code = "OperationInProgressException"
    status = 409


class OperationIdAlreadyExists(ServiceError):
    code = "OperationIdAlreadyExistsException"
    status = 409


class OperationNotFound(ServiceError):
    code = "OperationNotFoundException"
    status = 404


class InvalidOperation(ServiceError):
    code = "InvalidOperationException"


class StackInstanceNotFound(ServiceError):
    code = "StackInstanceNotFoundException"
    status = 404
