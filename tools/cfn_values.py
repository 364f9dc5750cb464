"""The forms of the values that AWS makes for resources: ids from the patterns of a schema, ARNs from IAM's tables.

A form is text with two kinds of places: `<x17>` stands for 17 characters of an alphabet (d digits, x hexadecimal, l
letters, a letters and digits, A capitals and digits), and `${Region}` for a value that is known when the resource is
made. `fogbank.services.cloudformation.recorded` fills them in.
"""

from __future__ import annotations

import json
import re
import re._constants as op  # the parser of patterns that the standard library has
import re._parser as patterns
from functools import cache
from pathlib import Path
from typing import Any

ACTIONS = Path(__file__).parents[1] / "src" / "fogbank" / "auth" / "actions"
DIGITS = set("0123456789")
HEX = DIGITS | set("abcdef")
LOWER = set("abcdefghijklmnopqrstuvwxyz")
UPPER = {letter.upper() for letter in LOWER}
PLAIN = LOWER | DIGITS
CATEGORIES = {op.CATEGORY_DIGIT: DIGITS, op.CATEGORY_WORD: PLAIN | UPPER | {"_"}, op.CATEGORY_SPACE: set()}
SETTLED = ("ACTIVE", "AVAILABLE", "ENABLED", "READY", "CREATED", "COMPLETE", "COMPLETED", "SUCCEEDED", "RUNNING")
SHARED = frozenset(("cloudformation", "cloudwatch", "ec2", "iam", "kms", "logs", "s3", "secretsmanager", "sts", "tag"))
LENGTH = 12  # characters where a pattern leaves the length open

Json = dict[str, Any]


def form_of(name: str, node: Json) -> str:
    """The form of a read-only text, or '' where the schema does not tell."""
    values = [value for value in node.get("enum") or () if isinstance(value, str)]
    if values:
        return next((value for word in SETTLED for value in values if value.upper() == word), values[0])
    if re.search("(?:Time|Timestamp|Date|At|On)$", name):
        return ""
    made = _from_pattern(node.get("pattern", ""))
    if made.startswith("arn"):
        return _arn(made)
    if re.fullmatch("<[adlx][0-9]+>", made) and not name.lower().endswith(("id", "identifier")):
        return ""
    least, most = node.get("minLength", 0), node.get("maxLength", 0)
    if not made and name.endswith("Id") and 0 < most <= 64 and (least == most or most < 36):
        return f"<a{most}>"
    return made


def name_of(node: Json) -> str:
    """The form of the name that a resource gets if its template has none: `<Name64>`, or `<name63>` in lower case."""
    most = min(int(node.get("maxLength") or 255), 255)
    cased = bool(re.search("A-Z|\\\\w|[.][*+]|\\^", node.get("pattern", "A-Z").lstrip("^")))
    return f"<{'Name' if cased else 'name'}{most}>"


def _from_pattern(pattern: str) -> str:
    try:
        return _sequence(patterns.parse(pattern)) or ""
    except (re.error, OverflowError):  # AWS's patterns are Java's
        return ""


def _sequence(nodes: Any) -> str | None:
    made = [_node(*node) for node in nodes]
    return None if None in made else "".join(text or "" for text in made)


def _node(kind: Any, value: Any) -> str | None:
    if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return ""
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.SUBPATTERN:
        return _sequence(value[3])
    if kind is op.BRANCH:
        return next((made for made in map(_sequence, value[1]) if made), None)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        return _repeated(*value)
    return _mark(_characters(kind, value), 1)


def _repeated(least: Any, most: Any, nodes: Any) -> str | None:
    most = 10_000 if most is op.MAXREPEAT else int(most)
    if len(nodes) == 1 and nodes[0][0] in (op.IN, op.ANY):
        count = int(least) if least == most or least >= 8 else min(most, LENGTH)
        return "" if (least, most) == (0, 1) else _mark(_characters(*nodes[0]), count)
    made = _sequence(nodes) if least else ""
    return made if made is None or not least else made * int(least)


def _characters(kind: Any, value: Any) -> set[str]:
    if kind is not op.IN:
        return PLAIN
    found: set[str] = set()
    for each, what in value:
        if each is op.LITERAL:
            found.add(chr(what))
        elif each is op.RANGE:
            found |= {chr(code) for code in range(what[0], min(what[1], 127) + 1)}
        elif each is op.CATEGORY:
            found |= CATEGORIES.get(what, PLAIN)
    return PLAIN - found if value[0][0] is op.NEGATE else found


def _mark(allowed: set[str], count: int) -> str | None:
    if not count or not allowed:
        return ""
    if len(allowed) == 1:
        return next(iter(allowed)) * count
    alphabets = {"d": DIGITS, "x": HEX, "a": PLAIN, "l": LOWER, "A": UPPER}
    if allowed <= DIGITS:
        return f"<d{count}>"
    letter = next((key for key in "axlAd" if alphabets[key] <= allowed), "")
    return f"<{letter}{count}>" if letter else None


def _arn(made: str) -> str:
    """An ARN's form with its partition, region and account; '' unless the pattern names the service and the rest."""
    parts = made.split(":", 5)
    if len(parts) < 6 or not re.fullmatch("[a-z][a-z0-9-]+", parts[2]) or re.fullmatch("<[a-z][0-9]+>|", parts[5]):
        return ""
    everywhere = parts[3] or not parts[4]  # without a region but with an account: a global service
    region, account = "${Region}" if everywhere else "", "${Account}"
    return ":".join(("arn", "${Partition}", parts[2], region, account, parts[5]))


# -- the resource's own ARN ------------------------------------------------------------------------------------------


@cache
def _actions(prefix: str) -> Json | None:
    path = ACTIONS / f"{prefix}.json"
    return json.loads(path.read_text()) if path.exists() else None


def arn_of(type_name: str, schema: Json, forms: dict[str, str]) -> str:
    """The form of a resource's ARN: of IAM's resource of its actions, or of its pattern, or a likely one."""
    word = type_name.split("::")[2]
    found: list[tuple[int, int, int, str]] = []
    for rank, handler in enumerate(("delete", "update", "read", "create", "list")):
        for permission in (schema.get("handlers", {}).get(handler) or {}).get("permissions") or ():
            service, _, action = permission.partition(":")
            table = _actions(service) or {"actions": {}, "resources": {}}
            for kind in table["actions"].get(action, [[], []])[0]:
                if kind in table["resources"]:
                    plain, last = kind.lower().replace("-", ""), word.lower()
                    close = 0 if plain == last else 1 if plain in last or last in plain else 2
                    text = table["resources"][kind][0].rsplit(", ", 1)[-1]
                    found.append((close, 0 if last in action.lower() else 1, rank, text))
    best = min(found, default=None)
    if best is not None and best[0] < 2:
        return best[3]
    prefix = _prefix(type_name, schema)
    for kind, (text, *_) in (_actions(prefix) or {"resources": {}})["resources"].items():
        if not found and kind.lower().replace("-", "") == word.lower():
            return text
    own = [form for path, form in forms.items() if form.startswith("arn:") and _is_own(path, word)]
    if own:
        return own[0]
    kebab = re.sub("(?<=[a-z0-9])(?=[A-Z])", "-", word).lower()
    return "arn:${Partition}:" + prefix + ":${Region}:${Account}:" + kebab + "/${Id}"


def _is_own(path: str, word: str) -> bool:
    return path in ("Arn", "ARN", "ResourceArn") or path[:-3].lower() == word.lower()


def _prefix(type_name: str, schema: Json) -> str:
    """The IAM prefix that most of the handlers' permissions have, but for those of services that many types use."""
    service = type_name.split("::")[1].lower()
    handlers = (schema.get("handlers") or {}).values()
    words = [text.partition(":")[0].lower() for handler in handlers for text in handler.get("permissions") or ()]
    own = [word for word in words if word not in SHARED or word == service]
    return max(sorted(set(own)), key=own.count) if own else service


# -- the actions of the handlers -------------------------------------------------------------------------------------

VERBS = {
    "create": ("Create", "Put", "Register"),
    "update": ("Update", "Modify", "Put", "Set"),
    "delete": ("Delete", "Deregister"),
}


def actions_of(schema: Json, prefix: str) -> dict[str, str]:
    """The action of the resource's service that each handler needs: the first with the handler's verb."""
    found = {}
    word = schema["typeName"].split("::")[2]
    for handler, verbs in VERBS.items():
        permissions = (schema.get("handlers", {}).get(handler) or {}).get("permissions") or ()
        if "handlers" not in schema:
            table = (_actions(prefix) or {"actions": {}})["actions"]
            permissions = [f"{prefix}:{verb}{word}" for verb in verbs if f"{verb}{word}" in table]
        own = [text for text in permissions if text.partition(":")[0] == prefix]
        first = next((text for verb in verbs for text in own if text.partition(":")[2].startswith(verb)), "")
        if first:
            found[handler] = first
    return found
