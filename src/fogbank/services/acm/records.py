"""Certificates, and an account's settings."""

from __future__ import annotations

from fogbank.store.api import Record, Table


class Certificate(Record):
    """A certificate. Times are in epoch seconds, 0 where there is none. `body`, `chain` and `key` are PEM."""

    account: str
    region: str
    id: str
    created: float
    domain: str
    names: list[str]
    type: str = "AMAZON_ISSUED"  # or IMPORTED
    status: str = "PENDING_VALIDATION"
    method: str = ""  # of validation: DNS or EMAIL
    mail_domains: dict[str, str] = {}  # domain -> ValidationDomain
    algorithm: str = "RSA_2048"
    options: dict[str, str] = {}
    token: str = ""
    asked: float = 0.0  # when the token was last used
    body: str = ""
    chain: str = ""
    key: str = ""
    issued: float = 0.0
    imported: float = 0.0
    begins: float = 0.0  # NotBefore
    ends: float = 0.0  # NotAfter
    renewed: float = 0.0
    revoked: float = 0.0
    reason: str = ""
    exported: bool = False
    tags: dict[str, str] = {}


class Account(Record):
    """The days before an expiry from which events are wanted."""

    account: str
    region: str
    days: int = 45


CERTIFICATES = Table("acm/certificate", Certificate, key=lambda c: (c.account, c.region, c.id))
ACCOUNTS = Table("acm/account", Account, key=lambda a: (a.account, a.region))
