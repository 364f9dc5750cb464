"""The condition keys of HTTP and WebSocket APIs: the tags of what a URL's path names.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html

The parts of an API have the tags of the API, a stage its own besides. Those of custom domain names are apigateway's to
supply. The keys of requests and of configurations (`apigateway:Request/…`, `apigateway:Resource/…`) are not supplied.
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.conditions import tag_keys
from fogbank.store.api import Table

from .records import APIS, STAGES, VPC_LINKS

TABLES: dict[str, Table[Any]] = {"apis": APIS, "vpclinks": VPC_LINKS}


KEYS = tag_keys(TABLES, "apis", STAGES, lambda record: record.tags)
