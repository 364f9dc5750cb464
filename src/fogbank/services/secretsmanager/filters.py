"""The filters of ListSecrets and BatchGetSecretValue.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html

The filters of a request must all pass, and of a filter's values one. A value that begins with ! is one that must not
match: then all such values of the filter have to hold. (How AWS combines those is not confirmed.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .errors import InvalidParameterException
from .records import Secret

_WORDS = re.compile(r"[ /_+=.@!-]+")  # what breaks a value of `all` into words


def passing(secrets: Iterable[Secret], filters: list[dict[str, Any]]) -> list[Secret]:
    """The secrets that pass all filters."""
    for item in filters:
        if not item.get("Key"):
            raise InvalidParameterException("Invalid filter key")
        if not item.get("Values"):
            raise InvalidParameterException(f"Invalid filter values for key: {item['Key']}")
    return [secret for secret in secrets if all(_passes(secret, item["Key"], item["Values"]) for item in filters)]


def _passes(secret: Secret, key: str, values: list[str]) -> bool:
    refused = [value[1:] for value in values if value.startswith("!")]
    wanted = [value for value in values if not value.startswith("!")]
    if any(_matches(secret, key, value) for value in refused):
        return False
    return not wanted or any(_matches(secret, key, value) for value in wanted)


def _matches(secret: Secret, key: str, value: str) -> bool:
    match key:
        case "name":
            return secret.name.startswith(value)
        case "description":
            return secret.description.lower().startswith(value.lower())
        case "tag-key":
            return any(each.startswith(value) for each in secret.tags)
        case "tag-value":
            return any(each.startswith(value) for each in secret.tags.values())
        case "primary-region":
            return secret.primary.startswith(value) and bool(secret.primary)
        case "owning-service":
            return secret.owner.startswith(value) and bool(secret.owner)
    return all(_has_word(secret, word) for word in _WORDS.split(value.lower()) if word)


def _has_word(secret: Secret, word: str) -> bool:
    """Whether a word of an attribute begins with this one."""
    attributes = (secret.name, secret.description, *secret.tags, *secret.tags.values(), secret.primary, secret.owner)
    return any(part.startswith(word) for text in attributes for part in _WORDS.split(text.lower()))
