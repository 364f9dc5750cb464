"""The errors of Cloud Control API.

https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class TypeNotFound(ServiceError):
    code = "TypeNotFoundException"


class ResourceNotFound(ServiceError):
    code = "ResourceNotFoundException"


class UnsupportedAction(ServiceError):
    code = "UnsupportedActionException"


class InvalidRequest(ServiceError):
    code = "InvalidRequestException"


class RequestTokenNotFound(ServiceError):
    code = "RequestTokenNotFoundException"


class ClientTokenConflict(ServiceError):
    code = "ClientTokenConflictException"


class ConcurrentOperation(ServiceError):
    code = "ConcurrentOperationException"


class ConcurrentModification(ServiceError):
    code = "ConcurrentModificationException"
