"""Makes the values that AWS makes for a new resource: its identifier and its read-only attributes.

AWS's schema of the type tells the form of most of them; the others are told by their names. All are made from the
creation's token, so a creation that is repeated after a crash makes the same ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fogbank.core.cfn import Name
from fogbank.core.context import Context
from fogbank.wire import resource_schemas
from fogbank.wire.resource_schemas import ResourceSchema

from .known import EC2_IDS, FORMS, PORTS, POSTGRES, REFS

_PLACE = re.compile(r"<(?:([adlxA])([0-9]+)|uuid|(Name|name)([0-9]+))>|\$\{([A-Za-z0-9]+)\}")
_ALPHABETS = {
    "d": "123456789",  # no zero: a number must not begin with it
    "x": "0123456789abcdef",
    "l": "abcdefghijklmnopqrstuvwxyz",
    "a": "abcdefghijklmnopqrstuvwxyz0123456789",
    "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
}
_TIMES = re.compile("(?:Time|Timestamp|Date|At|On)$")
_GIVEN = ("Partition", "Region", "Account", "Suffix")  # places that do not depend on the resource
_SILENT = re.compile("(?:Reason|Message|Error|Errors|Description|Warnings)$")
_ACCOUNTS = frozenset(
    ("AccountId", "AwsAccountId", "Owner", "OwnerId", "OwnerAccount", "OwnerAccountId", "ResourceOwner")
)
_HOSTS = ("Dns", "DNS", "DnsName", "DNSName", "DomainName", "Endpoint", "Address", "Host", "HostName", "Hostname")

Model = dict[str, Any]


def identifier_of(schema: ResourceSchema, model: Model) -> str:
    """The primary identifier of a resource; its parts are joined by `|`, as the registry's handlers write it."""
    return "|".join(str(at(model, path) if at(model, path) is not None else "") for path in schema.id)


def ref_of(type_name: str, schema: ResourceSchema, model: Model) -> str:
    """What Ref returns: the primary identifier, but for the types that are older than the registry."""
    known = at(model, REFS.get(type_name, "") or (_naming(type_name, schema) if schema.classic else ""))
    return str(known) if known is not None else identifier_of(schema, model)


def _naming(type_name: str, schema: ResourceSchema) -> str:
    """The property with the name of a resource of a type without handlers; '' if there is none."""
    service, word = type_name.split("::")[1:]
    if service == "AppMesh":
        return "Arn"
    names = (f"{word}Name", f"{word}Identifier", f"{word}Id", "Name")
    return next((name for name in names if name in schema.properties and name not in schema.read_only), "")


def at(value: Any, path: str) -> Any:
    """The value at a path such as `Endpoint/Address`; None if there is none."""
    for part in path.split("/"):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def put(model: Model, path: str, value: Any) -> None:
    """Set the value at a path, unless it is set, or lies within something that is no structure."""
    *within, last = path.split("/")
    for part in within:
        inner = model.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        model[part] = model = dict(inner)
    model.setdefault(last, value)


class Maker:
    """Makes the values of one new resource."""

    def __init__(self, ctx: Context, name: Name, type_name: str, schema: ResourceSchema, properties: Model) -> None:
        self._ctx = ctx
        self._name = name
        self._type = type_name
        self._service, self._word = type_name.split("::")[1:]
        self._schema = schema
        self._model: Model = dict(properties)
        self._forms = {**schema.forms, **FORMS.get(type_name, {})}
        self._seed = f"{name.stack_id}/{name.logical_id}/{name.token}"

    def model(self) -> Model:
        """The properties with all values that AWS would add."""
        read_only = set(self._schema.read_only)
        naming = _naming(self._type, self._schema) if self._schema.classic else ""
        for path in (*self._schema.id, *self._forms, *filter(None, (REFS.get(self._type), naming))):
            if "/" not in path and path not in read_only and at(self._model, path) is None:
                put(self._model, path, self._named(path))
        paths = [path for path in self._schema.read_only if self._is_there(path)]
        for path in sorted(paths, key=self._turn):
            if at(self._model, path) is None:
                value = self._value(path)
                if value is not None:
                    put(self._model, path, value)
        for path in self._schema.id:  # a part that no schema calls read-only, and that no template gave
            if at(self._model, path) is None:
                put(self._model, path, self._id(path))
        return self._model

    def _is_there(self, path: str) -> bool:
        """Whether the resource has this attribute: not where it is within a structure that the template left out."""
        top = path.partition("/")[0]
        if "*" in path or top == path or top in self._model or top in self._schema.read_only:
            return "*" not in path
        kind = self._schema.properties.get(top)
        members = self._schema.definitions[kind[1:]].properties if isinstance(kind, str) and kind[0] == "#" else {}
        return all(f"{top}/{name}" in self._schema.read_only for name in members)

    def _turn(self, path: str) -> tuple[int, str]:
        """Ids come first and ARNs next, for the other values contain them; members come before their structures."""
        last = path.rsplit("/", 1)[-1]
        return (0 if _is_id(last) else 1 if _is_arn(last) else 2 if "/" in path else 3), path

    def _named(self, path: str) -> str:
        """A property that the template left out: a name, or a part of the identifier that has a default."""
        form = self._forms.get(path, "")
        if form:
            return self._filled(form, path)
        return self._name.physical(limit=64)

    def _value(self, path: str) -> Any:
        kind = self._kind(path)
        last = path.rsplit("/", 1)[-1]
        if kind == "boolean":
            return False
        if kind in ("integer", "number"):
            return self._number(last)
        if isinstance(kind, list):
            return []
        return self._text(path, last) if kind == "string" else None

    def _kind(self, path: str) -> Any:
        """The schema's type of a property."""
        kind: Any = ""
        members = self._schema.properties
        for part in path.split("/"):
            kind = members.get(part, "json")
            if not isinstance(kind, str) or not kind.startswith("#"):
                members = {}
                continue
            members = self._schema.definitions[kind[1:]].properties
        return kind

    def _number(self, last: str) -> int | None:
        if last.endswith("Port"):
            return int(self._port())
        if _TIMES.search(last):
            return int(self._ctx.now())
        return 1 if "Version" in last or last.endswith(("Number", "Id")) else 0

    def _port(self) -> int:
        given = self._model.get("Port")
        if given is not None:
            return int(given)
        postgres = "postgres" in str(self._model.get("Engine", ""))
        return POSTGRES if postgres else PORTS.get(self._service, 443)

    def _text(self, path: str, last: str) -> str:
        if last in _ACCOUNTS or last == f"{self._word}Owner":
            return self._ctx.account
        form = self._forms.get(path, "")
        if _is_arn(last) and (not form or self._is_own(path, last)):
            return self._arn(path, last)
        if form:
            return self._filled(form, path)
        if last.endswith("HostedZoneId") or last.endswith("HostedZoneID"):
            return self._filled("Z<A13>", path)
        if _is_id(last):
            return self._id(path)
        return self._by_word(path, last)

    def _by_word(self, path: str, last: str) -> str:
        """A text that only its name tells of."""
        if last.endswith(("Url", "URL", "Uri", "URI")):
            return f"https://{self._host()}"
        if last.endswith(_HOSTS):
            return self._host()
        if last.endswith("Port"):
            return str(self._port())
        if _TIMES.search(last):
            return (
                datetime.fromtimestamp(self._ctx.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            )
        if last.endswith(("Status", "State")):
            return "ACTIVE"
        if _SILENT.search(last):
            return ""
        if "Version" in last or last.endswith("Number"):
            return "1"
        if last in ("Name", f"{self._word}Name"):
            return self._own_name()
        if last.endswith("AvailabilityZone"):
            return f"{self._ctx.region}a"
        if last.endswith("Region"):
            return self._ctx.region
        return self._filled("<a10>", path)

    def _host(self) -> str:
        label = re.sub("[^a-z0-9]+", "-", self._own_name().lower()).strip("-")[:40].strip("-")
        return f"{label}.{self._prefix()}.{self._ctx.region}.{self._suffix()}"

    def _suffix(self) -> str:
        return "amazonaws.com.cn" if self._ctx.partition == "aws-cn" else "amazonaws.com"

    def _prefix(self) -> str:
        return self._schema.arn.split(":")[2] if self._schema.arn else self._service.lower()

    def _id(self, path: str) -> str:
        known = EC2_IDS.get(path.rsplit("/", 1)[-1].removesuffix("Id").lower())
        if self._service == "EC2":
            known = known or EC2_IDS.get(self._word.lower(), self._word.lower())
        return self._filled(f"{known}-0<x16>" if known else "<uuid>", path)

    # -- ARNs --------------------------------------------------------------------------------------------------------

    def _arn(self, path: str, last: str) -> str:
        if self._is_own(path, last):
            return self._filled(FORMS.get(self._type, {}).get(path, self._schema.arn), path)
        other = resource_schemas.find(f"AWS::{self._service}::{last[:-3]}")
        if other is not None and other.arn:
            return self._filled(other.arn, path)
        kebab = re.sub("(?<=[a-z0-9])(?=[A-Z])", "-", last[:-3]).lower()
        return self._ctx.arn(self._prefix(), f"{kebab}/{self._own_id()}")

    def _is_own(self, path: str, last: str) -> bool:
        """Whether this attribute is the ARN of the resource itself."""
        named = last in ("Arn", "ARN", "ResourceArn", "ResourceARN") or last[:-3].lower() == self._word.lower()
        return "/" not in path and (named or self._schema.id == (path,))

    def arn(self) -> str:
        """The ARN that IAM authorises actions on this resource with."""
        return self._filled(self._schema.arn, "Arn") if self._schema.arn else "*"

    def _own_id(self) -> str:
        """The last part of the identifier: an id, or a name."""
        for path in (*reversed(self._schema.id), *self._schema.read_only):
            value = at(self._model, path)
            mine = path in self._schema.id or _is_id(path)
            if mine and isinstance(value, str) and value and not value.startswith("arn:"):
                return value
        return self._filled("<uuid>", "Id")

    def _own_name(self) -> str:
        for name in ("Name", f"{self._word}Name", *(path for path in self._schema.id if path.endswith("Name"))):
            value = self._model.get(name)
            if isinstance(value, str) and value:
                return value
        names = [name for name in self._model if name.endswith("Name") and name in self._schema.create_only]
        given = self._model[names[0]] if names else None
        return given if isinstance(given, str) and given else self._name.physical(limit=64)

    def _variable(self, variable: str, *, last: bool) -> str:
        """The value of `${Variable}` in a form."""
        known = {"Partition": self._ctx.partition, "Region": self._ctx.region, "Account": self._ctx.account,
                 "Suffix": self._suffix()}  # fmt: skip
        if variable in known:
            return known[variable]
        lower = {name.lower(): value for name, value in self._model.items() if isinstance(value, str | int)}
        if variable.lower() in lower:
            return str(lower[variable.lower()])
        if re.search("version|revision|number", variable.lower()):
            return "1"
        if last:
            return self._own_name() if "name" in variable.lower() else self._own_id()
        stem = re.sub("(?:Id|Name|Arn|Identifier|ID)$", "", variable).lower()
        for name, value in lower.items():
            plain = re.sub("(?:id|name|arn|identifier)$", "", name)
            if plain and (plain == stem or stem.endswith(plain)):
                return re.split("[/:]", str(value))[-1]
        if stem.endswith("group"):
            return "default"
        if "name" in variable.lower() or stem == self._word.lower():
            return self._own_name()
        return self._filled("<a12>", variable)

    # -- forms -------------------------------------------------------------------------------------------------------

    def _filled(self, form: str, path: str) -> str:
        """A form with its places filled. The same place of the same resource is always filled the same."""
        variables = [word for word in re.findall(r"\$\{([A-Za-z0-9]+)\}", form) if word not in _GIVEN]
        drawn = _Characters(f"{self._seed}/{'' if form.startswith('arn:') or 'Name}' in form else path}")

        def fill(match: re.Match[str]) -> str:
            letter, length, case, most, variable = match.groups()
            if letter:
                return drawn.take(_ALPHABETS[letter], int(length))
            if variable:
                return self._variable(variable, last=variables[-1:] == [variable])
            if case:
                return self._name.physical(limit=min(int(most), 255), lower=case == "name")
            return "-".join(drawn.take(_ALPHABETS["x"], length) for length in (8, 4, 4, 4, 12))

        return _PLACE.sub(fill, form)


class _Characters:
    """A stream of characters that a seed determines."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def take(self, alphabet: str, length: int) -> str:
        found = []
        for _ in range(length):
            if self._count % 32 == 0:
                self._bytes = hashlib.sha256(f"{self._seed}/{self._count}".encode()).digest()
            found.append(alphabet[self._bytes[self._count % 32] % len(alphabet)])
            self._count += 1
        return "".join(found)


def _is_id(name: str) -> bool:
    return name.endswith(("Id", "ID", "Identifier", "Uid", "UUID", "Uuid")) and not _is_arn(name)


def _is_arn(name: str) -> bool:
    return name.endswith(("Arn", "ARN"))
