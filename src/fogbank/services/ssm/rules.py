"""Pure rules: names, values, selectors, labels.

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

_NAME = re.compile(r"/?[a-zA-Z0-9_.\-]+(/[a-zA-Z0-9_.\-]+)*")
_LABEL = re.compile(r"(?!aws|ssm|[0-9])[a-zA-Z0-9_.\-]{1,100}", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]{1,18}")
MAX_VERSIONS = 100
MAX_LABELS = 10
STANDARD_BYTES = 4096
ADVANCED_BYTES = 8192
LONGEST_ARN = 1011
UPGRADE = (
    " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more "
    "information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "parameter-store-advanced-parameters.html"
)


def check_form(name: str) -> None:
    """Raise the error of every operation that takes a name, for one that no parameter can have."""
    if not _NAME.fullmatch(name) or ("/" in name and not name.startswith("/")) or _first(name).startswith("ssm"):
        raise ValidationError(
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )


def check_name(name: str, arn: str) -> None:
    """Raise PutParameter's error for a name that it does not accept."""
    if "/" in name and not name.startswith("/") and _NAME.fullmatch(name):
        raise ValidationError("Parameter name must be a fully qualified name.")
    check_not_reserved(name)
    check_form(name)
    if name.count("/") > 15:
        raise HierarchyLevelLimitExceededException(
            "Hierarchies can have a maximum of 15 levels. For more information, see Requirements and constraints for "
            "parameter names in the AWS Systems Manager User Guide."
        )
    if len(arn) > LONGEST_ARN:  # the ARN counts; the text is not confirmed
        raise ValidationError(
            f"The parameter name is too long: a parameter's ARN has at most {LONGEST_ARN} characters."
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


def check_path(path: str) -> None:
    """Raise GetParametersByPath's error for a path that it does not accept."""
    if not path.startswith("/"):
        raise ValidationError(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, '
            "numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not "
            'allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: '
            "/get/parameters2-/by1./path0_."
        )


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


def is_label(text: str) -> bool:
    """Whether a version can have this label.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
    """
    return _LABEL.fullmatch(text) is not None


def _allowed(pattern: str, value: str) -> bool:
    try:
        return regexes.compile(pattern).fullmatch(value)
    except (regexes.BadPattern, regexes.TooCostly) as error:  # AWS's text could not be confirmed
        raise InvalidAllowedPatternException(f"The allowedPattern is not a valid regular expression: {error}") from None


def under(path: str, name: str, recursive: bool) -> bool:
    """Whether a parameter lies under a path, directly or (recursive) at any depth. `a` lies under the root."""
    prefix = path.rstrip("/") + "/"
    full = name if name.startswith("/") else f"/{name}"
    return full.startswith(prefix) and (recursive or "/" not in full[len(prefix) :])
