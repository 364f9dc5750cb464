"""Tags of alarms and dashboards.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from fogbank.core.tagging import tag_operations
from fogbank.store.api import Transaction

from ..arns import require_tagged, tagged
from ..records import ALARMS, DASHBOARDS, Alarm, Dashboard


def _put(tx: Transaction, found: Alarm | Dashboard) -> None:
    if isinstance(found, Alarm):
        tx.put(ALARMS, found)
    else:
        tx.put(DASHBOARDS, found)


tag_resource, untag_resource, list_tags_for_resource = tag_operations(
    "cloudwatch", __name__, tagged, lambda tx, ctx, req: require_tagged(tx, ctx, req["ResourceARN"]), _put
)
