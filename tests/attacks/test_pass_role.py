"""Every operation that gives a role to a service asks iam:PassRole on it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.core import services
from fogbank.core.errors import AccessDenied, ServiceError
from fogbank.core.operation import Access
from fogbank.wire.shapes import Shape

from . import building as build
from .world import STRANGER, World, trust

_ROLE = re.compile(r"role(arn)?|.*rolearn|.*credentials", re.I)
# members of that name that give no role to a service
_NOT = {
    ("sts", "RoleArn"),  # is assumed, by the caller
    ("iam", "RoleArn"),
    ("cloudformation", "RoleArn"),
    ("cloudformation", "AdministrationRoleARN"),
}


def _members(shape: Shape | None, deep: int = 4) -> Iterator[tuple[str, ...]]:
    if shape is None or not deep:
        return
    if shape.type == "structure":
        for name, ref in shape.members.items():
            if _ROLE.fullmatch(name) and ref.shape.type == "string":
                yield (name,)
            yield from ((name, *rest) for rest in _members(ref.shape, deep - 1))
    elif shape.type in ("list", "map"):
        inside = shape.member.shape if shape.type == "list" else shape.value.shape
        yield from (("*", *rest) for rest in _members(inside, deep - 1))


def _cases() -> Iterator[Any]:
    for service in services.built():
        loaded = services.load(service)
        assert loaded is not None
        for name in sorted(loaded.operations):
            for path in _members(build.operation(service, name).input_shape):
                if (service, path[-1]) not in _NOT:
                    yield pytest.param(service, name, path, id=f"{service}-{name}-{'.'.join(path)}")


@pytest.mark.parametrize(("service", "name", "path"), list(_cases()))
def test_a_role_that_is_given_must_be_passed(world: World, service: str, name: str, path: tuple[str, ...]) -> None:
    loaded = services.load(service)
    assert loaded is not None
    operation = loaded.operations[name]
    shape = build.operation(service, name).input_shape
    assert shape is not None and operation.resource is not None
    for role, mine in ((world.role, True), (world.role.replace(world.owner.account, STRANGER), False)):
        request = _named(world, service, build.minimal(shape))
        build.put(shape, request, path, role)
        try:
            needed = operation.resource(world.context(world.owner, operation), request)
        except AccessDenied as error:
            assert not mine and "Cross-account pass role is not allowed" in error.message
            continue
        asked = [needed] if isinstance(needed, str | Access) else list(needed)
        passed = [each.resource for each in asked if isinstance(each, Access) and each.action == "iam:PassRole"]
        assert mine and passed == [world.role]


def _named(world: World, service: str, request: dict[str, Any]) -> dict[str, Any]:
    """The victim's things where a request must name some."""
    return {member: world.texts.get((service, member), [value])[0] for member, value in request.items()}


def test_an_administrator_who_may_not_pass_roles_makes_no_function(world: World) -> None:
    who = world.without("iam:PassRole")
    with pytest.raises(ServiceError, match="iam:PassRole"):
        world.call(who, "lambda", "CreateFunction", FunctionName="f", Role=world.role, Runtime="python3.12",
                   Handler="a.b", Code={"ZipFile": b""})  # fmt: skip


_SPELLED = [
    "arn:aws-cn:iam::{0}:role/deep/Keeper",
    "arn::iam::{0}:role/deep/Keeper",
    "arn:aws:iam:us-east-1:{0}:role/deep/Keeper",
    "arn:aws:iam::{0}:role/Keeper",
    "arn:aws:iam::{0}:role/deep/keeper",
    "arn:aws:iam::{0}:role//deep/Keeper",
]


@pytest.mark.parametrize("spelled", _SPELLED)
def test_a_role_is_passed_by_its_very_arn(world: World, spelled: str) -> None:
    arn = spelled.format(world.owner.account)
    with pytest.raises(ServiceError):
        world.own("lambda", "CreateFunction", FunctionName="g", Role=arn, Runtime="python3.12", Handler="a.b",
                  Code={"ZipFile": b"x"})  # fmt: skip


def test_trust_is_of_the_role_that_stands_now(world: World) -> None:
    """A session of a deleted role has no rights, nor when another role took its name."""
    own = world.own
    own("iam", "CreateRole", RoleName="Short", AssumeRolePolicyDocument=trust(AWS=world.owner.account))
    boss = world._user("assumer", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    arn = f"arn:aws:iam::{world.owner.account}:role/Short"
    key = world.call(boss, "sts", "AssumeRole", RoleArn=arn, RoleSessionName="s")["Credentials"]["AccessKeyId"]
    assert world.app.authenticator.credential(key) is not None
    own("iam", "DeleteRole", RoleName="Short")
    assert world.app.authenticator.credential(key) is None
    own("iam", "CreateRole", RoleName="Short", AssumeRolePolicyDocument=trust(AWS=world.owner.account))
    assert world.app.authenticator.credential(key) is None
