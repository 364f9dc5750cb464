"""Write wire/data/cfn: AWS's provider schemas of CloudFormation's resource types, as far as Fogbank reads them.

python tools/cfn_schemas.py FOLDER        (the `cfnlint/data/schemas` of an unpacked cfn-lint wheel, MIT-0)

AWS publishes a schema for each resource type; cfn-lint carries all of them, with AWS's errors in them mended. There is
one file for each middle word of the types' names. `fogbank.wire.resource_schemas` reads them, and says what they hold.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from cfn_values import actions_of, arn_of, form_of, name_of

TARGET = Path(__file__).parents[1] / "src" / "fogbank" / "wire" / "data" / "cfn"
PRIMITIVES = ("string", "integer", "number", "boolean")
MAX_DEPTH = 24  # of a $ref that leads to another one

Json = dict[str, Any]


class Compact:
    """One schema without what nobody reads here: descriptions, patterns, bounds, permissions."""

    def __init__(self, schema: Json) -> None:
        self._schema = schema
        self._definitions: dict[str, Json] = {}

    def result(self) -> Json:
        """The type as it is kept."""
        schema = self._schema
        kept: Json = {"properties": self._properties(schema, "")}
        if self._definitions:
            kept["definitions"] = dict(sorted(self._definitions.items()))
        if schema.get("required"):
            kept["required"] = sorted(schema["required"])
        for name in ("createOnly", "conditionalCreateOnly", "readOnly", "writeOnly"):
            if schema.get(f"{name}Properties"):
                kept[name] = sorted(_path(pointer) for pointer in schema[f"{name}Properties"])
        enums = self._enums(schema)
        if enums:
            kept["enums"] = enums
        kept["id"] = [_path(pointer) for pointer in schema.get("primaryIdentifier") or ()]
        tagging = schema.get("tagging") or {}
        if tagging.get("taggable", bool(tagging) or schema.get("taggable", False)):
            kept["tags"] = _path(tagging.get("tagProperty") or "/properties/Tags")
            if tagging.get("tagUpdatable") is False:
                kept["tagsFixed"] = True
        if "handlers" not in schema:
            kept["classic"] = True
        forms = self._forms(kept["id"])
        kept["arn"] = arn_of(schema["typeName"], schema, forms)
        actions = actions_of(schema, kept["arn"].split(":")[2])
        if actions:
            kept["actions"] = actions
        if forms:
            kept["forms"] = forms
        return kept

    def _forms(self, identifier: list[str]) -> dict[str, str]:
        """The forms of the texts that AWS makes: read-only ones, and names that a template may leave out."""
        read_only = {_path(pointer) for pointer in self._schema.get("readOnlyProperties") or ()}
        found = {}
        for path in sorted(read_only):
            node = self._at(path)
            if node.get("type") == "string":
                found[path] = form_of(path.rsplit("/", 1)[-1], node)
        for path in identifier:
            node = self._at(path)
            if path not in read_only and path not in (self._schema.get("required") or ()) and "enum" not in node:
                found[path] = name_of(node)
        return {path: form for path, form in found.items() if form}

    def _at(self, path: str) -> Json:
        """The node of a property."""
        node: Json = self._schema
        for part in path.split("/"):
            node = self._followed(node)
            node = node.get("items", {}) if part == "*" else (node.get("properties") or {}).get(part, {})
        return self._followed(node)

    def _followed(self, node: Json) -> Json:
        for _ in range(MAX_DEPTH):
            if "$ref" not in node:
                break
            target: Any = self._schema
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target.get(part, {})
            node = target
        return node

    def _properties(self, node: Json, name: str) -> Json:
        found = sorted((node.get("properties") or {}).items())
        return {key: self._type(value, f"{name}{key}") for key, value in found}

    def _enums(self, node: Json) -> Json:
        """The values of the members of a structure that have a fixed set of them."""
        found = {}
        for key, value in (node.get("properties") or {}).items():
            member = self._followed(value) if isinstance(value, dict) else {}
            if member.get("enum") and member.get("type") in PRIMITIVES:
                found[key] = member["enum"]
        return dict(sorted(found.items()))

    def _type(self, node: Any, name: str, depth: int = 0) -> Any:
        """The type of a value: a primitive, "json" for anything, [item], {"*": value}, or "#Definition"."""
        if not isinstance(node, dict) or depth > MAX_DEPTH:
            return "json"
        if "$ref" in node:
            return self._reference(node["$ref"], depth)
        kind = node.get("type")
        if kind in PRIMITIVES:
            return kind
        if kind == "array":
            return [self._type(node.get("items"), name, depth + 1)]
        if kind == "object" or (kind is None and "properties" in node):
            return self._object(node, name, depth)
        return "json"  # several types, or none: whatever it is goes to the service

    def _reference(self, pointer: str, depth: int) -> Any:
        node: Any = self._schema
        for part in pointer.removeprefix("#/").split("/"):
            node = node.get(part, {}) if isinstance(node, dict) else {}
        return self._type(node, pointer.removeprefix("#/definitions/").replace("/", ""), depth + 1)

    def _object(self, node: Json, name: str, depth: int) -> Any:
        if node.get("properties"):
            if name not in self._definitions:
                kept: Json = {}
                self._definitions[name] = kept  # before its members, which may lead back to it
                kept["properties"] = self._properties(node, name)
                if node.get("required"):
                    kept["required"] = sorted(node["required"])
                if node.get("additionalProperties") is not False:
                    kept["open"] = True
                enums = self._enums(node)
                if enums:
                    kept["enums"] = enums
            return f"#{name}"
        patterns = list((node.get("patternProperties") or {}).values())
        if len(patterns) == 1:
            return {"*": self._type(patterns[0], name, depth + 1)}
        if isinstance(node.get("additionalProperties"), dict):
            return {"*": self._type(node["additionalProperties"], name, depth + 1)}
        return "json"


def _path(pointer: str) -> str:
    """/properties/A/B and /properties/A/properties/B as A/B."""
    return "/".join(part for part in pointer.split("/") if part and part != "properties")


def main(folder: Path) -> None:
    """Write every file anew."""
    date = json.loads((folder / "version.json").read_text())["schema_date"]
    files: dict[str, str] = {}  # type -> file: us-east-1's, or else the first region's that has it
    for region in ["us-east-1", *sorted(path.stem for path in (folder / "providers").glob("*-*-*.json"))]:
        for kind, file in json.loads((folder / "providers" / f"{region}.json").read_text()).items():
            files.setdefault(kind, file)
    words: dict[str, Json] = defaultdict(dict)
    for kind, file in sorted(files.items()):
        if kind.startswith("AWS::") and kind.count("::") == 2:
            schema = json.loads((folder / "resources" / f"{file}.json").read_text())
            words[kind.split("::")[1]][kind] = Compact(schema).result()
    TARGET.mkdir(exist_ok=True)
    for old in TARGET.glob("*.json"):
        old.unlink()
    made = f"tools/cfn_schemas.py made this of AWS's provider schemas of {date[:10]}, as cfn-lint (MIT-0) carries them"
    for word, types in words.items():
        rows = [f"{json.dumps(kind)}:{json.dumps(kept, separators=(',', ':'))}" for kind, kept in types.items()]
        text = ",\n".join([f'"_":{json.dumps(made)}', *rows])
        (TARGET / f"{word}.json").write_text(f"{{\n{text}\n}}\n")
    print(f"{len(files)} types in {len(words)} files")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
