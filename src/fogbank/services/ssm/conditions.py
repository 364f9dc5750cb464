"""The condition keys of Systems Manager's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys

KEYS = Keys(
    "ssm",
    {
        "ssm:Overwrite": lambda asked: bool(asked.request.get("Overwrite")),
        "ssm:Policies": lambda asked: bool(asked.request.get("Policies")),
        "ssm:Recursive": lambda asked: bool(asked.request.get("Recursive")),
        "ssm:DocumentType": lambda asked: asked.request.get("DocumentType"),
        "ssm:resourceTag/": lambda asked: getattr(asked.record, "tags", None),
    },
    never=("ssm:DocumentCategories",),  # documents have none
)
