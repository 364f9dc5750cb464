"""The resource policies with which an advanced parameter is shared with other accounts.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .records import PARAMETERS, Parameter


def digest(policy: str) -> str:
    """The PolicyHash of a policy. AWS's way to make it is not known."""
    return hashlib.sha256(policy.encode()).hexdigest()


def combined(policies: Mapping[str, str]) -> str | None:
    """All policies of a parameter as one document; None if it has none."""
    if not policies:
        return None
    statements = [statement for text in policies.values() for statement in _statements(text)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _statements(text: str) -> list[object]:
    found = documents.read_object(text).get("Statement", [])
    return found if isinstance(found, list) else [found]


def shared(tx: Reader, ctx: Context) -> list[Parameter]:
    """The parameters of this region that other accounts share with this one, by their policies' principals."""
    found = tx.scan_index(PARAMETERS, "shared", (ctx.region,))
    return [p for p in found if p.account != ctx.account and any(_names(ctx, text) for text in p.shared.values())]


def _names(ctx: Context, text: str) -> bool:
    us = {"*", ctx.account, ctx.arn("iam", "root", region="")}
    return any(us & _principals(statement) for statement in _statements(text) if isinstance(statement, dict))


def _principals(statement: dict[str, Any]) -> set[str]:
    given = statement.get("Principal") if statement.get("Effect") == "Allow" else None
    found = given.get("AWS", []) if isinstance(given, dict) else given or []
    return {found} if isinstance(found, str) else set(found)
