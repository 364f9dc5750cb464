"""Turns certificates into the structures of responses. Members that are not set are absent."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from . import pem
from .find import arn_of
from .records import Certificate
from .validation import record

_MAILBOXES = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")


def _dates(of: Certificate) -> dict[str, Any]:
    dates = {
        "CreatedAt": of.created if of.type != "IMPORTED" else 0.0,
        "IssuedAt": of.issued,
        "ImportedAt": of.imported,
        "RevokedAt": of.revoked,
        "NotBefore": of.begins,
        "NotAfter": of.ends,
    }
    return {member: at for member, at in dates.items() if at}


def detail(ctx: Context, of: Certificate, users: list[str], eligible: bool) -> dict[str, Any]:
    """A `CertificateDetail`."""
    shown: dict[str, Any] = {
        "CertificateArn": arn_of(ctx, of),
        "DomainName": of.domain,
        "SubjectAlternativeNames": of.names,
        "Subject": f"CN={of.domain}",
        "Status": of.status,
        "KeyAlgorithm": of.algorithm.replace("_", "-") if of.algorithm.startswith("RSA") else of.algorithm,
        "InUseBy": users,
        "Type": of.type,
        "RenewalEligibility": "ELIGIBLE" if eligible else "INELIGIBLE",
        "Options": {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED", **of.options},
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
        **_dates(of),
    }
    if of.type == "AMAZON_ISSUED":
        shown["DomainValidationOptions"] = validations(ctx, of)
        shown["Issuer"] = "Amazon"
    if of.body:
        found = pem.facts(of.body)
        shown |= {"Serial": found.serial, "Issuer": found.issuer, "SignatureAlgorithm": found.signature,
                  "KeyUsages": [{"Name": name} for name in found.usages], "ExtendedKeyUsages": found.extended,
                  "Subject": found.subject}  # fmt: skip
    if of.renewed:
        shown["RenewalSummary"] = {"RenewalStatus": "SUCCESS", "DomainValidationOptions": validations(ctx, of),
                                   "UpdatedAt": of.renewed}  # fmt: skip
    if of.reason:
        shown["RevocationReason"] = of.reason
    return shown


def validations(ctx: Context, of: Certificate) -> list[dict[str, Any]]:
    """`DomainValidationOptions`: the record to make, or the addresses that were written to."""
    status = {"PENDING_VALIDATION": "PENDING_VALIDATION", "VALIDATION_TIMED_OUT": "FAILED"}.get(of.status, "SUCCESS")
    found = []
    for name in of.names:
        each: dict[str, Any] = {"DomainName": name, "ValidationStatus": status, "ValidationMethod": of.method,
                                "ValidationDomain": of.mail_domains.get(name, name)}  # fmt: skip
        if of.method == "DNS":
            each["ResourceRecord"] = record(ctx, name)
        else:
            domain = of.mail_domains.get(name, name).removeprefix("*.")
            each["ValidationEmails"] = [f"{mailbox}@{domain}" for mailbox in _MAILBOXES]
        found.append(each)
    return found


def summary(ctx: Context, of: Certificate, users: list[str], eligible: bool) -> dict[str, Any]:
    """A `CertificateSummary`."""
    found = pem.facts(of.body) if of.body else None
    return {
        "CertificateArn": arn_of(ctx, of),
        "DomainName": of.domain,
        "SubjectAlternativeNameSummaries": of.names[:100],
        "HasAdditionalSubjectAlternativeNames": len(of.names) > 100,
        "Status": of.status,
        "Type": of.type,
        "KeyAlgorithm": of.algorithm.replace("_", "-") if of.algorithm.startswith("RSA") else of.algorithm,
        "KeyUsages": found.usages if found else [],
        "ExtendedKeyUsages": [each["Name"] for each in found.extended] if found else [],
        "ExportOption": of.options.get("Export", "DISABLED"),
        "InUse": bool(users),
        "Exported": of.exported,
        "RenewalEligibility": "ELIGIBLE" if eligible else "INELIGIBLE",
        **_dates(of),
    }
