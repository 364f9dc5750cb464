"""Computes the changes that a change set would make: the ResourceChange structures of DescribeChangeSet.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from .engine import compare, registry
from .engine.environment import Plan, find_attribute, properties_of, with_resources
from .engine.tagging import with_stack_tags
from .records import StackResource
from .template import graph
from .template.scope import UNKNOWN, Scope

NESTED = "AWS::CloudFormation::Stack"


class Differ:
    """Compares a stack's resources with a new plan. `old` is the plan they were made from (None for a new stack)."""

    def __init__(
        self,
        records: Mapping[str, StackResource],
        old: Plan | None,
        new: Plan,
        tags: Mapping[str, str],
        find: registry.Find,
        scope: Scope,
    ) -> None:
        self._records = {name: r for name, r in records.items() if r.physical_id and r.status != "DELETE_COMPLETE"}
        self._old = old
        self._new = new
        self._tags = tags
        self._find = find
        self._moved: set[str] = set()  # resources to be replaced: their new id and attributes are not known yet
        self._changed: set[str] = set()
        self._wanted: dict[str, dict[str, Any]] = {}  # logical id → new values of the properties that change
        self._scope = self._preview(scope)

    def changes(self, imports: Mapping[str, str]) -> list[dict[str, Any]]:
        """Every change, additions and removals included, in the order of the logical ids."""
        changes = []
        for name in graph.order(self._new.graph):
            change = self._change(name, imports)
            if change is not None:
                changes.append(change)
        changes += [self._removal(record) for name, record in self._records.items() if name not in self._new.resources]
        return sorted(changes, key=lambda change: str(change["LogicalResourceId"]))

    def _preview(self, scope: Scope) -> Scope:
        known = with_resources(scope, self._records, scope.export)

        def ref(name: str) -> Any:
            if name in self._moved or (name in scope.resources and name not in self._records):
                return UNKNOWN
            return known.ref(name)

        def attribute(name: str, wanted: str) -> Any:
            if name in self._moved or (name in scope.resources and name not in self._records):
                return UNKNOWN
            if wanted in self._wanted.get(name, {}):
                return self._wanted[name][wanted]  # the attribute is also a property, and that changes
            try:
                return find_attribute(self._records[name].attributes, wanted)
            except KeyError:
                if name in self._changed:
                    return UNKNOWN  # for example a new output of a nested stack
                raise

        return msgspec.structs.replace(known, ref=ref, attribute=attribute)

    @property
    def scope(self) -> Scope:
        """The scope to evaluate outputs in; complete once `changes` was called."""
        return self._scope

    def _change(self, name: str, imports: Mapping[str, str]) -> dict[str, Any] | None:
        declared = self._new.resources[name]
        kind = declared["Type"]
        wanted = with_stack_tags(kind, properties_of(declared, self._scope), self._tags)
        record = self._records.get(name)
        if record is None:
            change = {"Action": "Add", "LogicalResourceId": name, "ResourceType": kind, "Scope": [], "Details": []}
            if name in imports:
                change |= {"Action": "Import", "PhysicalResourceId": imports[name]}
            return change | {"AfterContext": _context(wanted)}
        return self._modification(record, declared, wanted)

    def _modification(
        self, record: StackResource, declared: dict[str, Any], wanted: dict[str, Any]
    ) -> dict[str, Any] | None:
        found = self._find(record.type)
        old = record.properties
        immutable = compare.moved(registry.immutable(found), old, wanted) if found is not None else set()
        names = compare.changed(old, wanted)
        scope, details = [], []
        for name in names:
            attribute = "Tags" if name == "Tags" else "Properties"
            if attribute not in scope:
                scope.append(attribute)
            details += self._details(record.logical_id, declared, name, old, wanted, name in immutable)
        scope += self._other_scopes(record, declared)
        if not scope and record.type == NESTED:
            # AWS cannot know whether the nested template differs, and says so
            self._changed.add(record.logical_id)
            target = {"Attribute": "Properties", "RequiresRecreation": "Never"}
            scope = ["Properties"]
            details = [{"Target": target, "Evaluation": "Dynamic", "ChangeSource": "Automatic"}]
        if not scope:
            return None
        self._changed.add(record.logical_id)
        self._wanted[record.logical_id] = {name: wanted[name] for name in names if name in wanted}
        replacement = _replacement(details)
        if replacement == "True":
            self._moved.add(record.logical_id)
        change: dict[str, Any] = {
            "Action": "Modify",
            "LogicalResourceId": record.logical_id,
            "PhysicalResourceId": record.physical_id,
            "ResourceType": record.type,
            "Replacement": replacement,
            "Scope": scope,
            "Details": details,
            "BeforeContext": _context(old),
            "AfterContext": _context(wanted),
        }
        if replacement != "False":
            change["PolicyAction"] = _policy_action(str(declared.get("UpdateReplacePolicy", "Delete")), "ReplaceAnd")
        return change

    def _other_scopes(self, record: StackResource, declared: dict[str, Any]) -> list[str]:
        """The resource attributes that differ, other than the properties."""
        scopes = []
        before = (self._old.resources.get(record.logical_id) or {}) if self._old is not None else {}
        for attribute in ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy"):
            if before.get(attribute) != declared.get(attribute):
                scopes.append(attribute)
        return scopes

    def _details(
        self,
        logical_id: str,
        declared: dict[str, Any],
        name: str,
        old: Mapping[str, Any],
        wanted: Mapping[str, Any],
        fixed: bool,
    ) -> list[dict[str, Any]]:
        """The ResourceChangeDetails of one property: one for each entity that causes the change."""
        dynamic = UNKNOWN in json.dumps(wanted.get(name))
        recreation = "Never" if not fixed else ("Conditionally" if dynamic and name in old else "Always")
        if dynamic and fixed and self._is_replaced(declared, name):
            recreation = "Always"
        kind = "Modify" if name in old and name in wanted else "Add" if name in wanted else "Remove"
        target: dict[str, Any] = {
            "Attribute": "Tags" if name == "Tags" else "Properties",
            "Name": name,
            "RequiresRecreation": recreation,
            "Path": f"/Properties/{name}",
            "AttributeChangeType": kind,
        }
        if name in old:
            target["BeforeValue"] = _text(old[name])
        if name in wanted:
            target["AfterValue"] = _text(wanted[name])
        details = [
            {"Target": target, "Evaluation": "Static" if source[0] == "ParameterReference" and not dynamic else
             ("Dynamic" if dynamic or source[0].startswith("Resource") else "Static"),
             "ChangeSource": source[0], "CausingEntity": source[1]}
            for source in self._causes(declared, name)
        ]  # fmt: skip
        if details and _looks_up(declared, name, {source[1] for source in self._causes(declared, name)}):
            details.append({"Target": target, "Evaluation": "Dynamic", "ChangeSource": "DirectModification"})
        if not details or self._written_otherwise(logical_id, declared, name):
            evaluation = "Dynamic" if dynamic and not details else "Static"
            details.append({"Target": target, "Evaluation": evaluation, "ChangeSource": "DirectModification"})
        return details

    def _is_replaced(self, declared: dict[str, Any], name: str) -> bool:
        value = (declared.get("Properties") or {}).get(name)
        return any(other in self._moved for _, other in graph.references(value, self._new.scope))

    def _causes(self, declared: dict[str, Any], name: str) -> list[tuple[str, str]]:
        """(ChangeSource, CausingEntity) of everything that changes and that the property refers to."""
        value = (declared.get("Properties") or {}).get(name)
        causes = []
        for function, other in sorted(set(graph.references(value, self._new.scope))):
            if other in self._new.scope.parameters and function == "Ref":
                before = self._old.scope.parameters.get(other) if self._old is not None else None
                if before != self._new.scope.parameters[other]:
                    causes.append(("ParameterReference", other))
            elif other in self._new.resources and self._is_uncertain(other):
                source = "ResourceReference" if function == "Ref" else "ResourceAttribute"
                causes.append((source, other if function == "Ref" else f"{other}.{_attribute(value, other)}"))
        return causes

    def _is_uncertain(self, name: str) -> bool:
        return name in self._moved or name in self._changed or name not in self._records

    def _written_otherwise(self, logical_id: str, declared: dict[str, Any], name: str) -> bool:
        """Whether the template itself has another expression for this property than before."""
        before = (self._old.resources.get(logical_id) or {}) if self._old is not None else {}
        return bool((before.get("Properties") or {}).get(name) != (declared.get("Properties") or {}).get(name))

    @staticmethod
    def _removal(record: StackResource) -> dict[str, Any]:
        return {
            "PolicyAction": _policy_action(record.deletion_policy, ""),
            "Action": "Remove",
            "LogicalResourceId": record.logical_id,
            "PhysicalResourceId": record.physical_id,
            "ResourceType": record.type,
            "Scope": [],
            "Details": [],
            "BeforeContext": _context(record.properties),
        }


def _looks_up(declared: Mapping[str, Any], name: str, causes: set[str]) -> bool:
    """Whether a property comes through a Fn::FindInMap from a cause of its change: AWS lists that as well."""
    todo = [(declared.get("Properties") or {}).get(name)]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, dict):
            if "Fn::FindInMap" in item and any(other in causes for _, other in graph.references(item)):
                return True
            todo.extend(item.values())
    return False


def _attribute(value: Any, logical_id: str) -> str:
    """The attribute of a resource that a value refers to (GetAtt or Sub), for CausingEntity."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, dict):
            get_att = item.get("Fn::GetAtt")
            if isinstance(get_att, list) and get_att and get_att[0] == logical_id:
                return ".".join(str(part) for part in get_att[1:])
            text = item.get("Fn::Sub")
            text = text[0] if isinstance(text, list) else text
            if isinstance(text, str) and "${" + logical_id + "." in text:
                return text.partition("${" + logical_id + ".")[2].partition("}")[0]
            todo.extend(item.values())
    return ""


def _replacement(details: list[dict[str, Any]]) -> str:
    asked = {detail["Target"]["RequiresRecreation"] for detail in details}
    return "True" if "Always" in asked else "Conditional" if "Conditionally" in asked else "False"


def _policy_action(policy: str, prefix: str) -> str:
    what = {"Retain": "Retain", "RetainExceptOnCreate": "Retain", "Snapshot": "Snapshot"}.get(policy, "Delete")
    return prefix + what


def _context(properties: dict[str, Any]) -> str:
    return json.dumps({"Properties": properties}, separators=(",", ":"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
