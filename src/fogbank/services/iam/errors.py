"""The errors of IAM: codes and statuses as its model has them, texts as its users report them."""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class NoSuchEntity(ServiceError):
    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExists(ServiceError):
    code = "EntityAlreadyExists"
    status = 409


class DeleteConflict(ServiceError):
    code = "DeleteConflict"
    status = 409


class LimitExceeded(ServiceError):
    code = "LimitExceeded"
    status = 409


class MalformedPolicyDocument(ServiceError):
    code = "MalformedPolicyDocument"


class InvalidInput(ServiceError):
    code = "InvalidInput"


class PolicyNotAttachable(ServiceError):
    code = "PolicyNotAttachable"


class UnmodifiableEntity(ServiceError):
    code = "UnmodifiableEntity"


class PasswordPolicyViolation(ServiceError):
    code = "PasswordPolicyViolation"
    default = "Password does not conform to the account password policy."


class InvalidUserType(ServiceError):
    code = "InvalidUserType"
    default = "Only IAM Users can change their own password"
