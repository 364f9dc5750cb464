"""Who is calling. Made by auth from credentials, or by a service that acts for somebody; carried by the context."""

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
    session_policies: tuple[str, ...] = ()  # JSON documents that narrow a session
    tags: dict[str, str] = {}  # aws:PrincipalTag and session tags
    mfa_at: float | None = None  # when the session's MFA code was checked
    issued_at: float | None = None
    source_identity: str = ""
    source_arn: str = ""  # of a service principal: the resource it acts for (aws:SourceArn)
    via: tuple[str, ...] = ()  # the services that forward this principal's request (aws:CalledVia)

    @property
    def service_name(self) -> str:
        """`lambda.amazonaws.com` of a service principal."""
        return self.arn if self.kind == "service" else ""


class Credential(msgspec.Struct, frozen=True):
    """A key that may sign. `token` is the session token it must come with, `expires` an epoch second."""

    principal: Principal
    secret: str
    token: str = ""
    expires: float | None = None
    any_token: bool = False  # root keys: clients that set a made-up token are not turned away
    well_known: bool = False  # everybody knows it, a stranger's web page too


class LastUse(msgspec.Struct, frozen=True):
    """When and for what a long-term key was used last."""

    at: float  # epoch seconds
    service: str
    region: str


def anonymous() -> Principal:
    return Principal(kind="anonymous", account="")


def root(account: str, access_key: str = "", partition: str = "aws") -> Principal:
    arn = f"arn:{partition}:iam::{account}:root"
    return Principal(kind="root", account=account, arn=arn, identity_arn=arn, user_id=account, access_key=access_key)


def service(name: str, account: str, source_arn: str = "") -> Principal:
    """An AWS service (`sns.amazonaws.com`) acting for the resource `source_arn` of `account`."""
    return Principal(kind="service", account=account, arn=name, identity_arn=name, user_id=name, source_arn=source_arn)
