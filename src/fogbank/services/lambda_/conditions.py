"""The condition keys of Lambda's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
"""

from __future__ import annotations

from fogbank.core.conditions import Asked, Keys, Read, member
from fogbank.network.records import SUBNETS


def _of_vpc(word: str) -> Read:
    def value(asked: Asked) -> list[str] | None:
        return member("VpcConfig", word)(asked) or None

    return value


def _vpcs(asked: Asked) -> list[str] | None:
    """The VPC of the subnets of a request; none if they are not there, or of several."""
    subnets = member("VpcConfig", "SubnetIds")(asked)
    if not isinstance(subnets, list) or not subnets:
        return None
    with asked.ctx.read() as tx:
        found = (tx.get(SUBNETS, (asked.ctx.account, asked.ctx.region, id)) for id in subnets)
        return sorted({subnet.vpc for subnet in found if subnet is not None}) or None


KEYS = Keys(
    "lambda",
    {
        "lambda:CodeSigningConfigArn": member("CodeSigningConfigArn"),
        "lambda:SecurityGroupIds": _of_vpc("SecurityGroupIds"),
        "lambda:SubnetIds": _of_vpc("SubnetIds"),
        "lambda:VpcIds": _vpcs,
    },
    given=("lambda:FunctionArn", "lambda:FunctionUrlAuthType", "lambda:Layer", "lambda:Principal"),
)
