"""The condition keys of API Gateway's control plane: the tags of what a URL's path names.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html

The parts of an API have the tags of the API, a stage its own besides, the parts of a domain name or usage plan those of
that. https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
The keys of requests and of configurations (`apigateway:Request/…`, `apigateway:Resource/…`) are not supplied.
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.conditions import tag_keys
from fogbank.apis.domains import DOMAINS
from fogbank.store.api import Table

from .records import APIS, CERTIFICATES, PLANS, STAGES, VPC_LINKS
from .records import KEYS as API_KEYS

TABLES: dict[str, Table[Any]] = {
    "restapis": APIS,
    "apikeys": API_KEYS,
    "usageplans": PLANS,
    "domainnames": DOMAINS,
    "vpclinks": VPC_LINKS,
    "clientcertificates": CERTIFICATES,
}


KEYS = tag_keys(TABLES, "restapis", STAGES, lambda record: record.shape.get("tags") or {})
