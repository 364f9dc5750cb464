"""Certificates: request, import, show, list, export, renew, revoke, delete.

https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core import lists, tags
from fogbank.core.context import Context
from fogbank.core.errors import NotBuilt
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import pem, shapes
from ..errors import (
    InvalidArgsException,
    InvalidDomainValidationOptionsException,
    InvalidParameterException,
    InvalidStateException,
    LimitExceededException,
    RequestInProgressException,
    ResourceInUseException,
    ValidationException,
)
from ..find import CERTIFICATE, arn_of, by_arn, imported, requested
from ..records import CERTIFICATES, Certificate
from ..validation import WATCH, approve, eligible, users, watch
from .tags import checked

Request = dict[str, Any]
NAMES, REQUESTED, IMPORTED = "L-FB94F0B0", "L-F141DD1D", "L-D2CB7DE9"  # codes of quotas
HOUR = 3600.0


@operation("acm", "RequestCertificate", resource=requested)
def request_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """Request a certificate, which is pending until its domains are validated."""
    if req.get("CertificateAuthorityArn"):
        raise NotBuilt("acm-pca", "IssueCertificate")
    names = list(
        dict.fromkeys(name.lower() for name in (req["DomainName"], *(req.get("SubjectAlternativeNames") or ())))
    )
    method = req.get("ValidationMethod") or "EMAIL"
    if method == "HTTP":
        raise InvalidParameterException("HTTP validation is only for certificates that CloudFront manages.")
    with ctx.write() as tx:
        again = _same(tx, ctx, req)
        if again is not None:
            return {"CertificateArn": arn_of(ctx, again)}
        if len(names) > ctx.quota("acm", NAMES, tx):
            raise LimitExceededException("The certificate has more names than a certificate can have.")
        _refuse_more(tx, ctx, REQUESTED)
        certificate = Certificate(
            account=ctx.account, region=ctx.region, id=ctx.ids.uuid(), created=ctx.now(), domain=names[0], names=names,
            method=method, algorithm=req.get("KeyAlgorithm") or "RSA_2048", options=dict(req.get("Options") or {}),
            token=req.get("IdempotencyToken") or "", asked=ctx.now(), mail_domains=_mail_domains(req, names),
            tags=checked(tags.from_list(req.get("Tags"))),
        )  # fmt: skip
        watch(tx, ctx, certificate)
    return {"CertificateArn": arn_of(ctx, certificate)}


def _same(tx: Reader, ctx: Context, req: Request) -> Certificate | None:
    """The certificate that the same request made within the last hour: "if you call RequestCertificate multiple times
    with the same idempotency token within one hour, ACM recognizes that you are requesting only one certificate".
    """
    token = req.get("IdempotencyToken")
    if not token:
        return None
    found = tx.scan(CERTIFICATES, (ctx.account, ctx.region))
    fresh = (each for each in found if each.token == token and ctx.now() - each.asked <= HOUR)
    return next((each for each in fresh if each.domain == req["DomainName"].lower()), None)


def _mail_domains(req: Request, names: list[str]) -> dict[str, str]:
    """The domains that mail is sent to: each is the name itself, or above it."""
    found = {
        each["DomainName"].lower(): each["ValidationDomain"].lower()
        for each in req.get("DomainValidationOptions") or ()
    }
    for name, domain in found.items():
        if name not in names or not (name == domain or name.endswith(f".{domain}")):
            raise InvalidDomainValidationOptionsException(
                f"The validation domain {domain} is not {name} or a domain above it."  # not confirmed
            )
    return found


def _refuse_more(tx: Reader, ctx: Context, code: str) -> None:
    if quotas.reached(tx, ctx, "acm", code, CERTIFICATES, (ctx.account, ctx.region)) is not None:
        raise LimitExceededException("Error: you have reached your limit of certificates.")  # not confirmed


@operation("acm", "ImportCertificate", resource=imported)
def import_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """Import a certificate with its private key and chain, or replace one that was imported."""
    chain = req.get("CertificateChain")
    found = pem.checked(req["Certificate"], req["PrivateKey"], chain, ctx.now())
    if not found.names:
        raise ValidationException("The certificate has no domain name.")
    with ctx.write() as tx:
        if req.get("CertificateArn"):
            certificate = _replaced(tx, ctx, req)
        else:
            _refuse_more(tx, ctx, IMPORTED)
            certificate = Certificate(
                account=ctx.account, region=ctx.region, id=ctx.ids.uuid(), created=ctx.now(), domain="", names=[],
                tags=checked(tags.from_list(req.get("Tags"))),
            )  # fmt: skip
        certificate.type, certificate.status, certificate.imported = "IMPORTED", "ISSUED", ctx.now()
        certificate.domain, certificate.names = found.names[0], found.names
        certificate.algorithm, certificate.begins, certificate.ends = found.algorithm, found.begins, found.ends
        certificate.body, certificate.key = req["Certificate"].decode(), req["PrivateKey"].decode()
        certificate.chain = chain.decode() if chain else ""
        watch(tx, ctx, certificate)
    return {"CertificateArn": arn_of(ctx, certificate)}


def _replaced(tx: Reader, ctx: Context, req: Request) -> Certificate:
    """https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html"""
    certificate = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
    if certificate.type != "IMPORTED":
        raise ValidationException("Only imported certificates can be imported again.")  # not confirmed
    if req.get("Tags"):
        raise InvalidParameterException("Tagging is not permitted on re-import.")
    return certificate


@operation("acm", "DescribeCertificate", resource=by_arn)
def describe_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """All but the certificate itself."""
    with ctx.read() as tx:
        found = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
        return {"Certificate": shapes.detail(ctx, found, users(tx, ctx, found), eligible(tx, ctx, found))}


@operation("acm", "ListCertificates", resource="*")
def list_certificates(ctx: Context, req: Request) -> dict[str, Any]:
    """The certificates that pass the filters. Without one for key types, those with RSA keys of 1024 and 2048 bits:
    "By default, the operation only returns RSA_1024 and RSA_2048 certificates": API_Filters
    """
    filters = req.get("Includes") or {}
    statuses, types = req.get("CertificateStatuses"), filters.get("keyTypes") or ["RSA_1024", "RSA_2048"]
    with ctx.read() as tx:
        found = []
        for each in tx.scan(CERTIFICATES, (ctx.account, ctx.region)):
            told = pem.facts(each.body) if each.body else None
            if (
                (not statuses or each.status in statuses)
                and each.algorithm in types
                and filters.get("exportOption") in (None, each.options.get("Export", "DISABLED"))
                and not filters.get("managedBy")
                and _has(filters.get("keyUsage"), told.usages if told else [])
                and _has(filters.get("extendedKeyUsage"), [use["Name"] for use in told.extended] if told else [])
            ):
                found.append((each, shapes.summary(ctx, each, users(tx, ctx, each), eligible(tx, ctx, each))))
    down = req.get("SortBy") == "CREATED_AT" and req.get("SortOrder") == "DESCENDING"
    sign = -1 if down else 1
    found.sort(key=lambda pair: (sign * pair[0].created, pair[0].id))
    return lists.page(ctx, req, found, key=lambda pair: (sign * pair[0].created, pair[0].id), size=1000,
                      shape=lambda pair: pair[1], scope=f"{statuses}{types}{down}",
                      refused=lambda: InvalidArgsException("The NextToken is not valid."))  # fmt: skip


def _has(wanted: list[str] | None, held: list[str]) -> bool:
    return not wanted or "ANY" in wanted or all(each in held for each in wanted)


def _issued(tx: Reader, ctx: Context, req: Request) -> Certificate:
    """A certificate that has been issued; the text is AWS's."""
    certificate = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
    if not certificate.body:
        raise RequestInProgressException(f"Certificate {arn_of(ctx, certificate)} is still pending validation.")
    return certificate


@operation("acm", "GetCertificate", resource=by_arn)
def get_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """The certificate and its chain."""
    with ctx.read() as tx:
        found = _issued(tx, ctx, req)
    return {"Certificate": found.body, **({"CertificateChain": found.chain} if found.chain else {})}


@operation("acm", "ExportCertificate", resource=by_arn)
def export_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """A certificate that may be exported, with its private key, which the passphrase encrypts."""
    with ctx.write() as tx:
        found = _issued(tx, ctx, req)
        if found.type != "AMAZON_ISSUED" or found.options.get("Export") != "ENABLED":
            raise ValidationException(f"Certificate ARN: {arn_of(ctx, found)} is not a private certificate")
        found.exported = True
        tx.put(CERTIFICATES, found)
    key = pem.encrypted(found.key, req["Passphrase"])
    return {"Certificate": found.body, "CertificateChain": found.chain, "PrivateKey": key}


@operation("acm", "RenewCertificate", resource=by_arn)
async def renew_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """Renew a certificate that is eligible, now."""

    def find(tx: Reader) -> Certificate:
        found = _issued(tx, ctx, req)
        if found.status != "ISSUED" or not eligible(tx, ctx, found):
            raise ValidationException(f"Certificate {arn_of(ctx, found)} is not eligible for renewal.")  # not confirmed
        return found

    await approve(ctx, CERTIFICATES.key(await ctx.fetch(find)))
    return {}


@operation("acm", "RevokeCertificate", resource=by_arn)
def revoke_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """Revoke a certificate that was exported: "you can only revoke public certificates that have been previously
    exported": API_RevokeCertificate
    """
    with ctx.write() as tx:
        found = _issued(tx, ctx, req)
        _refuse_used(tx, ctx, found)
        if not found.exported:
            raise ValidationException("Only certificates that were exported can be revoked.")  # not confirmed
        found.status, found.revoked, found.reason = "REVOKED", ctx.now(), req["RevocationReason"]
        watch(tx, ctx, found)
    return {"CertificateArn": arn_of(ctx, found)}


def _refuse_used(tx: Reader, ctx: Context, certificate: Certificate) -> None:
    if users(tx, ctx, certificate):
        raise ResourceInUseException(f"Certificate {arn_of(ctx, certificate)} in account {ctx.account} is in use.")


@operation("acm", "DeleteCertificate", resource=by_arn)
def delete_certificate(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a certificate that nothing uses."""
    with ctx.write() as tx:
        found = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
        _refuse_used(tx, ctx, found)
        tx.delete(CERTIFICATES, CERTIFICATES.key(found))
        ctx.leave(tx, WATCH, found.id)
    return {}


@operation("acm", "UpdateCertificateOptions", resource=by_arn)
def update_certificate_options(ctx: Context, req: Request) -> dict[str, Any]:
    """Change the options of a certificate that ACM issued."""
    with ctx.write() as tx:
        found = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
        if found.type != "AMAZON_ISSUED" or found.status not in ("ISSUED", "PENDING_VALIDATION"):
            raise InvalidStateException("The options of this certificate cannot be changed.")  # not confirmed
        found.options = found.options | req["Options"]
        tx.put(CERTIFICATES, found)
    return {}


@operation("acm", "ResendValidationEmail", resource=by_arn, fidelity="recorded")
def resend_validation_email(ctx: Context, req: Request) -> dict[str, Any]:
    """Check the request. No mail is sent."""
    with ctx.write() as tx:
        found = CERTIFICATE.require(tx, ctx, req["CertificateArn"])
        if found.method != "EMAIL" or found.status != "PENDING_VALIDATION":
            raise InvalidStateException("The certificate is not waiting for validation by email.")  # not confirmed
        domain, name = req["ValidationDomain"].lower(), req["Domain"].lower()
        found.mail_domains = found.mail_domains | _mail_domains(
            {"DomainValidationOptions": [{"DomainName": name, "ValidationDomain": domain}]}, found.names
        )
        tx.put(CERTIFICATES, found)
    return {}
