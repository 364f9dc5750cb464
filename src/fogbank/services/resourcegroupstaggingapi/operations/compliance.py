"""What needs tag policies of an organization. No account here belongs to one, so AWS would refuse these calls.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetComplianceSummary.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from ..errors import ConstraintViolationException


def _no_organization() -> ConstraintViolationException:
    """The text is not confirmed."""
    return ConstraintViolationException(
        "The account is not the management account of an organization that has tag policies enabled."
    )


@operation("resourcegroupstaggingapi", "GetComplianceSummary", resource="*")
def get_compliance_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Refused outside an organization."""
    raise _no_organization()


@operation("resourcegroupstaggingapi", "StartReportCreation", resource="*")
def start_report_creation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Refused outside an organization."""
    raise _no_organization()


@operation("resourcegroupstaggingapi", "DescribeReportCreation", resource="*")
def describe_report_creation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Refused outside an organization."""
    raise _no_organization()
