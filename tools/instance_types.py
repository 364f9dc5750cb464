"""Write services/ec2/compute/instance_types.json.gz: what AWS's DescribeInstanceTypes says of each instance type.

python tools/instance_types.py FILE       (`moto/ec2/resources/instance_types.json.gz` of an unpacked moto wheel)

moto (Apache-2.0) carries AWS's answers for us-east-1. Most members have few values that many types share, so each value
is kept once, and a type is a list of numbers. `fogbank.services.ec2.compute.instance_types` reads the file.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "src/fogbank/services/ec2/compute/instance_types.json.gz"


def compact(known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The members, the values of each, and for each type the number of its value of each member (-1: it has none)."""
    members = sorted({member for found in known.values() for member in found} - {"InstanceType"})
    values: dict[str, list[str]] = {member: [] for member in members}
    types = {}
    for name, found in sorted(known.items()):
        row = []
        for member in members:
            text = json.dumps(found[member], sort_keys=True) if member in found else ""
            if text and text not in values[member]:
                values[member].append(text)
            row.append(values[member].index(text) if text else -1)
        types[name] = row
    return {
        "members": members,
        "values": [[json.loads(text) for text in values[member]] for member in members],
        "types": types,
    }


def main() -> None:
    known = json.loads(gzip.decompress(Path(sys.argv[1]).read_bytes()))
    text = json.dumps(compact(known), separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(known)} types, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
