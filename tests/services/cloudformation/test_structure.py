"""What is refused before anything is made. Texts as reported by AWS's users unless a comment says otherwise."""

import pytest

from fogbank.services.cloudformation.template import capabilities, dynamic, graph
from fogbank.services.cloudformation.template.errors import TemplateError
from fogbank.services.cloudformation.template.structure import check, sections

PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}


def with_property(value, **attributes):
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Value": value}, **attributes}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "Template format error: At least one Resources member must be defined."),
        ({"Resources": {}}, "At least one Resources member must be defined."),
        ({"Resources": {"A": PARAMETER}, "outputs": {}}, r"Invalid template property or properties \[outputs\]"),
        (
            {"AWSTemplateFormatVersion": "2020-01-01", "Resources": {"A": PARAMETER}},
            "unsupported value for AWSTemplateFormatVersion",
        ),
        ({"Resources": {"A": {"Properties": {}}}}, "Every Resources object must contain a Type member."),
        ({"Resources": {"A-B": PARAMETER}}, "Resource name A-B is non alphanumeric."),
        ({"Resources": {"A": {**PARAMETER, "Nope": 1}}}, "Invalid template resource property 'Nope'"),
        ({"Resources": {"A": {"Type": "Nope"}}}, r"Unrecognized resource types: \[Nope\]"),
        (
            {"Resources": {"A": with_property({"Ref": "B"})}},
            r"Unresolved resource dependencies \[B\] in the Resources block of the template",
        ),
        (
            {"Resources": {"A": {**PARAMETER, "DependsOn": "B"}}},
            r"Unresolved resource dependencies \[B\] in the Resources block of the template",
        ),
        (
            {"Resources": {"A": PARAMETER}, "Outputs": {"O": {"Value": {"Ref": "B"}}}},
            r"Unresolved resource dependencies \[B\] in the Outputs block of the template",
        ),
        ({"Resources": {"A": PARAMETER}, "Outputs": {"O": {}}}, "Every Outputs member must contain a Value object"),
        (
            {"Resources": {"A": with_property({"Fn::GetAtt": ["B", "Arn"]})}},
            "instance of Fn::GetAtt references undefined resource B",
        ),
        ({"Resources": {"A": with_property(None)}}, r"\[/Resources/A/Properties/Value\] 'null' values are not allowed"),
        (
            {"Resources": {"A": PARAMETER}, "Conditions": {"C": {"Fn::Equals": [{"Ref": "A"}, "x"]}}},
            r"Unresolved dependencies \[A\]. Cannot reference resources in the Conditions block of the template",
        ),
        (
            {"Parameters": {"P": {"Type": "Strings"}}, "Resources": {"A": PARAMETER}},
            "Unrecognized parameter type: Strings",
        ),
        (
            {"Parameters": {"P": {"Type": "String", "AllowedValues": "a b"}}, "Resources": {"A": PARAMETER}},
            "Every AllowedValues member must be a list.",
        ),
        ({"Resources": {f"R{n}": PARAMETER for n in range(501)}}, "Number of resources, 501, is greater than maximum"),
        ({"Resources": {"A": with_property({"Fn::Nope": 1})}}, "Encountered unsupported function: Fn::Nope"),
    ],
)
def test_refused(document, message):
    with pytest.raises(TemplateError, match=message):
        check(sections(document))


def test_order_and_circles():
    assert graph.order({"A": ["B"], "B": ["C"], "C": [], "D": ["A", "C"]}) == ["C", "B", "A", "D"]
    with pytest.raises(TemplateError, match=r"Circular dependency between resources: \[A, B\]"):
        graph.order({"A": ["B"], "B": ["A"], "C": ["A"], "D": []})


def test_references_everywhere():
    value = {"a": [{"Fn::Sub": ["${X}${Y.Arn}${v}", {"v": {"Ref": "Z"}}]}], "b": {"Fn::GetAtt": ["W", {"Ref": "P"}]}}
    assert {name for _, name in graph.references(value)} == {"X", "Y", "Z", "W", "P"}


def test_capabilities():
    """CreateStack's parameter Capabilities."""
    role = {"Type": "AWS::IAM::Role", "Properties": {}}
    assert capabilities.required([role]) == (["CAPABILITY_IAM"], ["AWS::IAM::Role"])
    named = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}
    assert capabilities.required([role, named])[0] == ["CAPABILITY_NAMED_IAM"]
    assert capabilities.required([PARAMETER]) == ([], [])
    assert capabilities.missing(["CAPABILITY_IAM"], ["CAPABILITY_NAMED_IAM"]) == []
    assert capabilities.missing(["CAPABILITY_NAMED_IAM"], ["CAPABILITY_IAM"]) == ["CAPABILITY_NAMED_IAM"]


def test_dynamic_references():
    text = (
        "{{resolve:ssm:/a/b:3}} {{resolve:ssm-secure:c}} {{resolve:secretsmanager:s:SecretString:key:AWSCURRENT}} "
        "{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:n-AbCdEf:SecretString:k}}"
    )
    found = {reference.service + reference.name: reference for reference in dynamic.find({"a": [text]})}
    assert found["ssm/a/b"].version == "3"
    assert found["ssm-securec"].version == ""
    assert (found["secretsmanagers"].json_key, found["secretsmanagers"].stage) == ("key", "AWSCURRENT")
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:n-AbCdEf"
    assert found["secretsmanager" + arn].json_key == "k"
    done = dynamic.substitute({"a": "x{{resolve:ssm:n}}y"}, {"{{resolve:ssm:n}}": "V"})
    assert done == {"a": "xVy"}
