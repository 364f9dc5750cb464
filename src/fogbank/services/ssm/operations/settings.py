"""Service settings. The default tier of parameters and what Fogbank can show are real; the others are kept.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateServiceSetting.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Named, named
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import settings
from ..errors import ServiceSettingNotFound
from ..records import SETTINGS, Setting


def _id(ctx: Context, text: str) -> str:
    """The id of a setting, of its id or ARN."""
    id = _read(ctx, text)
    if not settings.known(id):
        raise ServiceSettingNotFound
    return id


def _read(ctx: Context, text: str) -> str:
    return text.removeprefix(ctx.arn("ssm", "servicesetting"))


def _by_id(ctx: Context, req: dict[str, Any]) -> Named:
    return named(ctx.arn("ssm", f"servicesetting{_read(ctx, req['SettingId'])}"), ctx.account)


def _shape(tx: Reader, ctx: Context, id: str) -> dict[str, Any]:
    kept = tx.get(SETTINGS, (ctx.account, ctx.region, id))
    return {
        "SettingId": id,
        "SettingValue": kept.value if kept else settings.default(id),
        "LastModifiedDate": kept.modified if kept else 0,
        "LastModifiedUser": kept.user if kept else "System",
        "ARN": ctx.arn("ssm", f"servicesetting{id}"),
        "Status": "Customized" if kept else "Default",
    }


@operation("ssm", "GetServiceSetting", resource=_by_id)
def get_service_setting(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The value of a setting. The date of a setting that was never changed is not known."""
    with ctx.read() as tx:
        return {"ServiceSetting": _shape(tx, ctx, _id(ctx, req["SettingId"]))}


@operation("ssm", "UpdateServiceSetting", resource=_by_id)
def update_service_setting(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a setting."""
    id, value = _id(ctx, req["SettingId"]), req["SettingValue"]
    if not settings.allowed(id, value):
        raise ValidationError(f"The value {value} is not valid for the setting {id}.")  # not confirmed
    if id != settings.DEFAULT_TIER:
        ctx.recorded("SettingValue")
    with ctx.write() as tx:
        made = Setting(account=ctx.account, region=ctx.region, id=id, value=value, modified=ctx.now(), user=ctx.principal.arn)  # fmt: skip # noqa: E501
        tx.put(SETTINGS, made)
    return {}


@operation("ssm", "ResetServiceSetting", resource=_by_id)
def reset_service_setting(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give a setting its default value back."""
    id = _id(ctx, req["SettingId"])
    with ctx.write() as tx:
        tx.delete(SETTINGS, (ctx.account, ctx.region, id))
        return {"ServiceSetting": _shape(tx, ctx, id)}
