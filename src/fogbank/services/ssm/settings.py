"""The service settings of Systems Manager, with their defaults.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetServiceSetting.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Reader

from .records import SETTINGS

DEFAULT_TIER = "/ssm/parameter-store/default-parameter-tier"
_VALUES: dict[str, tuple[str, ...]] = {  # the default first; any text where there is one value alone
    "/ssm/appconfig/appconfig-tier": ("standard",),
    "/ssm/automation/customer-script-log-destination": ("none", "CloudWatch"),
    "/ssm/automation/customer-script-log-group-name": ("/aws/ssm/automation/customer-script",),
    "/ssm/automation/enable-adaptive-concurrency": ("False", "True"),
    "/ssm/documents/console/public-sharing-permission": ("Enable", "Disable"),
    "/ssm/managed-instance/activation-tier": ("standard", "advanced"),
    "/ssm/managed-instance/default-ec2-instance-management-role": ("$None",),
    "/ssm/opsinsights/opscenter": ("Disabled", "Enabled"),
    DEFAULT_TIER: ("Standard", "Advanced", "Intelligent-Tiering"),
    "/ssm/parameter-store/high-throughput-enabled": ("false", "true"),
}


def known(id: str) -> bool:
    return id in _VALUES


def default(id: str) -> str:
    return _VALUES[id][0]


def allowed(id: str, value: str) -> bool:
    values = _VALUES[id]
    return len(values) == 1 or value in values


def value(tx: Reader, ctx: Context, id: str) -> str:
    """The value that applies in this account and region."""
    kept = tx.get(SETTINGS, (ctx.account, ctx.region, id))
    return kept.value if kept is not None else default(id)
