"""The sections of a template, and the checks that need no parameter values.

The error texts are those that users of AWS reported; the tests say where each was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fogbank.wire import resource_schemas

from .errors import TemplateError, format_error, template_error
from .functions import (
    EXTENSIONS,
    FUNCTIONS,
    USAGE_OF_MAP,
    get_att_parts,
    sub_names,
    sub_parts,
    unsupported,
)
from .graph import depends_on, references
from .parameters import is_type
from .scope import PSEUDO

SECTIONS = frozenset(
    (
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
        "Globals",
    )
)
RESOURCE_ATTRIBUTES = frozenset(
    (
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Description",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
        "Version",
    )
)
PARAMETER_ATTRIBUTES = frozenset(
    (
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    )
)
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
LIMITS = {"Parameters": 200, "Mappings": 200, "Resources": 500, "Outputs": 200}  # "CloudFormation quotas"
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_TYPE = re.compile(r"[A-Za-z0-9]+(::[A-Za-z0-9@_-]+){1,3}")


class Template(msgspec.Struct):
    """A template with its sections as plain data (an empty map for a missing section)."""

    document: dict[str, Any]
    parameters: dict[str, dict[str, Any]] = {}
    mappings: dict[str, Any] = {}
    conditions: dict[str, Any] = {}
    rules: dict[str, Any] = {}
    resources: dict[str, dict[str, Any]] = {}
    outputs: dict[str, dict[str, Any]] = {}

    @property
    def description(self) -> str:
        return str(self.document.get("Description", ""))

    @property
    def transforms(self) -> list[str]:
        """The names of the macros in the template's Transform section."""
        return transform_names(self.document)


def transform_names(document: Mapping[str, Any]) -> list[str]:
    declared = document.get("Transform", [])
    declared = declared if isinstance(declared, list) else [declared]
    return [str(item.get("Name", "")) if isinstance(item, dict) else str(item) for item in declared]


def sections(document: dict[str, Any]) -> Template:
    """Split a document into sections. Makes only those checks that are valid before macros ran."""
    unknown = [key for key in document if key not in SECTIONS]
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = document.get("AWSTemplateFormatVersion", "2010-09-09")
    if version != "2010-09-09":
        raise format_error("unsupported value for AWSTemplateFormatVersion.")
    description = document.get("Description", "")
    if not isinstance(description, str):
        raise format_error("Description must be a string.")
    if len(description.encode()) > 1024:
        raise format_error("'Description' length is greater than 1024.")
    parts = {}
    for name in ("Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs"):
        part = document.get(name)
        if part is None and name in document and name == "Resources":
            raise format_error("[/Resources] 'null' values are not allowed in templates")
        if part is not None and not isinstance(part, dict):
            raise (
                TemplateError(f"Template {name.lower()} must be a map")
                if name == "Parameters"
                else format_error(f"{name} must be an object")
            )
        parts[name.lower()] = part or {}
    if not parts["resources"]:
        raise format_error("At least one Resources member must be defined.")
    for section, limit in LIMITS.items():
        count = len(document.get(section) or {})
        if count > limit:
            what = section.lower()
            raise format_error(f"Number of {what}, {count}, is greater than maximum allowed, {limit}")
    template = Template(document=document, **parts)
    _check_parameters(template.parameters)
    return template


def check(template: Template, *, extended: bool = False) -> None:
    """All checks of a template that need its macros' result but not the values of its parameters.

    `extended`: the template has the transform AWS::LanguageExtensions, and so its functions.
    """
    _check_nulls(template.document)
    _check_functions(template, extended=extended)
    _check_resources(template)
    _check_outputs(template)
    _check_mappings(template.mappings)
    _check_conditions(template)
    _check_references(template)
    _check_attributes(template)


def _check_nulls(document: dict[str, Any]) -> None:
    todo: list[tuple[Any, Any]] = [(None, document)]  # (path, value); a path is (parent's path, key) or None
    while todo:
        way, value = todo.pop()
        if value is None:
            raise format_error(f"[{_path(way)}] 'null' values are not allowed in templates")
        if isinstance(value, dict):
            todo.extend(((way, key), item) for key, item in value.items())
        elif isinstance(value, list):
            todo.extend(((way, number), item) for number, item in enumerate(value))


def _path(way: Any) -> str:
    keys = []
    while way is not None:
        way, key = way
        keys.append(f"/{key}")
    return "".join(reversed(keys))


def _walk(document: Any) -> Iterator[Any]:
    """Every value in a document."""
    todo: list[Any] = [document]
    while todo:
        value = todo.pop()
        yield value
        if isinstance(value, dict):
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)


def _check_parameters(parameters: dict[str, Any]) -> None:
    for name, declared in parameters.items():
        if not _ALPHANUMERIC.fullmatch(name):
            raise format_error(f"Parameter name {name} is non alphanumeric.")
        if not isinstance(declared, dict):
            raise format_error(f"[/Parameters/{name}] Every Parameters member must be an object.")
        for attribute in declared:
            if attribute not in PARAMETER_ATTRIBUTES:
                raise TemplateError(f"Invalid template parameter property '{attribute}'")
        if "Type" not in declared:
            raise format_error(f"Every Parameters object must contain a Type member. ({name})")
        if not is_type(declared["Type"]):
            raise format_error(f"Unrecognized parameter type: {declared['Type']}")
        if not isinstance(declared.get("AllowedValues", []), list):
            raise format_error("Every AllowedValues member must be a list.")
        if isinstance(declared.get("Default"), dict | list):
            raise format_error("Every Default member must be a string.")


def _check_functions(template: Template, *, extended: bool) -> None:
    """Raise TemplateError for an unknown function in a place that allows functions."""
    places: list[Any] = [template.conditions, [r.get("Properties") for r in template.resources.values()]]
    places.append(list(template.outputs.values()))
    for value in _walk(places):
        if isinstance(value, dict):
            for key in value:
                if key.startswith("Fn::") and (key not in FUNCTIONS or (key in EXTENSIONS and not extended)):
                    raise unsupported(key)
                if key == "Fn::FindInMap" and not extended and isinstance(value[key], list) and len(value[key]) > 3:
                    raise template_error(USAGE_OF_MAP)


def _check_resources(template: Template) -> None:
    strange = []
    for name, resource in template.resources.items():
        if not _ALPHANUMERIC.fullmatch(name):
            raise format_error(f"Resource name {name} is non alphanumeric.")
        if not isinstance(resource, dict):
            raise format_error(f"[/Resources/{name}] Every Resources member must be an object.")
        for attribute in resource:
            if attribute not in RESOURCE_ATTRIBUTES:
                raise TemplateError(f"Invalid template resource property '{attribute}'")
        kind = resource.get("Type")
        if not isinstance(kind, str):
            raise format_error(f"[/Resources/{name}] Every Resources object must contain a Type member.")
        if not _is_known(kind):
            strange.append(kind)
        if not isinstance(resource.get("Properties", {}), dict):
            raise format_error(f"[/Resources/{name}/Properties] Properties must be an object.")
        if not isinstance(resource.get("Condition", ""), str):
            raise format_error("Every Condition member must be a string.")
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            value = resource.get(policy, "Delete")
            if not isinstance(value, dict) and value not in DELETION_POLICIES:
                raise format_error(f"Unrecognized {policy} {value} for resource {name}")
        wants = resource.get("DependsOn", [])
        if not isinstance(wants, str) and not (isinstance(wants, list) and all(isinstance(w, str) for w in wants)):
            raise format_error("DependsOn must be a string or list of strings.")
    if strange:
        raise format_error(f"Unrecognized resource types: [{', '.join(sorted(set(strange)))}]")


def _is_known(kind: str) -> bool:
    """Whether a resource type is a custom resource's, or one that AWS publishes."""
    if not _TYPE.fullmatch(kind):
        return False
    return kind.startswith("Custom::") or resource_schemas.find(kind) is not None


def _check_outputs(template: Template) -> None:
    for name, output in template.outputs.items():
        if not _ALPHANUMERIC.fullmatch(name):
            raise format_error(f"Output name {name} is non alphanumeric.")
        if not isinstance(output, dict) or "Value" not in output:
            raise format_error("Every Outputs member must contain a Value object")
        if isinstance(output["Value"], list):
            raise format_error("The Value field of every Outputs member must evaluate to a String.")
        export = output.get("Export", {"Name": ""})
        if not isinstance(export, dict) or "Name" not in export:
            raise format_error(f"[/Outputs/{name}/Export] Every Export must contain a Name.")


def _check_mappings(mappings: dict[str, Any]) -> None:
    for name, keys in mappings.items():
        if not isinstance(keys, dict) or not all(isinstance(values, dict) for values in keys.values()):
            raise format_error(f"Every Mappings attribute must be a String or a List. ({name})")


def _check_conditions(template: Template) -> None:
    wrong = sorted(
        {name for _, name in references(template.conditions) if name not in template.parameters and name not in PSEUDO}
    )
    if wrong:
        raise format_error(
            f"Unresolved dependencies [{', '.join(wrong)}]. Cannot reference resources in the Conditions block of the "
            "template"
        )
    for value in _walk(template.conditions):
        if isinstance(value, dict) and set(value) == {"Condition"} and value["Condition"] not in template.conditions:
            raise format_error(
                f"Unresolved condition dependency {value['Condition']} in the Conditions block of the template"
            )
    for section in ("Resources", "Outputs"):
        for name, item in (template.document.get(section) or {}).items():
            used = [item.get("Condition")] if item.get("Condition") is not None else []
            used += [
                value["Fn::If"][0]
                for value in _walk(item)
                if isinstance(value, dict)
                and set(value) == {"Fn::If"}
                and isinstance(value["Fn::If"], list)
                and value["Fn::If"]
            ]
            for condition in used:
                if isinstance(condition, str) and condition not in template.conditions:
                    raise format_error(
                        f"Unresolved condition dependency {condition} in the {section} block of the template ({name})"
                        if section == "Outputs"
                        else f"Unresolved condition dependency {condition} in the {section} block of the template"
                    )


def _check_references(template: Template) -> None:
    known = set(template.resources) | set(template.parameters) | set(PSEUDO)
    missing: list[str] = []
    for resource in template.resources.values():
        missing += [name for name in depends_on(resource) if name not in template.resources]
        for part in ("Properties", "UpdatePolicy", "CreationPolicy", "Metadata"):
            missing += _missing(resource.get(part, {}), known, template)
    if missing:
        names = ", ".join(sorted(set(missing)))
        raise format_error(f"Unresolved resource dependencies [{names}] in the Resources block of the template")
    for output in template.outputs.values():
        missing += _missing(output, known, template)
    if missing:
        names = ", ".join(sorted(set(missing)))
        raise format_error(f"Unresolved resource dependencies [{names}] in the Outputs block of the template")


def _check_attributes(template: Template) -> None:
    """Raise TemplateError for a Fn::GetAtt of an attribute that AWS's schema of the type does not have."""
    for value in _walk([template.resources, template.outputs]):
        if not isinstance(value, dict):
            continue
        if "Fn::GetAtt" in value:
            name, attribute = get_att_parts(value["Fn::GetAtt"])
            _check_attribute(template, name, attribute)
        if "Fn::Sub" in value:
            text, variables = sub_parts(value["Fn::Sub"])
            for variable in sub_names(text):
                name, dot, attribute = variable.partition(".")
                if dot and variable not in variables:
                    _check_attribute(template, name, attribute)


def _check_attribute(template: Template, name: str, attribute: Any) -> None:
    declared = template.resources.get(name)
    if declared is None or not isinstance(attribute, str) or declared["Type"].startswith("AWS::CloudFormation::"):
        return
    schema = resource_schemas.find(declared["Type"])
    if schema is None or schema.classic or attribute.split(".")[0] in schema.properties:
        return
    raise template_error(f"resource {name} does not support attribute type {attribute} in Fn::GetAtt")


def _missing(value: Any, known: set[str], template: Template) -> list[str]:
    missing = []
    for function, name in references(value):
        if function == "Fn::GetAtt" and name not in template.resources:
            raise template_error(f"instance of Fn::GetAtt references undefined resource {name}")
        if name not in known:
            missing.append(name)
    return missing
