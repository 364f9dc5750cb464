"""The condition keys of ACM's actions.

https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.conditions import Asked, Keys, member

from .records import Certificate


def _names(asked: Asked) -> list[str] | None:
    domain = asked.request.get("DomainName")
    return [domain, *(asked.request.get("SubjectAlternativeNames") or ())] if domain else None


def _export(asked: Asked) -> Any:
    if isinstance(asked.record, Certificate):
        return asked.record.options.get("Export")
    return (asked.request.get("Options") or {}).get("Export")


KEYS = Keys(
    "acm",
    {
        "acm:CertificateAuthority": member("CertificateAuthorityArn"),
        "acm:CertificateTransparencyLogging": member("Options", "CertificateTransparencyLoggingPreference"),
        "acm:DomainNames": _names,
        "acm:Export": _export,
        "acm:KeyAlgorithm": lambda asked: asked.request.get("KeyAlgorithm") or "RSA_2048",
        "acm:ValidationMethod": member("ValidationMethod"),
    },
)
