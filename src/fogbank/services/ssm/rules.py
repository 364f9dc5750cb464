"""Pure rules: names, values, selectors.

Names: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
"""

from __future__ import annotations

import re

from fogbank.core import regexes
from fogbank.core.errors import AccessDenied, ValidationError

from .errors import (
    HierarchyLevelLimitExceededException,
    InvalidAllowedPatternException,
    ParameterPatternMismatchException,
)

_NAME = re.compile(r"[a-zA-Z0-9_.\-/]+")
_VERSION = re.compile(r"[0-9]{1,18}")
MAX_VERSIONS = 100
STANDARD_BYTES = 4096
ADVANCED_BYTES = 8192
UPGRADE = (
    " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more "
    "information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "parameter-store-advanced-parameters.html"
)


def check_name(name: str) -> None:
    """Raise PutParameter's error for a name that it does not accept."""
    if not _NAME.fullmatch(name):
        raise ValidationError(
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )
    check_not_reserved(name)
    if _first(name).startswith("ssm"):
        raise ValidationError(
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )
    if "/" in name and not name.startswith("/"):
        raise ValidationError("Parameter name must be a fully qualified name.")
    if name.count("/") > 15:
        raise HierarchyLevelLimitExceededException(
            "Hierarchies can have a maximum of 15 levels. For more information, see Requirements and constraints for "
            "parameter names in the AWS Systems Manager User Guide."
        )


def check_not_reserved(name: str) -> None:
    """Raise AWS's error for putting or deleting one of its reserved parameters.

    The texts are as users saw them: https://github.com/aws-solutions/quota-monitor-for-aws/issues/30,
    https://github.com/awslabs/aws-deployment-framework/issues/119.
    """
    if _first(name).startswith("aws"):
        raise AccessDenied(f"No access to reserved parameter name: {name.strip('/')}.")


def _first(name: str) -> str:
    return name.strip("/").split("/")[0].lower()


def check_value(value: str, tier: str, allowed_pattern: str) -> None:
    """Check the size by tier, and the parameter's own pattern (full match)."""
    standard = tier == "Standard"
    limit = STANDARD_BYTES if standard else ADVANCED_BYTES
    if len(value.encode()) > limit:
        text = f"{tier} tier parameters support a maximum parameter value of {limit} characters."
        raise ValidationError(text + UPGRADE if standard else text)
    if allowed_pattern and not _allowed(allowed_pattern, value):
        raise ParameterPatternMismatchException(
            f"Parameter value, cannot be validated against allowedPattern: {allowed_pattern}"
        )


def version(selector: str) -> int | None:
    """The number of `name:3`; None for a label, which cannot begin with a digit."""
    return int(selector) if _VERSION.fullmatch(selector) else None


def _allowed(pattern: str, value: str) -> bool:
    try:
        return regexes.compile(pattern).fullmatch(value)
    except (regexes.BadPattern, regexes.TooCostly) as error:  # AWS's text could not be confirmed
        raise InvalidAllowedPatternException(f"The allowedPattern is not a valid regular expression: {error}") from None


def under(path: str, name: str, recursive: bool) -> bool:
    """Whether a parameter lies under a path, directly or (recursive) at any depth."""
    prefix = path.rstrip("/") + "/"
    return name.startswith(prefix) and (recursive or "/" not in name[len(prefix) :])
