"""Launch templates as parts of other requests: a version is chosen, and its data are merged with the request.

"Any parameters that you specify in RunInstances override the same parameters in the launch template":
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-launch-templates.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.store.api import Reader

from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from .find import LAUNCH_TEMPLATE
from .records import TEMPLATE_VERSIONS, LaunchTemplate, TemplateVersion

DEFAULT, LATEST = "$Default", "$Latest"
RENAMED = {"RamDiskId": "RamdiskId"}  # members that RunInstances spells differently


def number(template: LaunchTemplate, version: str | None) -> int:
    """The number that a version's text means."""
    if not version or version == DEFAULT:
        return template.default
    if version == LATEST:
        return template.latest
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise InvalidParameterValue(f"Invalid launch template version: {version}. The version must be an integer, "
                                    "$Default or $Latest.")  # fmt: skip
    return int(version)


def version(tx: Reader, template: LaunchTemplate, text: str | None) -> TemplateVersion:
    """A version of a launch template."""
    wanted = number(template, text)
    found = tx.get(TEMPLATE_VERSIONS, (template.account, template.region, template.id, wanted))
    if found is None:
        raise NetworkError(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {wanted} for the launch template with ID {template.id}.",
        )
    return found


def check(spec: Mapping[str, Any]) -> None:
    """A launch template is named by its id or its name."""
    if spec.get("LaunchTemplateId") and spec.get("LaunchTemplateName"):
        raise InvalidParameterCombination("You must specify a launch template ID or a launch template name, not both.")
    if not spec.get("LaunchTemplateId") and not spec.get("LaunchTemplateName"):
        raise MissingParameter("You must specify either a launch template ID or a launch template name.")


def named(ctx: Context, spec: dict[str, Any]) -> Named:
    """The launch template of a request, for authorization."""
    check(spec)
    resource = LAUNCH_TEMPLATE.resource(ctx, spec)[0].resource
    assert isinstance(resource, Named)
    return resource


def merged(tx: Reader, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A request of RunInstances with what its launch template has besides."""
    spec = req.get("LaunchTemplate")
    if not spec:
        return req
    check(spec)
    template = LAUNCH_TEMPLATE.require(tx, ctx, spec)
    found = version(tx, template, spec.get("Version"))
    data = {RENAMED.get(member, member): value for member, value in found.data.items()}
    if any(req.get(member) for member in ("SubnetId", "SecurityGroupIds", "SecurityGroups")):
        data = _with_subnet(data, req)
    tags = {each.get("ResourceType"): each for each in data.get("TagSpecifications") or ()}
    for each in req.get("TagSpecifications") or ():
        known = {tag["Key"]: tag for tag in (tags.get(each.get("ResourceType")) or {}).get("Tags") or ()}
        known |= {tag.get("Key"): tag for tag in each.get("Tags") or ()}
        tags[each.get("ResourceType")] = {**each, "Tags": list(known.values())}
    given = {member: value for member, value in req.items() if value not in (None, [], {})}
    return {
        **data, **given, **({"TagSpecifications": list(tags.values())} if tags else {}),
        "TemplateTags": {"aws:ec2launchtemplate:id": template.id, "aws:ec2launchtemplate:version": str(found.number)},
    }  # fmt: skip


def _with_subnet(data: dict[str, Any], req: Mapping[str, Any]) -> dict[str, Any]:
    """A subnet or groups of the request replace those of the template's first interface."""
    interfaces = [dict(each) for each in data.get("NetworkInterfaces") or ()]
    if interfaces and not req.get("NetworkInterfaces") and req.get("SubnetId"):
        interfaces[0]["SubnetId"] = req["SubnetId"]
    return {**data, "NetworkInterfaces": interfaces}
