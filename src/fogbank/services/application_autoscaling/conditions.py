"""The condition keys of Application Auto Scaling's actions.

https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_service-with-iam.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys, member

KEYS = Keys(
    "application-autoscaling",
    {
        "application-autoscaling:scalable-dimension": member("ScalableDimension"),
        "application-autoscaling:service-namespace": member("ServiceNamespace"),
    },
)
