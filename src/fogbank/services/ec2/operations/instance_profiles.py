"""Associations of instances with instance profiles.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/attach-iam-role.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from ..calls import Answer, Request, action
from ..compute import instance_shapes, profiles
from ..compute.find import INSTANCE
from ..compute.records import INSTANCES, Instance
from ..errors import InvalidParameterValue, NetworkError
from ..filters import Filters, page


def _shape(found: Instance, state: str = "associated") -> Answer:
    assert found.profile is not None
    return {
        "AssociationId": found.profile.id,
        "InstanceId": found.id,
        "IamInstanceProfile": instance_shapes.profile(found.profile),
        "State": state,
        "Timestamp": found.profile.at,
    }


def _holder(tx: Reader, ctx: Context, id: str) -> Instance | None:
    return tx.first(INSTANCES, "profile", (ctx.account, ctx.region, id))


def _held(tx: Reader, ctx: Context, id: str) -> Instance:
    """The instance of an association, which authorization resolved."""
    found = _holder(tx, ctx, id)
    if found is None:
        raise NetworkError("InvalidAssociationID.NotFound", f"An invalid association-id of '{id}' was given")
    return INSTANCE.require(tx, ctx, found.id)


def _by_association(ctx: Context, req: Request) -> list[Access]:
    with ctx.read() as tx:
        found = _holder(tx, ctx, req.get("AssociationId") or "")
    named = INSTANCE.new(ctx) if found is None else INSTANCE.name(ctx, found.id)
    return [Access("", named), *profiles.passed(ctx, req.get("IamInstanceProfile"))]


def _by_instance(ctx: Context, req: Request) -> list[Access]:
    named = INSTANCE.name(ctx, req.get("InstanceId") or "")
    return [Access("", named), *profiles.passed(ctx, req.get("IamInstanceProfile"))]


@action("AssociateIamInstanceProfile", resource=_by_instance)
def associate_iam_instance_profile(ctx: Context, req: Request) -> Answer:
    """Give an instance without a profile one."""
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        if found.state in ("shutting-down", "terminated"):
            raise NetworkError("IncorrectInstanceState", f"The instance '{found.id}' is terminated.")
        if found.profile is not None:
            raise NetworkError("IncorrectState", f"There is an existing association for instance {found.id}")
        found.profile = profiles.associate(tx, ctx, req["IamInstanceProfile"])
        if found.profile is None:
            raise InvalidParameterValue("The request must name an instance profile.")
        tx.put(INSTANCES, found)
    return {"IamInstanceProfileAssociation": _shape(found, "associating")}


@action("ReplaceIamInstanceProfileAssociation", resource=_by_association)
def replace_iam_instance_profile_association(ctx: Context, req: Request) -> Answer:
    """Give an instance another profile."""
    with ctx.write() as tx:
        found = _held(tx, ctx, req["AssociationId"])
        found.profile = profiles.associate(tx, ctx, req["IamInstanceProfile"])
        if found.profile is None:
            raise InvalidParameterValue("The request must name an instance profile.")
        tx.put(INSTANCES, found)
    return {"IamInstanceProfileAssociation": _shape(found, "associating")}


@action("DisassociateIamInstanceProfile", resource=_by_association)
def disassociate_iam_instance_profile(ctx: Context, req: Request) -> Answer:
    """Take the profile from an instance."""
    with ctx.write() as tx:
        found = _held(tx, ctx, req["AssociationId"])
        answer = _shape(found, "disassociating")
        found.profile = None
        tx.put(INSTANCES, found)
    return {"IamInstanceProfileAssociation": answer}


FILTERS: Filters[Instance] = Filters({"instance-id": "id", "state": lambda found: "associated"}, tags=False)


@action("DescribeIamInstanceProfileAssociations", resource="*")
def describe_iam_instance_profile_associations(ctx: Context, req: Request) -> Answer:
    """The associations of instances with profiles."""
    test = FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        named = req.get("AssociationIds")
        if named:
            found = [each for id in named if (each := _holder(tx, ctx, id)) is not None]
        else:
            found = [each for each in tx.scan(INSTANCES, (ctx.account, ctx.region)) if each.profile is not None]
    passed = [each for each in found if test is None or test(each)]
    return page(
        ctx, req, passed, key=lambda each: each.id, into="IamInstanceProfileAssociations", shape=_shape, least=5
    )
