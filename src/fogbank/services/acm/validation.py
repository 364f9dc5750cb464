"""Validation of domains, issuance, renewal and expiry.

https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html

One resident for each certificate waits for what comes next: 72 hours after the request it times out, before its end it
is renewed if it is in use, and at its end it expires.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from fogbank.apis.domains import DOMAINS
from fogbank.core.context import Context
from fogbank.core.residents import resident
from fogbank.network import zones
from fogbank.store.api import Key, Reader, Transaction

from . import pem
from .find import arn_of
from .records import CERTIFICATES, Certificate

WATCH = "acm.certificate"
PATIENCE = (
    72 * 3600.0
)  # "ACM waits 72 hours": https://docs.aws.amazon.com/acm/latest/userguide/gs-acm-request-public.html
EARLY = 60 * 86400.0  # "up to 60 days before": managed-renewal
Issued = tuple[str, str, str]  # key, certificate and chain


def record(ctx: Context, domain: str) -> dict[str, str]:
    """The record that proves the control of a domain: always the same for an account."""
    name = domain.removeprefix("*.")
    code = hmac.digest(ctx.app.secret, f"acm/{ctx.account}/{name}".encode(), hashlib.sha512).hex()
    return {
        "Name": f"_{code[:32]}.{name}.",
        "Type": "CNAME",
        "Value": f"_{code[32:64]}.{code[64:74]}.acm-validations.aws.",
    }


def stands(tx: Reader, wanted: dict[str, str]) -> bool:
    """Whether a public hosted zone of this cloud has a record."""
    held = zones.values(zones.lookup(tx, wanted["Name"], wanted["Type"]))
    return wanted["Value"].rstrip(".") in [value.lower().rstrip(".") for value in held]


def users(tx: Reader, ctx: Context, certificate: Certificate) -> list[str]:
    """The ARNs of what uses a certificate: custom domain names of APIs."""
    arn = arn_of(ctx, certificate)
    return [
        ctx.arn("apigateway", f"/domainnames/{domain.id}", account="")
        for domain in tx.scan(DOMAINS, (certificate.account, certificate.region))
        if arn in (domain.shape.get("regionalCertificateArn"), domain.shape.get("certificateArn"))
    ]


def eligible(tx: Reader, ctx: Context, certificate: Certificate) -> bool:
    """Whether a certificate is renewed: it is ACM's, and something uses it, or it was exported."""
    return certificate.type == "AMAZON_ISSUED" and (certificate.exported or bool(users(tx, ctx, certificate)))


# -- issuance ----------------------------------------------------------------------------------------------------------


async def approve(ctx: Context, key: Key) -> None:
    """The domains of a certificate were validated: issue it, or renew it."""
    certificate = await ctx.fetch(lambda tx: tx.get(CERTIFICATES, key))
    if certificate is not None:
        made = await asyncio.to_thread(_make, ctx, certificate)
        await ctx.transact(_issue, ctx, key, made)


def _make(ctx: Context, certificate: Certificate) -> Issued:
    private = pem.new_key(certificate.algorithm)
    return pem.parts(ctx.app.certify(certificate.names, private, ctx.now()))


def _issue(tx: Transaction, ctx: Context, key: Key, made: Issued) -> None:
    kept = tx.get(CERTIFICATES, key)
    if kept is None or kept.status not in ("PENDING_VALIDATION", "ISSUED"):
        return
    if kept.status == "ISSUED":
        kept.renewed = ctx.now()
    kept.key, kept.body, kept.chain = made
    found = pem.facts(kept.body)
    kept.status, kept.issued = "ISSUED", ctx.now()
    kept.begins, kept.ends = found.begins, found.ends
    watch(tx, ctx, kept)


# -- what comes next ---------------------------------------------------------------------------------------------------


def watch(tx: Transaction, ctx: Context, certificate: Certificate) -> None:
    """Store a certificate, and wait for what comes next."""
    tx.put(CERTIFICATES, certificate)
    if certificate.status in ("PENDING_VALIDATION", "ISSUED"):
        ctx.reside(tx, WATCH, certificate.id, generation=int(certificate.ends or certificate.created))
    else:
        ctx.leave(tx, WATCH, certificate.id)


def _until_next_look(age: float) -> float:
    """Seconds until the zones are looked at again: a new certificate is likely to be waited for."""
    return 2.0 if age < 120 else 30.0 if age < 3600 else 600.0


@resident(WATCH)
async def keep(ctx: Context, id: str) -> None:
    """Time out, renew and expire a certificate."""
    key = (ctx.account, ctx.region, id)
    while True:
        pause, renewal = await ctx.transact(_next, ctx, key)
        if renewal:
            await approve(ctx, key)
        if pause is None:
            return
        await ctx.clock.sleep(pause)


def _next(tx: Transaction, ctx: Context, key: Key) -> tuple[float | None, bool]:
    """The seconds to wait, and whether the certificate is to be renewed now."""
    certificate, now = tx.get(CERTIFICATES, key), ctx.now()
    if certificate is None:
        return None, False
    if certificate.status == "PENDING_VALIDATION":
        if certificate.method == "DNS" and all(stands(tx, record(ctx, name)) for name in certificate.names):
            return 60.0, True
        due, after = certificate.created + PATIENCE, "VALIDATION_TIMED_OUT"
        if now < due and certificate.method == "DNS":
            return min(due - now, _until_next_look(now - certificate.created)), False
    else:
        due, after = certificate.ends, "EXPIRED"
    if now >= due:
        certificate.status = after
        watch(tx, ctx, certificate)
        return None, False
    early = certificate.ends - EARLY
    if certificate.status == "ISSUED" and now < early:
        return early - now, False
    if certificate.status == "ISSUED" and eligible(tx, ctx, certificate):
        return 60.0, True
    return min(due - now, 86400.0), False  # something may use it tomorrow
