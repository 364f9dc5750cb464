"""The condition keys of Lambda's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html

lambda:VpcIds is not supplied: there are no subnets here that would tell the VPC.
"""

from __future__ import annotations

from fogbank.core.conditions import Asked, Keys, Read, member


def _of_vpc(word: str) -> Read:
    def value(asked: Asked) -> list[str] | None:
        return member("VpcConfig", word)(asked) or None

    return value


KEYS = Keys(
    "lambda",
    {
        "lambda:CodeSigningConfigArn": member("CodeSigningConfigArn"),
        "lambda:SecurityGroupIds": _of_vpc("SecurityGroupIds"),
        "lambda:SubnetIds": _of_vpc("SubnetIds"),
    },
    given=("lambda:FunctionArn", "lambda:FunctionUrlAuthType", "lambda:Layer", "lambda:Principal"),
)
