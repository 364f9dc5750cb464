"""Intrinsic functions. User Guide, "Intrinsic function reference"; each text of an error as AWS words it."""

import pytest

from fogbank.services.cloudformation.template.conditions import check_rules, evaluate_conditions
from fogbank.services.cloudformation.template.errors import TemplateError
from fogbank.services.cloudformation.template.functions import NO_VALUE, evaluate
from fogbank.services.cloudformation.template.scope import Scope, pseudo_parameters

ATTRIBUTES = {("Q", "Arn"): "arn:q", ("S", "Outputs.X"): "out"}


def attribute(name, wanted):
    return ATTRIBUTES[name, wanted]


SCOPE = Scope(
    parameters={"P": "value", "L": ["a", "b", "c"]},
    pseudo=pseudo_parameters("123456789012", "eu-west-1", "st", "arn:stack"),
    mappings={"M": {"eu-west-1": {"ami": "ami-1", "zones": ["x", "y"]}}},
    conditions={"Yes": True, "No": False},
    resources=frozenset(("Q", "S")),
    ref={"Q": "queue-url"}.__getitem__,
    attribute=attribute,
    export={"shared": "v"}.get,
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Ref": "P"}, "value"),
        ({"Ref": "L"}, ["a", "b", "c"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "Q"}, "queue-url"),
        ({"Fn::GetAtt": ["Q", "Arn"]}, "arn:q"),
        ({"Fn::GetAtt": "Q.Arn"}, "arn:q"),
        ({"Fn::GetAtt": ["S", "Outputs.X"]}, "out"),
        ({"Fn::GetAtt": ["S", "Outputs", "X"]}, "out"),
        ({"Fn::Sub": "${P}/${AWS::Region}/${Q.Arn}/${Q}/${!Literal}"}, "value/eu-west-1/arn:q/queue-url/${Literal}"),
        ({"Fn::Sub": ["${a}-${P}", {"a": {"Ref": "Q"}}]}, "queue-url-value"),
        ({"Fn::Join": [",", {"Ref": "L"}]}, "a,b,c"),
        ({"Fn::Join": ["", ["n", 1, True]]}, "n1true"),
        ({"Fn::Select": ["1", {"Ref": "L"}]}, "b"),
        ({"Fn::Select": [2, {"Fn::Split": ["|", "x|y|z"]}]}, "z"),
        ({"Fn::Split": [",", "a,,b"]}, ["a", "", "b"]),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "ami"]}, "ami-1"),
        ({"Fn::FindInMap": ["M", "nowhere", "ami", {"DefaultValue": {"Ref": "P"}}]}, "value"),
        ({"Fn::ImportValue": {"Fn::Sub": "shared"}}, "v"),
        ({"Fn::Base64": "hello"}, "aGVsbG8="),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::GetAZs": {"Ref": "AWS::Region"}}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", {"Ref": "Missing"}, "other"]}, "other"),
        ({"Fn::Length": {"Ref": "L"}}, 3),
        ({"Fn::ToJsonString": {"a": {"Ref": "P"}}}, '{"a":"value"}'),
        ({"Fn::And": [{"Condition": "Yes"}, {"Fn::Equals": ["1", 1]}]}, True),
        ({"Fn::Or": [{"Condition": "No"}, {"Fn::Not": [{"Condition": "No"}]}]}, True),
    ],
)
def test_values(expression, value):
    assert evaluate(expression, SCOPE) == value


def test_cidr_as_in_the_documentation():
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-cidr.html"""
    blocks = evaluate({"Fn::Cidr": ["192.168.0.0/24", "6", "5"]}, SCOPE)
    assert blocks == [f"192.168.0.{32 * n}/27" for n in range(6)]
    assert evaluate({"Fn::Cidr": ["10.0.0.0/16", 3, 8]}, SCOPE) == ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]
    assert evaluate({"Fn::Cidr": ["2001:db8::/56", 2, 64]}, SCOPE) == ["2001:db8::/64", "2001:db8:0:1::/64"]
    with pytest.raises(TemplateError):
        evaluate({"Fn::Cidr": ["10.0.0.0/24", 3, 7]}, SCOPE)


def test_no_value_disappears_from_maps_and_lists():
    nothing = {"Ref": "AWS::NoValue"}
    assert evaluate({"a": nothing, "b": [1, nothing, 2], "c": {"d": nothing}}, SCOPE) == {"b": [1, 2], "c": {}}
    assert evaluate({"Fn::If": ["No", 1, nothing]}, SCOPE) is NO_VALUE


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Fn::Select": [5, ["a"]]}, "Template error: Fn::Select  cannot select nonexistent value at index 5"),
        ({"Fn::FindInMap": ["M", "us-east-1", "ami"]}, "Template error: Unable to get mapping for M::us-east-1::ami"),
        ({"Fn::FindInMap": ["X", "a", "b"]}, "Mapping named 'X' is not present in the 'Mappings' section of template"),
        ({"Fn::FindInMap": ["M", "a"]}, "every Fn::FindInMap object requires three parameters"),
        ({"Fn::ImportValue": "none"}, "No export named none found."),
        ({"Fn::Join": ["", "text"]}, "every Fn::Join object requires two parameters"),
        ({"Fn::Split": ["", "text"]}, "every Fn::Split object requires two parameters"),
        ({"Fn::GetAtt": ["Q"]}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::GetAtt": ["Nope", "Arn"]}, "instance of Fn::GetAtt references undefined resource Nope"),
        ({"Fn::GetAtt": ["Q", "Nope"]}, "resource Q does not support attribute type Nope in Fn::GetAtt"),
        ({"Fn::If": [{"Ref": "P"}, 1, 2]}, "Fn::If requires a list argument with the first element being a condition"),
        ({"Fn::Sub": "${a b}"}, "variable names in Fn::Sub syntax must contain only alphanumeric characters"),
        ({"Fn::Sub": ["x", "y"]}, "One or more Fn::Sub intrinsic functions don't specify expected arguments"),
        ({"Fn::Frobnicate": 1}, "Encountered unsupported function: Fn::Frobnicate Supported functions are: "),
        ({"Ref": "Nope"}, r"Unresolved resource dependencies \[Nope\] in the Resources block of the template"),
    ],
)
def test_errors(expression, message):
    with pytest.raises(TemplateError, match=message.replace("::", "::")):
        evaluate(expression, SCOPE)


def test_conditions_in_any_order():
    declared = {
        "A": {"Fn::And": [{"Condition": "B"}, {"Condition": "C"}]},
        "B": {"Fn::Equals": [{"Ref": "P"}, "value"]},
        "C": {"Fn::Not": [{"Fn::Equals": [{"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "ami"]}, "x"]}]},
    }
    assert evaluate_conditions(declared, SCOPE) == {"A": True, "B": True, "C": True}


def test_conditions_in_a_circle():
    declared = {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}}
    with pytest.raises(TemplateError, match="Circular"):
        evaluate_conditions(declared, SCOPE)


def test_rules():
    """User Guide, "CloudFormation template Rules syntax". The text around the description is not confirmed."""
    rule = {
        "RuleCondition": {"Fn::Equals": [{"Ref": "P"}, "value"]},
        "Assertions": [{"Assert": {"Fn::Contains": [["a", "b"], "c"]}, "AssertDescription": "c is not there"}],
    }
    with pytest.raises(TemplateError, match="c is not there"):
        check_rules({"R": rule}, SCOPE)
    rule["RuleCondition"] = {"Fn::Equals": [{"Ref": "P"}, "another"]}
    check_rules({"R": rule}, SCOPE)
    check_rules({"R": {"Assertions": [{"Assert": {"Fn::EachMemberIn": [["a"], ["a", "b"]]}}]}}, SCOPE)
