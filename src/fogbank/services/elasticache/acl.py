"""Access strings of users, and the ACL file lines made from them.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
https://valkey.io/topics/acl/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from .errors import InvalidParameterValue
from .records import Access, User

# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SupportedCommands.html ("Restricted commands")
FORBIDDEN = (
    "acl|setuser", "acl|load", "acl|save", "acl|deluser", "bgrewriteaof", "bgsave", "cluster|addslots",
    "cluster|addslotsrange", "cluster|bumpepoch", "cluster|delslots", "cluster|delslotsrange", "cluster|failover",
    "cluster|flushslots", "cluster|forget", "cluster|meet", "cluster|migrateslots", "cluster|replicate",
    "cluster|reset", "cluster|saveconfig", "cluster|set-config-epoch", "cluster|setslot", "config", "debug",
    "failover", "migrate", "module", "psync", "replicaof", "replconf", "save", "shutdown", "slaveof", "sync",
)  # fmt: skip
_DENIED = " ".join("-" + command for command in FORBIDDEN)
_CATEGORIES = frozenset((
    "all", "admin", "bitmap", "blocking", "connection", "dangerous", "fast", "geo", "hash", "hyperloglog", "keyspace",
    "list", "pubsub", "read", "scripting", "set", "slow", "sortedset", "stream", "string", "transaction", "write",
))  # fmt: skip
_WORDS = frozenset((
    "on", "off", "allkeys", "resetkeys", "allchannels", "resetchannels", "allcommands", "nocommands", "clearselectors",
    "sanitize-payload", "skip-sanitize-payload",
))  # fmt: skip
_RULE = re.compile(r"~\S+|%(R|W|RW|WR)~\S+|&\S+|[+-]@(?P<category>[a-z]+)|[+-](?P<command>[a-z0-9_-]+(\|[a-z0-9_-]+)?)")


def check(access: str) -> str:
    """Validate an access string and return it as stored. Raises InvalidParameterValue for a bad rule, a password, or
    `reset`.
    """
    for word in access.replace("(", " ").replace(")", " ").split():
        match = _RULE.fullmatch(word if word.startswith(("~", "%", "&")) else word.lower())
        known = word.lower() in _WORDS or match is not None
        if match is not None and match["category"] and match["category"] not in _CATEGORIES:
            known = False
        if match is not None and word[0] == "+" and match["command"] in FORBIDDEN:
            known = False
        if not known:
            raise InvalidParameterValue(f"Access string contains an invalid or not allowed rule: {word}")
    return " ".join(access.split())


def digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def line(user: User) -> str:
    """The line of one user. An IAM user is switched off, since the server cannot ask IAM."""
    if user.kind == "iam":
        return f"user {user.name} off"
    secret = "nopass" if user.kind == "no-password" else " ".join("#" + password for password in user.passwords)
    return f"user {user.name} {_off_first(user.access)} {secret} {_DENIED}".replace("  ", " ")


def _off_first(access: str) -> str:
    """Switch off a user whose access string says neither on nor off."""
    return access if {"on", "off"} & set(access.lower().split()) else f"off {access}"


def tokens(access: Access) -> str:
    """The only user of a cluster without user groups: with the cluster's tokens, or without a password."""
    secret = " ".join("#" + token for token in access.tokens) or "nopass"
    return f"user default on {secret} ~* &* +@all {_DENIED}"


def lines(access: Access, users: Sequence[User]) -> list[str]:
    """The ACL file of a cluster, for its tokens or its groups' users. `default` is off unless a user has that name."""
    if not access.user_groups:
        return [tokens(access)]
    found = [line(user) for user in users]
    return found if any(user.name == "default" for user in users) else [*found, "user default off"]
