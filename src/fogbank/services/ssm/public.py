"""The public parameters that AWS publishes under /aws/service/: the same for every account, and read-only.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html

The regions are real. The ids of images are those of EC2's public images (`core/public_images.py`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from fogbank.core import regions
from fogbank.core.public_images import image_id

from . import rules
from .errors import ParameterVersionNotFound
from .records import Parameter

PREFIX = "/aws/service/"
PUBLISHED = 1735689600.0  # the date of all of them, 2025-01-01; fixed, since clients compare dates


class _Data(msgspec.Struct):
    images: list[str]
    regions: dict[str, dict[str, str]]  # by region code: the parameters below that region


@cache
def _values(region: str) -> dict[str, str]:
    """Every public parameter of a region, in order of the names."""
    text = (Path(__file__).parent / "public_parameters.json").read_text(encoding="utf-8")
    data = msgspec.json.decode(text, type=_Data)
    values = {PREFIX + name: image_id(region, name) for name in data.images}
    for code, facts in data.regions.items():
        place = f"{PREFIX}global-infrastructure/regions/{code}"
        values[place] = code
        values |= {f"{place}/{name}": value for name, value in facts.items()}
        zones = [zone.id for zone in regions.zones(code)]
        values |= {f"{place}/availability-zones/{id}": id for id in zones}
        values |= {f"{PREFIX}global-infrastructure/availability-zones/{id}": id for id in zones}
    values |= {name.removesuffix("/image_id"): _recommended(name, id) for name, id in values.items()
               if name.startswith(f"{PREFIX}ecs/") and name.endswith("/recommended/image_id")}  # fmt: skip
    return dict(sorted(values.items()))


def _recommended(name: str, image: str) -> str:
    """The JSON that ECS publishes of an image.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
    """
    system = "Amazon Linux 2023" if "2023" in name else "Amazon Linux 2"
    kind = name.removeprefix(f"{PREFIX}ecs/optimized-ami/").removesuffix("/recommended/image_id").replace("/", "-")
    made = {"image_id": image, "image_name": f"{kind}-ami-ecs-hvm", "os": system, "schema_version": 1}
    return msgspec.json.encode(made).decode()


def _parameter(region: str, name: str, value: str) -> Parameter:
    return Parameter(
        account="", region=region, name=name, type="String", value=value, version=1, modified=PUBLISHED, user=""
    )


def find(region: str, name: str, chosen: str) -> tuple[Parameter, str] | None:
    """A parameter and the selector that chose it. There is only one version, without labels."""
    value, number = _values(region).get(name), rules.version(chosen)
    if value is None or (chosen and number is None):
        return None
    if chosen and number != 1:
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {chosen} of {name}. Verify the version and try again."
        )
    return _parameter(region, name, value), f":{chosen}" if chosen else ""


def under(region: str, path: str, recursive: bool) -> list[Parameter]:
    """The parameters below a path. A search from the root `/` does not include them."""
    if not path.startswith("/aws"):
        return []
    return [
        _parameter(region, name, value) for name, value in _values(region).items() if rules.under(path, name, recursive)
    ]
