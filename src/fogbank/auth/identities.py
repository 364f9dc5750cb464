"""The policies of each identity, compiled and cached until an identity changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import msgspec

from fogbank.core.context import Cloud
from fogbank.core.principal import Principal
from fogbank.store.api import Reader

from . import managed, records
from .policy import MalformedPolicy, Policy, compile
from .policy.document import Purpose

log = logging.getLogger("fogbank.auth")

NOTHING = Policy("", ())  # an identity's unreadable document allows nothing
SHUT = compile(  # a resource's unreadable document may have meant to deny: it denies everybody
    '{"Version": "2012-10-17", "Statement": {"Sid": "UnreadablePolicy", "Effect": "Deny", "Principal": "*", '
    '"Action": "*", "Resource": "*"}}',
    purpose="resource",
)


class Identity(msgspec.Struct, frozen=True):
    """The policies attached to an identity."""

    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None


class Identities:
    """Reads identities from the store."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[tuple[str, str], Identity] = {}
        self._compiled: dict[tuple[str, str, Purpose], Policy] = {}

    def forget(self) -> None:
        """Drop cached identities. Compiled documents stay cached: their key is their text."""
        self._known.clear()

    def compiled(self, name: str, document: str, purpose: Purpose = "identity") -> Policy:
        """The compiled policy of a stored document. NOTHING or SHUT when it cannot be read."""
        key = (name, document, purpose)
        found = self._compiled.get(key)
        if found is None:
            try:
                found = compile(document, name=name, purpose=purpose)
            except MalformedPolicy as error:
                log.warning("policy %s cannot be parsed, so it allows nothing: %s", name, error)
                found = NOTHING if purpose == "identity" else SHUT
            if len(self._compiled) > 10_000:
                self._compiled.clear()
            self._compiled[key] = found
        return found

    def of(self, principal: Principal) -> Identity:
        """An identity's policies: a user's own and its groups', or a role's. None for root and services."""
        # a role that was deleted and created again is another role: sessions of the first have no permissions
        unique = principal.user_id.partition(":")[0] if principal.kind in {"role", "user"} else ""
        key = (principal.identity_arn, unique)
        found = self._known.get(key)
        if found is None:
            kind, _, name = principal.identity_arn.rpartition(":")[2].partition("/")
            name = name.rpartition("/")[2]
            with self._cloud.store.read() as tx:
                found = self._read(tx, principal.account, kind, name, unique)
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = found
        return found

    def _read(self, tx: Reader, account: str, kind: str, name: str, unique: str) -> Identity:
        holder: records.User | records.Role | None = None
        if kind == "user":
            holder = tx.get(records.USERS, (account, name.lower()))
        elif kind == "role":
            holder = tx.get(records.ROLES, (account, name.lower()))
        if holder is None or (unique and holder.id != unique):
            return Identity()
        return self.of_holder(tx, holder)

    def of_holder(self, tx: Reader, holder: records.PolicyHolder) -> Identity:
        """The policies of a record, and those of the groups of a user."""
        policies = [*self._policies(tx, holder)]
        boundary = ""
        if isinstance(holder, records.User):
            for group in holder.groups:
                found = tx.get(records.GROUPS, (holder.account, group.lower()))
                if found is not None:
                    policies += self._policies(tx, found)
        if isinstance(holder, records.User | records.Role):
            boundary = holder.boundary
        return Identity(tuple(policies), self.managed(tx, boundary) if boundary else None)

    def _policies(self, tx: Reader, holder: records.PolicyHolder) -> Iterable[Policy]:
        for name, document in holder.inline.items():
            yield self.compiled(name, document)
        for arn in holder.attached:
            yield self.managed(tx, arn)

    def managed(self, tx: Reader, arn: str) -> Policy:
        """The default version of a managed policy. NOTHING when the policy was deleted."""
        document = document_of(tx, arn, self._cloud.settings.partition)
        return NOTHING if document is None else self.compiled(arn, document)


def document_of(tx: Reader, arn: str, partition: str) -> str | None:
    """The JSON of a managed policy's default version, AWS's or a customer's. None unless the ARN matches exactly."""
    known = managed.get(arn, partition)
    if known is not None:
        return known.document
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return None
    account, name = parts[4], parts[5].rpartition("/")[2]
    policy = tx.get(records.POLICIES, (account, name.lower()))
    if policy is None or arn != f"arn:{partition}:iam::{account}:policy{policy.path}{policy.name}":
        return None
    version = tx.get(records.VERSIONS, (account, name.lower(), policy.default))
    return version.document if version else None
