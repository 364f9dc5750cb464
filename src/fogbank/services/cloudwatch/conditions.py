"""The condition keys of CloudWatch's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys, member

KEYS = Keys(
    "cloudwatch", {"cloudwatch:AlarmActions": member("AlarmActions"), "cloudwatch:namespace": member("Namespace")}
)
