"""Parameters. User Guide, "Parameters syntax"; the texts are the ones that CreateStack answers with."""

import pytest

from fogbank.services.cloudformation.template import parameters
from fogbank.services.cloudformation.template.errors import TemplateError
from fogbank.services.cloudformation.template.parameters import Given, Value


def chosen(declared, **given):
    return parameters.choose(declared, [Given(key, value) for key, value in given.items()], {})


def test_defaults_lists_and_numbers():
    declared = {
        "S": {"Type": "String", "Default": True},
        "N": {"Type": "Number", "Default": 3},
        "L": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "E": {"Type": "CommaDelimitedList", "Default": ""},
        "M": {"Type": "List<Number>"},
    }
    values = chosen(declared, M="1,2")
    assert parameters.references(declared, values) == {
        "S": "true",
        "N": "3",
        "L": ["a", "b", "c"],
        "E": [],
        "M": ["1", "2"],
    }


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "aB", "Parameter 'P' must match pattern \\[a-z\\]\\+"),
        ({"Type": "String", "MinLength": "3"}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": 2}, "abc", "Parameter 'P' must contain at most 2 characters"),
        ({"Type": "Number", "MinValue": 5}, "4", "Parameter 'P' must be a number not less than 5"),
        ({"Type": "Number", "MaxValue": "5"}, "6.5", "Parameter 'P' must be a number not greater than 5"),
        ({"Type": "Number"}, "x", "Parameter value x for parameter name P is not a number"),
        (
            {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "lower case only"},
            "A",
            "Parameter P failed to satisfy constraint: lower case only",
        ),
        (
            {"Type": "CommaDelimitedList", "AllowedPattern": "\\w+", "ConstraintDescription": "words"},
            "dev,-",
            "Parameter P failed to satisfy constraint: words",
        ),
    ],
)
def test_constraints(declaration, value, message):
    with pytest.raises(TemplateError, match=message):
        chosen({"P": declaration}, P=value)


def test_missing_and_unknown():
    with pytest.raises(TemplateError, match=r"Parameters: \[A, B\] must have values"):
        chosen({"A": {"Type": "String"}, "B": {"Type": "String"}})
    with pytest.raises(TemplateError, match=r"Parameters: \[C\] do not exist in the template"):
        chosen({}, C="x")


def test_previous_values():
    declared = {"P": {"Type": "String", "Default": "d"}}
    previous = {"P": Value("kept")}
    assert parameters.choose(declared, [Given("P", None, True)], previous)["P"].value == "kept"
    assert parameters.choose(declared, [], previous)["P"].value == "d"  # not asked for: the default


def test_systems_manager_values():
    declared = {"A": {"Type": "AWS::SSM::Parameter::Value<List<String>>"}, "B": {"Type": "AWS::SSM::Parameter::Name"}}
    values = chosen(declared, A="/x", B="/y")
    assert parameters.ssm_names(declared, values) == {"A": "/x"}
    done = parameters.finish(declared, values, {"/x": "1,2"})
    assert parameters.references(declared, done) == {"A": ["1", "2"], "B": "/y"}
    with pytest.raises(
        TemplateError, match=r"Unable to fetch parameters \[/x\] from parameter store for this account."
    ):
        parameters.finish(declared, values, {})


def test_types():
    good = ["String", "List<AWS::EC2::Subnet::Id>", "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"]
    assert all(parameters.is_type(name) for name in good)
    bad = ["Strings", "List<String", "AWS::EC2::Nope::Id", "AWS::SSM::Parameter::Value<X>", 1]
    assert not any(parameters.is_type(name) for name in bad)
