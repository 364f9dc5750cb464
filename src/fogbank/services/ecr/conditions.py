"""The condition keys of both services' actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistrypublic.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.conditions import Asked, Keys, member


def _tags(asked: Asked) -> Any:
    return asked.record.tags if asked.record is not None else None


KEYS = Keys("ecr", {"ecr:ResourceTag/": _tags, "ecr:AccountSetting": member("name")})
PUBLIC_KEYS = Keys("ecr-public", {"ecr-public:ResourceTag/": _tags})
