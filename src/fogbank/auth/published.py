"""What AWS publishes of IAM's actions: which condition keys a call can have, and what it is authorised on.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

The tables are auth/actions, one file for each prefix, written by tools/service_actions.py. They are read when a policy
asks for a condition key that a call has not: it may be one that AWS would have supplied.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from fogbank.core import services
from fogbank.core.conditions import Keys

FOLDER = Path(__file__).parent / "actions"

# services whose IAM prefix is not botocore's name, https://docs.aws.amazon.com/service-authorization/latest/reference/
PREFIXES = {
    "apigatewayv2": "apigateway",
    "cloudcontrol": "cloudformation",
    "config": "config",
    "dynamodbstreams": "dynamodb",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "iot-data": "iot",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "sesv2": "ses",
    "stepfunctions": "states",
}
_PLANES = {"execute-api": "apigateway"}  # prefixes of data planes, and the service that has their keys


def iam_action(action: str) -> str:
    """The action under the service's IAM prefix: `stepfunctions:StartExecution` is `states:StartExecution`."""
    service, colon, name = action.partition(":")
    prefix = PREFIXES.get(service)
    return f"{prefix}{colon}{name}" if prefix else action


class Prefix(msgspec.Struct, frozen=True):
    """All that is published under one prefix; keys are referred to by their place in `keys`."""

    keys: tuple[str, ...] = ()
    resources: dict[str, tuple[str, tuple[int, ...]]] = {}  # type -> (ARN, keys)
    actions: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {}  # action -> (types, keys)

    def keys_of(self, action: str) -> frozenset[str]:
        """Its own keys and those of its resource types, as `plain` has them."""
        types, places = self.actions.get(action, ((), ()))
        on = [self.resources[word][1] for word in types if word in self.resources]
        return frozenset(plain(self.keys[place]) for group in (places, *on) for place in group)


def plain(key: str) -> str:
    """A key in lower case; of one with a name in it what stands before the name: `aws:resourcetag/`."""
    return key.partition("${")[0].partition("<")[0].lower().removesuffix("tag-key")


@cache
def of_prefix(prefix: str) -> Prefix:
    """The tables of a prefix; empty ones where AWS publishes none."""
    path = FOLDER / f"{prefix}.json"
    if not path.exists():
        return Prefix()
    return msgspec.json.decode(path.read_bytes(), type=Prefix)


@cache
def supplied(prefix: str) -> tuple[Keys, ...]:
    """The keys that the services of a prefix supply."""
    apis = [name for name in services.built() if PREFIXES.get(name, name) == prefix] or [_PLANES.get(prefix, "")]
    found = [loaded.condition_keys.get(prefix) for name in apis if (loaded := services.load(name))]
    return tuple(keys for keys in found if keys is not None)


@cache
def lacking(action: str) -> frozenset[str]:
    """The keys that AWS supplies for an action and Fogbank does not.

    Keys of all services (`aws:…`) are supplied wherever a call has them: there are no VPC endpoints and organisations
    here, so what tells of those is absent, as it is in AWS for a call from elsewhere.
    """
    prefix, _, name = action.partition(":")
    known = [key for keys in supplied(prefix) for key in keys.supplied]
    families = ("aws:", *(key for key in known if key[-1] in "/:"))
    return frozenset(
        key for key in of_prefix(prefix).keys_of(name) if key not in known and not key.startswith(families)
    )


def lacks(action: str, key: str) -> bool:
    """Whether a condition key, given in lower case, is one that AWS would have supplied."""
    missing = lacking(action)
    return key in missing or any(key.startswith(each) for each in missing if each[-1] in "/:")
