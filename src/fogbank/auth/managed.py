"""The AWS managed policies that users attach most, by ARN.

The data is `managed_policies.json` beside this file, written from what AWS publishes about each policy:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec


class AwsPolicy(msgspec.Struct, frozen=True):
    name: str
    path: str  # "/", "/service-role/", "/job-function/", …
    description: str
    created: float  # epoch seconds
    version: int
    document: str  # JSON
    abridged: bool = False  # AWS's document is longer: this one covers the services that Fogbank has

    def arn(self, partition: str) -> str:
        return f"arn:{partition}:iam::aws:policy{self.path}{self.name}"

    @property
    def id(self) -> str:
        """ANPA and 17 characters, derived from the ARN (not AWS's own id)."""
        import base64
        import hashlib

        digest = hashlib.sha256(self.arn("aws").encode()).digest()
        return "ANPA" + base64.b32encode(digest).decode()[:17]


@cache
def _load() -> dict[str, AwsPolicy]:
    text = (Path(__file__).parent / "managed_policies.json").read_text(encoding="utf-8")
    found: dict[str, AwsPolicy] = {}
    for name, given in json.loads(text).items():
        policy = AwsPolicy(
            name=name,
            path=given.get("path", "/"),
            description=given.get("description", ""),
            created=datetime.fromisoformat(given.get("created", "2015-02-06T18:40:00+00:00")).timestamp(),
            version=given.get("version", 1),
            abridged=given.get("abridged", False),
            document=json.dumps({"Version": "2012-10-17", "Statement": given["statement"]}),
        )
        found[policy.path + policy.name] = policy
    return found


def get(arn: str, partition: str) -> AwsPolicy | None:
    """The policy with exactly this ARN, in a partition."""
    prefix = f"arn:{partition}:iam::aws:policy"
    return _load().get(arn.removeprefix(prefix)) if arn.startswith(prefix) else None


def every() -> list[AwsPolicy]:
    """All policies, sorted by name."""
    return sorted(_load().values(), key=lambda policy: policy.name.lower())
