"""The condition keys of IAM's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys

KEYS = Keys(
    "iam",
    {"iam:ResourceTag/": lambda asked: getattr(asked.record, "tags", None)},
    given=("iam:AWSServiceName", "iam:PassedToService", "iam:PermissionsBoundary", "iam:PolicyARN"),
)
