"""The errors of refused templates. AWS's code for all of them is ValidationError."""

from __future__ import annotations

from fogbank.core.errors import ValidationError


class TemplateError(ValidationError):
    """CloudFormation refuses a template or a value in it."""


def format_error(message: str) -> TemplateError:
    """An error with AWS's prefix for mistakes in the structure: `Template format error: …`."""
    return TemplateError(f"Template format error: {message}")


def template_error(message: str) -> TemplateError:
    """An error with AWS's prefix for mistakes in intrinsic functions: `Template error: …`."""
    return TemplateError(f"Template error: {message}")
