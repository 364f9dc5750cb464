"""The condition key of Service Quotas' actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys, member

KEYS = Keys("servicequotas", {"servicequotas:service": member("ServiceCode")})
