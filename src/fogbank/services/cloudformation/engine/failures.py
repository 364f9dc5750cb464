"""The texts of failures in a stack's events."""

from __future__ import annotations

from fogbank.core.cfn import ResourceFailed
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, NotBuilt, ServiceError, Throttling

from ..template.errors import TemplateError


def reason_of(ctx: Context, error: Exception, kind: str, logical_id: str) -> str:
    """The ResourceStatusReason for an exception that a handler raised.

    `Resource handler returned message: "… (Service: …, Status Code: …, Request ID: …)" (RequestToken: …,
    HandlerErrorCode: …)` is the form that AWS's registry types use. An unexpected exception is a bug of ours and
    becomes "Internal Failure".
    """
    match error:
        case TemplateError():
            return error.message
        case NotBuilt():
            return f"{error.message} (needed by {kind} {logical_id})"
        case ServiceError():
            word = kind.split("::")[1] if kind.count("::") >= 2 else kind
            name = word if len(word) > 3 else word.capitalize()
            return (
                f'Resource handler returned message: "{error.message} (Service: {name}, Status Code: {error.status}, '
                f'Request ID: {ctx.ids.uuid()})" (RequestToken: {ctx.ids.uuid()}, HandlerErrorCode: '
                f"{handler_code(error)})"
            )
        case ResourceFailed():
            return str(error)
        case KeyError():
            return (
                f"Properties validation failed for resource {logical_id} with message: #: required key "
                f"[{error.args[0]}] not found"
            )
    return "Internal Failure"


def not_updatable(kind: str, names: list[str]) -> str:
    """The reason for a change that the type does not allow. NotUpdatable is the registry's code; text not confirmed.

    https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
    """
    return (
        f'Resource handler returned message: "The properties [{", ".join(names)}] of {kind} cannot be changed." '
        "(HandlerErrorCode: NotUpdatable)"
    )


def handler_code(error: ServiceError) -> str:
    """The registry's error code for an AWS error.

    https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
    """
    code = error.code
    if isinstance(error, AccessDenied) or "AccessDenied" in code or code == "UnauthorizedOperation":
        return "AccessDenied"
    if isinstance(error, Throttling) or "Throttl" in code:
        return "Throttling"
    if "AlreadyExist" in code or code.endswith(("InUse", "InUseException", "AlreadyOwnedByYou", "Duplicate")):
        return "AlreadyExists"
    if "NotFound" in code or code.startswith("NoSuch") or "NonExistent" in code:
        return "NotFound"
    if "LimitExceeded" in code or code.startswith("TooMany"):
        return "ServiceLimitExceeded"
    if "Conflict" in code:
        return "ResourceConflict"
    if error.status >= 500:
        return "ServiceInternalError"
    if "Valid" in code or "Invalid" in code or "Malformed" in code:
        return "InvalidRequest"
    return "GeneralServiceException"
