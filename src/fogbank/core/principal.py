"""The caller of an operation, as the context carries it.

Authentication makes it from credentials, and services make it when they act for somebody.
"""

from __future__ import annotations

import msgspec


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A caller.

    `kind`: `root`, `user`, `role` (an assumed-role session), `federated` (GetFederationToken), `service` (an AWS
    service acting by itself, as lambda.amazonaws.com) or `anonymous`.
    `arn`: of the session for roles (arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION); empty for anonymous.
    `identity_arn`: of the IAM entity whose policies apply (the role, the user).
    """

    kind: str
    account: str
    arn: str = ""
    identity_arn: str = ""
    user_id: str = ""  # AIDA…, AROA…:session, or the account id
    access_key: str = ""
    session_policies: tuple[str, ...] = ()  # JSON documents that restrict a session
    tags: dict[str, str] = {}  # aws:PrincipalTag and session tags
    mfa_at: float | None = None  # when the session's MFA code was verified
    issued_at: float | None = None
    source_identity: str = ""
    source_arn: str = ""  # the resource that a service principal acts for (aws:SourceArn)
    via: tuple[str, ...] = ()  # the services that forwarded this principal's request (aws:CalledVia)

    @property
    def service_name(self) -> str:
        """The name of a service principal (`lambda.amazonaws.com`), else empty."""
        return self.arn if self.kind == "service" else ""


class Credential(msgspec.Struct, frozen=True):
    """An access key that may sign. `token` is the session token that must come with it, `expires` an epoch second."""

    principal: Principal
    secret: str
    token: str = ""
    expires: float | None = None
    any_token: bool = False  # for root keys: clients may send any made-up session token
    well_known: bool = False  # the secret is public, so any web page could sign with it


class LastUse(msgspec.Struct, frozen=True):
    """The last use of a long-term access key."""

    at: float  # epoch seconds
    service: str
    region: str


def anonymous() -> Principal:
    return Principal(kind="anonymous", account="")


def root(account: str, access_key: str = "", partition: str = "aws") -> Principal:
    arn = f"arn:{partition}:iam::{account}:root"
    return Principal(kind="root", account=account, arn=arn, identity_arn=arn, user_id=account, access_key=access_key)


def service(name: str, account: str, source_arn: str = "") -> Principal:
    """The principal of an AWS service (`sns.amazonaws.com`) that acts for the resource `source_arn` of `account`."""
    return Principal(kind="service", account=account, arn=name, identity_arn=name, user_id=name, source_arn=source_arn)
