"""The condition keys of CloudFormation's actions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
"""

from __future__ import annotations

from fogbank.core.conditions import Asked, Keys, member


def _imported(asked: Asked) -> list[str] | None:
    return [each["ResourceType"] for each in asked.request.get("ResourcesToImport") or ()] or None


KEYS = Keys(
    "cloudformation",
    {"cloudformation:ImportResourceTypes": _imported, "cloudformation:StackPolicyUrl": member("StackPolicyURL")},
    given=("cloudformation:ChangeSetName", "cloudformation:ResourceTypes", "cloudformation:RoleArn",
           "cloudformation:TemplateUrl"),
)  # fmt: skip
