"""The condition keys of DynamoDB's actions: `arns.py` gives them with the items that a request names.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

from fogbank.core.conditions import Keys

KEYS = Keys(
    "dynamodb",
    {},
    given=("dynamodb:Attributes", "dynamodb:EnclosingOperation", "dynamodb:FullTableScan", "dynamodb:LeadingKeys",
           "dynamodb:ReturnConsumedCapacity", "dynamodb:ReturnValues", "dynamodb:Select"),
)  # fmt: skip
