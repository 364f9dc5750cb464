"""Patch baselines and patch groups. They are kept: nothing is patched.

https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-patch-baselines.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.errors import NotBuilt
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import things
from ..errors import (
    AlreadyExistsException,
    InvalidNextToken,
    InvalidResourceId,
    ResourceInUseException,
    ResourceLimitExceededException,
)
from ..kinds import BASELINE
from ..things import Thing, given

QUOTA = "L-218CDBD4"
_by_id = BASELINE.of("BaselineId")
_MEMBERS = ("OperatingSystem", "Name", "GlobalFilters", "ApprovalRules", "ApprovedPatches",
            "ApprovedPatchesComplianceLevel", "ApprovedPatchesEnableNonSecurity", "RejectedPatches",
            "RejectedPatchesAction", "Description", "Sources", "AvailableSecurityUpdatesComplianceStatus")  # fmt: skip


def _created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access(action, "*") for action in ("", *(["ssm:AddTagsToResource"] if req.get("Tags") else []))]


@operation("ssm", "CreatePatchBaseline", resource=_created, fidelity="recorded")
def create_patch_baseline(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a baseline, with AWS's defaults. A request with the token of an earlier one returns its id."""
    data = {
        "OperatingSystem": "WINDOWS", "ApprovedPatches": [], "RejectedPatches": [], "Sources": [],
        "ApprovedPatchesComplianceLevel": "UNSPECIFIED", "ApprovedPatchesEnableNonSecurity": False,
        "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY", "GlobalFilters": {"PatchFilters": []},
        "ApprovalRules": {"PatchRules": []}, **given(req, *_MEMBERS), "Token": req.get("ClientToken"),
        "PatchGroups": [], "Default": False,
    }  # fmt: skip
    with ctx.write() as tx:
        there = things.all_of(tx, ctx, BASELINE)
        token = req.get("ClientToken")
        made = next((each for each in there if token and each.data.get("Token") == token), None)
        if made is None:
            if quotas.reached(tx, ctx, "ssm", QUOTA, BASELINE.table, (ctx.account, ctx.region)) is not None:
                raise ResourceLimitExceededException
            made = things.make(tx, ctx, BASELINE, f"pb-0{ctx.ids.hex(16)}", data, req.get("Tags"))
    return {"BaselineId": made.id}


def _shape(thing: Thing) -> dict[str, Any]:
    return {
        "BaselineId": thing.id,
        **given(thing.data, *_MEMBERS, "PatchGroups"),
        "CreatedDate": thing.created,
        "ModifiedDate": thing.changed,
    }


@operation("ssm", "GetPatchBaseline", resource=_by_id, fidelity="recorded")
def get_patch_baseline(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A baseline."""
    with ctx.read() as tx:
        return _shape(BASELINE.require(tx, ctx, req["BaselineId"]))


@operation("ssm", "UpdatePatchBaseline", resource=_by_id, fidelity="recorded")
def update_patch_baseline(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a baseline. With Replace, members that the request leaves out are removed."""
    with ctx.write() as tx:
        found = BASELINE.require(tx, ctx, req["BaselineId"])
        if req.get("Replace"):
            found.data = given(found.data, "Name", "OperatingSystem", "PatchGroups", "Default", "Token")
        changed = given(req, *(name for name in _MEMBERS if name != "OperatingSystem"))
        shown = _shape(things.change(tx, ctx, BASELINE, found, changed))
    return {name: value for name, value in shown.items() if name != "PatchGroups"}


@operation("ssm", "DeletePatchBaseline", resource=_by_id, fidelity="recorded")
def delete_patch_baseline(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a baseline that no patch group uses. An id that is not there is returned all the same."""
    with ctx.write() as tx:
        found = BASELINE.find(tx, ctx, req["BaselineId"])
        if found is not None:
            if found.data["PatchGroups"]:  # the text is not confirmed
                raise ResourceInUseException(f"The patch baseline {found.id} is in use.")
            things.drop(tx, BASELINE, found)
    return {"BaselineId": req["BaselineId"]}


def _identity(thing: Thing) -> dict[str, Any]:
    shown = {"BaselineId": thing.id, "BaselineName": thing.data["Name"], "DefaultBaseline": thing.data["Default"]}
    description = {"BaselineDescription": thing.data["Description"]} if thing.data.get("Description") else {}
    return {**shown, "OperatingSystem": thing.data["OperatingSystem"], **description}


@operation("ssm", "DescribePatchBaselines", resource="*", fidelity="recorded")
def describe_patch_baselines(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The baselines of the account. AWS's own are not among them."""
    wanted = things.filters(req)
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, BASELINE)
    names = {"NAME_PREFIX": "Name", "OPERATING_SYSTEM": "OperatingSystem"}
    found = [
        each for each in there
        if all(any(str(each.data[names[key]]).startswith(value) for value in values)
               for key, values in wanted.items() if key in names)
        and ("Self" in wanted.get("OWNER", ["Self"]))
    ]  # fmt: skip
    pages = Pages(ctx, InvalidNextToken)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 100, lambda each: each.id)
    return {"BaselineIdentities": [_identity(each) for each in shown], **more}


# -- groups ------------------------------------------------------------------------------------------------------------


def _of_group(tx: Reader, ctx: Context, group: str, system: str) -> Thing | None:
    for each in things.all_of(tx, ctx, BASELINE):
        if group in each.data["PatchGroups"] and each.data["OperatingSystem"] == system:
            return each
    return None


@operation("ssm", "RegisterPatchBaselineForPatchGroup", resource=_by_id, fidelity="recorded")
def register_patch_baseline_for_patch_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Let a patch group use a baseline. For each operating system it has one."""
    with ctx.write() as tx:
        found = BASELINE.require(tx, ctx, req["BaselineId"])
        other = _of_group(tx, ctx, req["PatchGroup"], found.data["OperatingSystem"])
        if other is not None:
            raise AlreadyExistsException(
                f"Patch Group baseline already has a baseline registered for OperatingSystem "
                f"{found.data['OperatingSystem']}."
            )
        things.change(tx, ctx, BASELINE, found, {"PatchGroups": [*found.data["PatchGroups"], req["PatchGroup"]]})
    return {"BaselineId": found.id, "PatchGroup": req["PatchGroup"]}


@operation("ssm", "DeregisterPatchBaselineForPatchGroup", resource=_by_id, fidelity="recorded")
def deregister_patch_baseline_for_patch_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """End that."""
    with ctx.write() as tx:
        found = BASELINE.find(tx, ctx, req["BaselineId"])
        if found is None or req["PatchGroup"] not in found.data["PatchGroups"]:
            raise InvalidResourceId("Patch Baseline to be retrieved does not exist.")  # not confirmed
        left = [group for group in found.data["PatchGroups"] if group != req["PatchGroup"]]
        things.change(tx, ctx, BASELINE, found, {"PatchGroups": left})
    return {"BaselineId": found.id, "PatchGroup": req["PatchGroup"]}


@operation("ssm", "GetPatchBaselineForPatchGroup", resource="*", fidelity="recorded")
def get_patch_baseline_for_patch_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The baseline of a group. Without one of its own AWS would answer with the default one."""
    system = req.get("OperatingSystem") or "WINDOWS"
    with ctx.read() as tx:
        found = _of_group(tx, ctx, req["PatchGroup"], system) or _default(tx, ctx, system)
    shown = {"BaselineId": found.id} if found is not None else {}
    return {**shown, "PatchGroup": req["PatchGroup"], "OperatingSystem": system}


@operation("ssm", "DescribePatchGroups", resource="*", fidelity="recorded")
def describe_patch_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The groups that have a baseline."""
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, BASELINE)
    found = [
        {"PatchGroup": group, "BaselineIdentity": _identity(each)}
        for each in there for group in each.data["PatchGroups"]
    ]  # fmt: skip
    found.sort(key=lambda mapping: str(mapping["PatchGroup"]))
    pages = Pages(ctx, InvalidNextToken)
    shown, more = pages.by_position(found, req.get("NextToken"), req.get("MaxResults") or 100)
    return {"Mappings": shown, **more}


# -- the default baseline ----------------------------------------------------------------------------------------------


def _default(tx: Reader, ctx: Context, system: str) -> Thing | None:
    there = things.all_of(tx, ctx, BASELINE)
    return next((each for each in there if each.data["Default"] and each.data["OperatingSystem"] == system), None)


@operation("ssm", "RegisterDefaultPatchBaseline", resource=_by_id, fidelity="recorded")
def register_default_patch_baseline(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a baseline the default one of its operating system."""
    with ctx.write() as tx:
        found = BASELINE.require(tx, ctx, req["BaselineId"])
        before = _default(tx, ctx, found.data["OperatingSystem"])
        if before is not None:
            things.change(tx, ctx, BASELINE, before, {"Default": False})
        found = BASELINE.require(tx, ctx, req["BaselineId"]) if before is not None else found
        things.change(tx, ctx, BASELINE, found, {"Default": True})
    return {"BaselineId": found.id}


@operation("ssm", "GetDefaultPatchBaseline", resource="*", fidelity="recorded")
def get_default_patch_baseline(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The default baseline of an operating system. AWS's own, with which an account begins, is not built."""
    system = req.get("OperatingSystem") or "WINDOWS"
    with ctx.read() as tx:
        found = _default(tx, ctx, system)
    if found is None:
        raise NotBuilt("ssm", ctx.operation)
    return {"BaselineId": found.id, "OperatingSystem": system}
