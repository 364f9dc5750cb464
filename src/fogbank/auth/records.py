"""The stored form of IAM's and STS's resources. services/iam and services/sts change these tables, auth reads them.

Every change signals the topic `identity` (core.signals), on which auth drops its caches. Names are unique without
regard to case, so keys contain them in lower case. IAM is global: keys have no region.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.principal import LastUse
from fogbank.store.api import Record, Table, Transaction

CHANGED = "identity"


def changed(tx: Transaction) -> None:
    """Signal that identities changed, once this transaction commits."""
    tx.signal(CHANGED)


class Entity(Record, kw_only=True):
    """The fields that users, groups, roles, policies and instance profiles share."""

    account: str
    name: str
    path: str = "/"
    id: str  # AIDA…, AGPA…, AROA…, ANPA…, AIPA…
    created: float  # epoch seconds
    tags: dict[str, str] = {}

    @property
    def key(self) -> tuple[str, str]:
        return self.account, self.name.lower()


class PolicyHolder(Entity, kw_only=True):
    """A user, group or role, with the policies that give it permissions."""

    attached: list[str] = []  # ARNs of managed policies, in the order of attachment
    inline: dict[str, str] = {}  # name: JSON document


class User(PolicyHolder, kw_only=True):
    groups: list[str] = []  # names
    boundary: str = ""  # ARN of a managed policy
    login: dict[str, Any] = {}  # login profile: created (epoch seconds), reset (bool), hash
    password_used: float | None = None


class Group(PolicyHolder, kw_only=True):
    """A group. Its members are found through the index of USERS."""


class Role(PolicyHolder, kw_only=True):
    trust: str  # JSON document
    description: str = ""
    max_session: int = 3600  # seconds
    boundary: str = ""
    service: str = ""  # of a service-linked role: elasticloadbalancing.amazonaws.com
    used: float | None = None
    used_region: str = ""


class ManagedPolicy(Entity, kw_only=True):
    description: str = ""
    default: int  # version number
    latest: int
    updated: float


class PolicyVersion(Record, kw_only=True):
    account: str
    policy: str  # lower-case name
    number: int
    document: str
    created: float


class InstanceProfile(Entity, kw_only=True):
    roles: list[str] = []  # names; AWS allows one


class AccessKey(Record, kw_only=True):
    """A long-term key of a user, or of the root user (`user` empty)."""

    id: str  # AKIA…
    account: str
    user: str
    secret: str
    active: bool = True
    created: float


class KeyUse(Record, kw_only=True):
    """The last use of a long-term key, as far as it was written down: the process knows the last minute better."""

    id: str
    use: LastUse


class Session(Record, kw_only=True):
    """Temporary credentials of AssumeRole, GetSessionToken or GetFederationToken."""

    id: str  # ASIA…
    account: str
    kind: str  # the values of core.principal.Principal's kind
    arn: str
    identity_arn: str
    user_id: str
    secret: str
    token: str
    issued: float
    expires: float
    policies: list[str] = []  # JSON documents
    tags: dict[str, str] = {}
    transitive: list[str] = []  # keys of the tags that chained sessions inherit
    source_identity: str = ""
    mfa_at: float | None = None
    issuer: str = ""  # unique id of the user who asked for a federated session


class Account(Record, kw_only=True):
    """An account's own settings. There is no record until something is set."""

    id: str
    alias: str = ""
    password_policy: dict[str, Any] = {}


def _attached(holder: PolicyHolder) -> list[tuple[str, ...]]:
    return [(holder.account, arn) for arn in holder.attached]


def _boundary(holder: User | Role) -> tuple[str, ...] | None:
    return (holder.account, holder.boundary) if holder.boundary else None


USERS = Table(
    "iam/user",
    User,
    key=lambda u: u.key,
    indexes={
        "group": lambda u: [(u.account, name.lower()) for name in u.groups],
        "policy": _attached,
        "boundary": _boundary,
    },
)
GROUPS = Table("iam/group", Group, key=lambda g: g.key, indexes={"policy": _attached})
ROLES = Table("iam/role", Role, key=lambda r: r.key, indexes={"policy": _attached, "boundary": _boundary})
POLICIES = Table("iam/policy", ManagedPolicy, key=lambda p: p.key)
VERSIONS = Table("iam/version", PolicyVersion, key=lambda v: (v.account, v.policy, v.number))
PROFILES = Table(
    "iam/profile",
    InstanceProfile,
    key=lambda p: p.key,
    indexes={"role": lambda p: [(p.account, name.lower()) for name in p.roles]},
)
ACCESS_KEYS = Table(
    "iam/key", AccessKey, key=lambda k: (k.id,), indexes={"user": lambda k: (k.account, k.user.lower())}
)
KEY_USES = Table("iam/key-use", KeyUse, key=lambda u: (u.id,))
SESSIONS = Table("sts/session", Session, key=lambda s: (s.id,), indexes={"expires": lambda s: (int(s.expires),)})
ACCOUNTS = Table(
    "iam/account", Account, key=lambda a: (a.id,), indexes={"alias": lambda a: (a.alias,) if a.alias else None}
)
