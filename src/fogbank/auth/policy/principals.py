"""The Principal and NotPrincipal elements: which callers a resource policy names, and how directly.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from enum import IntEnum

import msgspec

from fogbank.core.principal import Principal

_ACCOUNT = re.compile(r"\d{12}")
_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")


class Reach(IntEnum):
    """How directly a principal element names a caller, from not at all to by its own ARN."""

    NONE = 0
    ACCOUNT = 1  # its account: the account's own policies decide (delegation)
    ROLE = 2  # the role of its session
    DIRECT = 3  # the caller itself: user, session, service or root; or everybody


class Principals(msgspec.Struct, frozen=True):
    """A compiled Principal element. `names` are ARNs and unique ids."""

    everyone: bool = False
    accounts: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    federated: frozenset[str] = frozenset()
    canonical: frozenset[str] = frozenset()

    def reach(self, caller: Principal) -> Reach:
        if self.everyone:
            return Reach.DIRECT
        if caller.kind == "service":
            return Reach.DIRECT if caller.arn in self.services else Reach.NONE
        if caller.kind == "anonymous":
            return Reach.NONE
        names = self.names
        if names:
            if caller.arn in names:
                return Reach.DIRECT
            if caller.identity_arn in names:
                # the user of a federated session is treated as a role: the session's policy still narrows it
                return Reach.DIRECT if caller.kind == "user" else Reach.ROLE
            unique = caller.user_id.partition(":")[0]
            if unique in names:
                return Reach.DIRECT if caller.kind == "user" else Reach.ROLE
        if caller.account in self.accounts:
            return Reach.DIRECT if caller.kind == "root" else Reach.ACCOUNT
        if self.federated and caller.kind == "web" and caller.arn in self.federated:
            return Reach.DIRECT
        return Reach.NONE

    def exempts(self, caller: Principal) -> bool:
        """Whether a denying NotPrincipal exempts a caller.

        It must list the account and also the user or session by its own ARN (for a role's session, the role alone is
        not enough).
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        if self.reach(caller) is not Reach.DIRECT:
            return False
        return caller.kind in {"root", "service"} or self.everyone or caller.account in self.accounts


def compile_principals(element: object) -> Principals:
    """Compile the JSON value of Principal or NotPrincipal. Raises ValueError that names the bad entry."""
    if element == "*":
        return Principals(everyone=True)
    if not isinstance(element, dict) or not element:
        raise ValueError(f"{element}")
    sets: dict[str, set[str]] = {"AWS": set(), "Service": set(), "Federated": set(), "CanonicalUser": set()}
    for kind, given in element.items():
        values = given if isinstance(given, list) else [given]
        if kind not in sets or not all(isinstance(value, str) for value in values):
            raise ValueError(f'"{kind}":"{given}"')
        sets[kind].update(values)
    accounts, names, everyone = set(), set(), False
    for entry in sets["AWS"]:
        root = _ROOT.fullmatch(entry)
        if entry == "*":
            everyone = True
        elif _ACCOUNT.fullmatch(entry):
            accounts.add(entry)
        elif root:
            accounts.add(root.group(1))
        elif entry.startswith("arn:") or re.fullmatch(r"A[A-Z0-9]{15,}", entry):
            if "*" in entry or "?" in entry:
                raise ValueError(f'"AWS":"{entry}"')
            names.add(entry)
        else:
            raise ValueError(f'"AWS":"{entry}"')
    return Principals(
        everyone,
        frozenset(accounts),
        frozenset(names),
        frozenset(sets["Service"]),
        frozenset(sets["Federated"]),
        frozenset(sets["CanonicalUser"]),
    )
