"""The condition keys of STS's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys

KEYS = Keys(
    "sts",
    {"iam:ResourceTag/": lambda asked: getattr(asked.record, "tags", None)},
    given=("sts:DurationSeconds", "sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity",
           "sts:TransitiveTagKeys"),
    never=("saml:", "accounts.google.com:", "cognito-identity.amazonaws.com:", "graph.facebook.com:",
           "www.amazon.com:"),  # of identity providers
)  # fmt: skip
