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
    "allkeys", "resetkeys", "allchannels", "resetchannels", "allcommands", "nocommands",
))  # fmt: skip
_USERS = frozenset(("on", "off", "sanitize-payload", "skip-sanitize-payload"))  # of no selector
_RULE = re.compile(r"~\S+|%(R|W|RW|WR)~\S+|&\S+|[+-]@(?P<category>[a-z]+)|[+-](?P<command>[a-z0-9_-]+(\|[a-z0-9_-]+)?)")
_ALL = {"~*": "~%", "allkeys": "~%", "&*": "&", "allchannels": "&"}  # after which a server takes no pattern of a kind
_NONE = {"resetkeys": "~%", "resetchannels": "&"}


def check(access: str) -> str:
    """An access string as it is kept. Raises InvalidParameterValue for what is none, a password, and `reset`.

    A server does not start with a rule that it does not understand, so none may get through. Which commands there are
    the server alone knows.
    """
    root, selectors = _parts(access)
    _check_rules(root, _WORDS | _USERS)
    for rules in selectors:
        if any(sign in word for word in rules for sign in "\"'"):  # a server reads them as quotes there
            raise InvalidParameterValue("Access string contains quotes in a selector.")
        _check_rules(rules, _WORDS)
    return " ".join(access.split())


def _parts(access: str) -> tuple[list[str], list[list[str]]]:
    """The rules of an access string, and those of each of its selectors, which are in parentheses."""
    root: list[str] = []
    selectors: list[list[str]] = []
    rules = root
    for word in access.split():
        if rules is root and word.lower() == "clearselectors":
            selectors.clear()
            continue
        if rules is root and word.startswith("("):
            rules, word = [], word[1:]
            selectors.append(rules)
        ends = rules is not root and word.endswith(")")
        if word := word.removesuffix(")") if ends else word:
            rules.append(word)
        if ends:
            rules = root
    if rules is not root:
        raise InvalidParameterValue("Access string contains a selector that does not end.")
    return root, selectors


def _check_rules(rules: Sequence[str], words: frozenset[str]) -> None:
    closed = ""  # what patterns begin with that can only repeat what is allowed already
    for word in rules:
        lower = word.lower()
        match = _RULE.fullmatch(word if word.startswith(("~", "%", "&")) else lower)
        known = lower in words or match is not None
        if match is not None and match["category"] and match["category"] not in _CATEGORIES:
            known = False
        if match is not None and word[0] == "+" and match["command"] in FORBIDDEN:
            known = False
        if word[0] in closed and lower not in _ALL:
            known = False
        if not known:
            raise InvalidParameterValue(f"Access string contains an invalid or not allowed rule: {word}")
        closed += _ALL.get(lower, "")
        closed = closed.translate(dict.fromkeys(map(ord, _NONE.get(lower, ""))))


def digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def line(user: User) -> str:
    """The line of one user. An IAM user is switched off, since the server cannot ask IAM."""
    if user.kind == "iam":
        return f"user {user.name} off"
    secret = ["nopass"] if user.kind == "no-password" else ["#" + password for password in user.passwords]
    root, selectors = _parts(user.access)
    if not {"on", "off"} & {word.lower() for word in root}:
        root = ["off", *root]
    # what a selector allows is allowed whatever the other rules say, so it denies the same
    return " ".join(
        ["user", user.name, *root, *secret, _DENIED, *(f"({' '.join(each)} {_DENIED})" for each in selectors)]
    )


def tokens(access: Access) -> str:
    """The only user of a cluster without user groups: with the cluster's tokens, or without a password."""
    secret = " ".join("#" + token for token in access.tokens) or "nopass"
    return f"user default on {secret} ~* &* +@all {_DENIED}"


def lines(access: Access, users: Sequence[User]) -> list[str]:
    """The ACL file of a cluster, for its tokens or its groups' users. Groups without a user `default` switch it off."""
    if not access.user_groups:
        return [tokens(access)]
    found = [line(user) for user in users]
    return found if any(user.name == "default" for user in users) else [*found, "user default off"]
