"""What KMS takes for tags. https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html"""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.core.tagging import Names

from .errors import TagException
from .records import Key

NAMES = Names(list="ListResourceTags", key="TagKey", value="TagValue")


def check_tags(key: Key | None, given: Mapping[str, str]) -> None:
    """Raise TagException for keys that are AWS's."""
    if any(name.lower().startswith("aws:") for name in given):
        raise TagException("Tag keys that begin with aws: are reserved.")
