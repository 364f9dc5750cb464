"""How a template is refused. AWS answers all of these with the code ValidationError."""

from __future__ import annotations

from fogbank.core.errors import ValidationError


class TemplateError(ValidationError):
    """A template, or a value in it, that CloudFormation refuses."""


def format_error(message: str) -> TemplateError:
    """`Template format error: …`, AWS's prefix for mistakes of structure."""
    return TemplateError(f"Template format error: {message}")


def template_error(message: str) -> TemplateError:
    """`Template error: …`, AWS's prefix for mistakes in intrinsic functions."""
    return TemplateError(f"Template error: {message}")
