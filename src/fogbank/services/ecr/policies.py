"""Policies of repositories and registries: checked as AWS does, and joined to what decides about a repository.

A repository's policy has no Resource. A registry's policy names repositories, and applies to every action on them
(account setting REGISTRY_POLICY_SCOPE=V2, which all accounts have here).

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

import json
from functools import lru_cache

from fogbank.auth.policy import MalformedPolicy, compile
from fogbank.core import documents

from .errors import InvalidParameter


def check(text: str, whose: str) -> None:
    """Raise InvalidParameter for a policy that is none. The text for repositories is AWS's, the other not confirmed."""
    try:
        documents.read_object(text)
        compile(text, purpose="resource")
    except (documents.BadDocument, MalformedPolicy):
        raise InvalidParameter.at("PolicyText", f"Invalid {whose} policy provided") from None


@lru_cache(maxsize=1024)
def joined(repository: str | None, registry: str | None) -> str | None:
    """The policy that holds the statements of both, without their ids: those are only unique in one document."""
    if not (repository and registry):
        return repository or registry
    statements = []
    for text in (repository, registry):
        found = json.loads(text)["Statement"]
        statements += [{**each, "Sid": ""} for each in (found if isinstance(found, list) else [found])]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
