"""The condition keys of SNS's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys, member

KEYS = Keys("sns", {"sns:Protocol": member("Protocol"), "sns:Endpoint": member("Endpoint")})
