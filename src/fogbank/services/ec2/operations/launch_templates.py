"""Launch templates and their versions.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-launch-templates.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fogbank.core.context import Context
from fogbank.network import vpcs
from fogbank.store.api import Reader, Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import shapes, template_data, templates, tokens
from ..compute.find import INSTANCE, LAUNCH_TEMPLATE, TEMPLATE, TEMPLATE_NAME
from ..compute.records import LAUNCH_TEMPLATES, TEMPLATE_VERSIONS, LaunchTemplate, TemplateVersion
from ..errors import InvalidParameterCombination, InvalidParameterValue, NetworkError
from ..filters import Filters, page
from ..kinds import creates, on

NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
MOST, MOST_VERSIONS = 5000, 10000
PAGE = 200


def _shape(found: LaunchTemplate) -> Answer:
    return {
        "LaunchTemplateId": found.id,
        "LaunchTemplateName": found.name,
        "CreateTime": found.created,
        "CreatedBy": found.creator,
        "DefaultVersionNumber": found.default,
        "LatestVersionNumber": found.latest,
        **({"Tags": tags.listed(found.tags)} if found.tags else {}),
        "Operator": {"Managed": False},
    }


def _version_shape(template: LaunchTemplate, found: TemplateVersion) -> Answer:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": found.number,
        **({"VersionDescription": found.description} if found.description else {}),
        "CreateTime": found.created,
        "CreatedBy": found.creator,
        "DefaultVersion": found.number == template.default,
        "LaunchTemplateData": found.data,
        "Operator": {"Managed": False},
    }


@action("CreateLaunchTemplate", resource=creates(TEMPLATE))
def create_launch_template(ctx: Context, req: Request) -> Answer:
    """Create a launch template with its first version."""
    given = tags.created(req, "launch-template")
    name = req["LaunchTemplateName"]
    if not NAME.fullmatch(name):
        raise NetworkError(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
            "following characters: - ( ) . / _",
        )
    data = template_data.check(req["LaunchTemplateData"])

    def make(tx: Transaction) -> Answer:
        if TEMPLATE_NAME.seen(tx, ctx, name) is not None:
            raise NetworkError(
                "InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use."
            )
        if tx.count(LAUNCH_TEMPLATES, (ctx.account, ctx.region)) >= MOST:
            raise NetworkError("LaunchTemplateLimitExceeded", "The maximum number of launch templates is reached.")
        template = LaunchTemplate(**vpcs.common(ctx, "lt", given), name=name, creator=ctx.principal.arn)
        tx.put(LAUNCH_TEMPLATES, template)
        tx.put(TEMPLATE_VERSIONS, _version(ctx, template, 1, data, req))
        return {"LaunchTemplate": _shape(template)}

    with ctx.write() as tx:
        return tokens.once(tx, ctx, req, make)


def _version(ctx: Context, template: LaunchTemplate, number: int, data: Request, req: Request) -> TemplateVersion:
    return TemplateVersion(
        account=template.account, region=template.region, template=template.id, number=number, created=ctx.now(),
        creator=ctx.principal.arn, data=data, description=req.get("VersionDescription") or "",
    )  # fmt: skip


@action("CreateLaunchTemplateVersion", resource=LAUNCH_TEMPLATE.resource)
def create_launch_template_version(ctx: Context, req: Request) -> Answer:
    """Create a version: of the data alone, or of another version with changes."""
    templates.check(req)
    data = template_data.check(req["LaunchTemplateData"])

    def make(tx: Transaction) -> Answer:
        template = LAUNCH_TEMPLATE.require(tx, ctx, req)
        if req.get("SourceVersion"):
            source = templates.version(tx, template, req["SourceVersion"])
            changed = {**source.data, **data}
        else:
            changed = data
        if tx.count(TEMPLATE_VERSIONS, LAUNCH_TEMPLATES.key(template)) >= MOST_VERSIONS:
            raise NetworkError("VersionLimitExceeded", "The maximum number of launch template versions is reached.")
        template.latest += 1
        made = _version(ctx, template, template.latest, changed, req)
        tx.put(LAUNCH_TEMPLATES, template)
        tx.put(TEMPLATE_VERSIONS, made)
        return {"LaunchTemplateVersion": _version_shape(template, made)}

    with ctx.write() as tx:
        return tokens.once(tx, ctx, req, make)


@action("ModifyLaunchTemplate", resource=LAUNCH_TEMPLATE.resource)
def modify_launch_template(ctx: Context, req: Request) -> Answer:
    """Choose the default version."""
    templates.check(req)
    with ctx.write() as tx:
        template = LAUNCH_TEMPLATE.require(tx, ctx, req)
        if req.get("DefaultVersion"):
            template.default = templates.version(tx, template, req["DefaultVersion"]).number
            tx.put(LAUNCH_TEMPLATES, template)
    return {"LaunchTemplate": _shape(template)}


@action("DeleteLaunchTemplate", resource=LAUNCH_TEMPLATE.resource)
def delete_launch_template(ctx: Context, req: Request) -> Answer:
    """Delete a launch template with all versions."""
    templates.check(req)
    with ctx.write() as tx:
        template = LAUNCH_TEMPLATE.require(tx, ctx, req)
        for found in list(tx.scan(TEMPLATE_VERSIONS, LAUNCH_TEMPLATES.key(template))):
            tx.delete(TEMPLATE_VERSIONS, TEMPLATE_VERSIONS.key(found))
        tx.delete(LAUNCH_TEMPLATES, LAUNCH_TEMPLATES.key(template))
    return {"LaunchTemplate": _shape(template)}


@action("DeleteLaunchTemplateVersions", resource=LAUNCH_TEMPLATE.resource)
def delete_launch_template_versions(ctx: Context, req: Request) -> Answer:
    """Delete versions, but not the default one. Each that cannot be deleted has an error of its own."""
    templates.check(req)
    if len(req["Versions"]) > PAGE:
        raise InvalidParameterValue(f"You can delete up to {PAGE} versions in a single request.")
    gone: list[Answer] = []
    kept: list[Answer] = []
    with ctx.write() as tx:
        template = LAUNCH_TEMPLATE.require(tx, ctx, req)
        base = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        for text in req["Versions"]:
            number = templates.number(template, text)
            if number == template.default:
                raise InvalidParameterValue("Cannot delete the default version.")
            if tx.delete(TEMPLATE_VERSIONS, (*LAUNCH_TEMPLATES.key(template), number)):
                gone.append({**base, "VersionNumber": number})
            else:
                code, message = "launchTemplateVersionDoesNotExist", f"The version {number} does not exist."
                kept.append({**base, "VersionNumber": number, "ResponseError": {"Code": code, "Message": message}})
    return {"SuccessfullyDeletedLaunchTemplateVersions": gone, "UnsuccessfullyDeletedLaunchTemplateVersions": kept}


# -- descriptions ------------------------------------------------------------------------------------------------------

FILTERS: Filters[LaunchTemplate] = Filters(
    {"create-time": lambda found: shapes.stamp(found.created), "launch-template-name": "name"}
)


@action("DescribeLaunchTemplates", resource="*")
def describe_launch_templates(ctx: Context, req: Request) -> Answer:
    """Describe launch templates."""
    test = FILTERS.test(req.get("Filters"))
    ids, names = req.get("LaunchTemplateIds"), req.get("LaunchTemplateNames")
    if ids and names:
        raise InvalidParameterCombination("You must specify launch template IDs or launch template names, not both.")
    with ctx.read() as tx:
        if ids:
            found = TEMPLATE.all(tx, ctx, ids)
        elif names:
            found = TEMPLATE_NAME.all(tx, ctx, names)
        else:
            found = list(tx.scan(LAUNCH_TEMPLATES, (ctx.account, ctx.region)))
    passed = sorted((each for each in found if test is None or test(each)), key=lambda each: each.id)
    return page(ctx, req, passed, key=lambda each: each.id, into="LaunchTemplates", shape=_shape, least=1)


def _data(member: str) -> Any:
    return lambda found: found.data.get(member)


def _metadata(member: str) -> Any:
    return lambda found: (found.data.get("MetadataOptions") or {}).get(member)


def _profile(found: TemplateVersion) -> str | None:
    spec = found.data.get("IamInstanceProfile") or {}
    return spec.get("Arn") or spec.get("Name")


VERSION_FILTERS: Filters[TemplateVersion] = Filters(
    {
        "create-time": lambda found: shapes.stamp(found.created),
        "ebs-optimized": _data("EbsOptimized"),
        "http-endpoint": _metadata("HttpEndpoint"),
        "http-protocol-ipv4": lambda found: None,
        "http-tokens": _metadata("HttpTokens"),
        "host-resource-group-arn": lambda found: (found.data.get("Placement") or {}).get("HostResourceGroupArn"),
        "iam-instance-profile": _profile,
        "image-id": _data("ImageId"),
        "instance-type": _data("InstanceType"),
        "kernel-id": _data("KernelId"),
        "license-configuration-arn": lambda found: [
            each.get("LicenseConfigurationArn") for each in found.data.get("LicenseSpecifications") or ()
        ],
        "network-card-index": lambda found: [
            each.get("NetworkCardIndex") for each in found.data.get("NetworkInterfaces") or ()
        ],
        "ram-disk-id": _data("RamDiskId"),
    },
    tags=False,
)


def _described(ctx: Context, req: Request) -> Any:
    """Versions of one template are authorised on everything, as all descriptions are."""
    for member, kind in (("LaunchTemplateId", TEMPLATE), ("LaunchTemplateName", TEMPLATE_NAME)):
        if req.get(member):
            kind.name(ctx, req[member])
    return "*"


@action("DescribeLaunchTemplateVersions", resource=_described)
def describe_launch_template_versions(ctx: Context, req: Request) -> Answer:
    """Versions of one launch template, or the default or latest ones of all."""
    given = list(req.get("Filters") or ())
    defaults = next((each for each in given if each.get("Name") == "is-default-version"), None)
    test = VERSION_FILTERS.test([each for each in given if each is not defaults])
    wanted = {str(value).lower() for value in (defaults or {}).get("Values") or ()}
    with ctx.read() as tx:
        pairs = list(_versions(tx, ctx, req))
    passed = [
        (template, found) for template, found in pairs
        if (test is None or test(found))
        and (not wanted or ("true" if found.number == template.default else "false") in wanted)
    ]  # fmt: skip
    passed.sort(key=lambda pair: (pair[0].id, -pair[1].number))
    return page(
        ctx, req, passed, key=lambda pair: (pair[0].id, -pair[1].number), into="LaunchTemplateVersions",
        shape=lambda pair: _version_shape(*pair), least=1,
    )  # fmt: skip


def _versions(tx: Reader, ctx: Context, req: Request) -> Iterable[tuple[LaunchTemplate, TemplateVersion]]:
    named = req.get("LaunchTemplateId") or req.get("LaunchTemplateName")
    texts = req.get("Versions") or []
    if not named:
        if not texts or not set(texts) <= {templates.DEFAULT, templates.LATEST}:
            raise InvalidParameterCombination(
                "To describe all launch templates, specify only $Latest, $Default, or both as versions."
            )
        for template in tx.scan(LAUNCH_TEMPLATES, (ctx.account, ctx.region)):
            for number in {templates.number(template, text) for text in texts}:
                yield template, templates.version(tx, template, str(number))
        return
    templates.check(req)
    template = LAUNCH_TEMPLATE.require(tx, ctx, req)
    if texts:
        for number in dict.fromkeys(templates.number(template, text) for text in texts):
            yield template, templates.version(tx, template, str(number))
        return
    least, most = (req.get(member) for member in ("MinVersion", "MaxVersion"))
    first = templates.number(template, least) if least else 0
    last = templates.number(template, most) if most else template.latest
    for found in tx.scan(TEMPLATE_VERSIONS, LAUNCH_TEMPLATES.key(template)):
        if first <= found.number <= last:
            yield template, found


@action("GetLaunchTemplateData", resource=on((INSTANCE, "InstanceId")))
def get_launch_template_data(ctx: Context, req: Request) -> Answer:
    """The data of a launch template that would launch an instance like this one."""
    with ctx.read() as tx:
        return {"LaunchTemplateData": template_data.of_instance(tx, ctx, INSTANCE.require(tx, ctx, req["InstanceId"]))}
