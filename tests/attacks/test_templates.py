"""CloudFormation templates have a budget: what would make, repeat or nest more is refused, and soon."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import WaiterError

TOPIC = {"Type": "AWS::SNS::Topic"}
LOOPS = "AWS::LanguageExtensions"
TOO_LARGE = "Template may not exceed 1000000 bytes in size."


@pytest.fixture
def cfn(aws):
    return aws.client("cloudformation")


@pytest.fixture
def made(aws, cfn):
    """Create a stack of a template of up to a megabyte, on S3."""
    s3 = aws.client("s3")
    bucket = f"templates-{aws.id}"
    s3.create_bucket(Bucket=bucket)

    def create(StackName="s", Template=None, **request):
        body = Template if isinstance(Template, str) else json.dumps(Template)
        s3.put_object(Bucket=bucket, Key="t", Body=body.encode())
        url = f"https://{bucket}.s3.amazonaws.com/t"
        capabilities = ["CAPABILITY_AUTO_EXPAND"]
        return cfn.create_stack(StackName=StackName, TemplateURL=url, Capabilities=capabilities, **request)

    return create


def loops(depth: int, members: int, body: dict) -> dict:
    """Loops in loops."""
    for level in range(depth):
        body = {f"Fn::ForEach::L{level}": [f"V{level}", [f"m{n}" for n in range(members)], body]}
    return body


# -- loops ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "resources",
    [
        loops(10, 20, {"R" + "".join(f"${{V{n}}}" for n in range(10)): TOPIC}),
        loops(2, 1000, {"R${V0}${V1}": TOPIC}),
        loops(3, 400, {"Fn::ForEach::E": ["E", [], {"R${E}": TOPIC}]}),  # that make nothing
        loops(3, 400, {"R": TOPIC}),  # or the same again and again
        {"T": {**TOPIC, "Properties": {"DisplayName": "x", **loops(6, 30, {"P${V0}${V1}${V2}${V3}${V4}${V5}": "x"})}}},
        {"Fn::ForEach::L": ["V", ["x" * 20_000], {"R": {**TOPIC, "Metadata": {"m": "${V}" * 5_000}}}]},
        {"Fn::ForEach::L": ["V", {"Fn::Split": ["x", "x" * 20_000]}, {"R": TOPIC}],
         **loops(2, 300, {"Fn::ForEach::M": ["M", {"Fn::Split": ["y", "y" * 10_000]}, {"R${M}": TOPIC}]})},
    ],
    ids=["nested", "squared", "empty", "same", "properties", "long member", "split"],
)  # fmt: skip
def test_loops_end_at_a_templates_size(cfn, attack, resources):
    template = {"Transform": LOOPS, "Resources": resources}
    text = attack.refused(
        "ValidationError", cfn.create_stack, StackName="s", TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip
    assert text == TOO_LARGE


def test_loops_do_not_change_the_quota_of_resources(cfn, attack):
    """User Guide, "Fn::ForEach": the quotas apply to the resultant template."""
    template = {"Transform": LOOPS, "Resources": loops(1, 501, {"R${V0}": TOPIC})}
    text = attack.refused(
        "ValidationError", cfn.create_stack, StackName="s", TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip
    assert text == "Template format error: Number of resources, 501, is greater than maximum allowed, 500"


def test_a_stack_of_450_resources_from_a_loop(cfn, attack):
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    template = {"Transform": LOOPS, "Resources": loops(2, 21, {"R${V0}${V1}": handle}) | {"Last": handle}}
    attack.answered(
        cfn.create_stack, StackName="s", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_AUTO_EXPAND"]
    )
    cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    pages = cfn.get_paginator("list_stack_resources").paginate(StackName="s")
    assert sum(len(page["StackResourceSummaries"]) for page in pages) == 442


# -- functions ------------------------------------------------------------------------------------------------------


def _doubling_sub(depth: int) -> dict:
    value: object = "x"
    for level in range(depth):
        value = {"Fn::Sub": ["${V}" * 10 + str(level), {"V": value}]}
    return {"DisplayName": value}


def _doubling_json(depth: int) -> dict:
    value: object = {"a": '"\\'}
    for _ in range(depth):
        value = {"Fn::ToJsonString": {"a": value}}
    return {"DisplayName": value}


BIG = {"Mappings": {"M": {"a": {"b": "x" * 20_000}}}}
FOUND = {"Fn::FindInMap": ["M", "a", "b"]}


@pytest.mark.parametrize(
    ("extra", "properties"),
    [
        ({}, _doubling_sub(25)),
        ({}, _doubling_json(45)),
        (BIG, {"DisplayName": {"Fn::Sub": ["${V}" * 6_000, {"V": FOUND}]}}),
        (BIG, {"DisplayName": {"Fn::Join": ["", [FOUND] * 600]}}),
        (BIG, {"DisplayName": {"Fn::ToJsonString": {"a": [FOUND] * 600}}}),
        (BIG, {"DisplayName": {"Fn::Select": [0, {"Fn::Split": [",", {"Fn::Join": [",", [FOUND] * 600]}]}]}}),
    ],
    ids=["sub", "json", "sub of a mapping", "join", "json of a mapping", "split"],
)
def test_functions_make_only_so_much(cfn, attack, extra, properties):
    extensions = {"Transform": "AWS::LanguageExtensions"} if "ToJsonString" in json.dumps(properties) else {}
    template = {**extra, **extensions, "Resources": {"T": {**TOPIC, "Properties": properties}}}
    body = json.dumps(template)
    assert len(body) < 51_200
    attack.answered(
        cfn.create_stack,
        StackName="s",
        TemplateBody=body,
        DisableRollback=True,
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )
    with pytest.raises(WaiterError):
        cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    reasons = [
        event.get("ResourceStatusReason", "") for event in cfn.describe_stack_events(StackName="s")["StackEvents"]
    ]
    assert any("would have more than 4000000 characters" in reason for reason in reasons)


@pytest.mark.parametrize("text", ["${" * 25_000, "${" * 20_000 + "}", "}" + "${" * 25_000, "${!" * 15_000])
def test_variables_are_found_in_one_pass(cfn, attack, text):
    template = {"Resources": {"T": {**TOPIC, "Properties": {"DisplayName": {"Fn::Sub": text}}}}}
    if text.endswith("}"):
        said = attack.refused("ValidationError", cfn.validate_template, TemplateBody=json.dumps(template))
        assert "variable names in Fn::Sub syntax" in said
    else:
        attack.answered(cfn.validate_template, TemplateBody=json.dumps(template))


# -- parameters -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ({"Type": "String", "AllowedPattern": "(a+)+"}, "must match pattern"),
        ({"Type": "String", "AllowedPattern": "(a|aa)+$"}, "must match pattern"),
        ({"Type": "String", "AllowedPattern": "(?=a)(a+)+b"}, "takes too long"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "(?=a)(a+)+b"}, "takes too long"),
        ({"Type": "String", "AllowedPattern": "((a{900}){900}){900}(?=b)"}, "invalid AllowedPattern"),
        ({"Type": "String", "AllowedPattern": "("}, "invalid AllowedPattern"),
    ],
)
def test_patterns_of_parameters(cfn, attack, declared, text):
    template = {"Parameters": {"P": declared}, "Resources": {"T": TOPIC}}
    assert text in attack.refused(
        "ValidationError", cfn.create_stack, StackName="s", TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "P", "ParameterValue": "a" * 4000 + "c"}],
    )  # fmt: skip


def test_too_many_parameters_are_refused_before_they_are_looked_at(attack, made):
    declared = {"Type": "String", "AllowedPattern": "(?=a)(a+)+b", "Default": "a" * 300 + "c"}
    template = {"Parameters": {f"P{n}": declared for n in range(2000)}, "Resources": {"T": TOPIC}}
    text = attack.refused("ValidationError", made, Template=template)
    assert text == "Template format error: Number of parameters, 2000, is greater than maximum allowed, 200"


# -- conditions -----------------------------------------------------------------------------------------------------


def test_a_long_chain_of_conditions_is_worked_out(cfn, attack):
    chain = {f"C{n}": {"Fn::Not": [{"Condition": f"C{n + 1}"}]} for n in range(900)}
    chain["C900"] = {"Fn::Equals": ["a", "a"]}
    template = {
        "Conditions": chain,
        "Resources": {"T": {**TOPIC, "Condition": "C0"}, "U": {**TOPIC, "Condition": "C1"}},
    }
    attack.answered(cfn.create_stack, StackName="s", TemplateBody=json.dumps(template))
    cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    resources = cfn.describe_stack_resources(StackName="s")["StackResources"]
    assert [resource["LogicalResourceId"] for resource in resources] == ["T"]


def test_a_long_circle_of_conditions_is_refused(cfn, attack):
    circle = {f"C{n}": {"Fn::Not": [{"Condition": f"C{(n + 1) % 900}"}]} for n in range(900)}
    template = {"Conditions": circle, "Resources": {"T": TOPIC}}
    text = attack.refused("ValidationError", cfn.create_stack, StackName="s", TemplateBody=json.dumps(template))
    assert text.startswith("Template format error: Circular dependency between conditions")


# -- the text itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        '{"Resources":' * 3_000 + "1" + "}" * 3_000,
        "{" * 20_000,
        "- " * 20_000,
        "Resources: " + "[" * 30_000,
        "Resources:\n  A: &a [x, x]\n  B: &b [*a, *a]\n",
        '{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Metadata": NaN}}}',
        r'{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Metadata": {"x": "\ud800"}}}}',
    ],
)
def test_no_templates(cfn, attack, text):
    said = attack.refused("ValidationError", cfn.validate_template, TemplateBody=text)
    assert said.startswith(("Template format error", "Template error: YAML aliases are not allowed"))


def test_numbers_that_nothing_holds_stay_text(cfn, attack):
    body = '{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Metadata": {"a": 1e999, "b": ' + "9" * 4400 + "}}}}"
    attack.answered(cfn.create_stack, StackName="s", TemplateBody=body)
    assert cfn.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"].startswith("CREATE")


def test_a_deep_path_is_told_and_not_written_for_every_value(attack, made):
    deep: object = {f"k{n}": [[]] for n in range(30_000)}
    for _ in range(40):
        deep = {"x" * 10_000: deep}
    template = {"Resources": {"T": {**TOPIC, "Metadata": deep}}}
    attack.answered(made, Template=template)
    null = {"Resources": {"T": {**TOPIC, "Metadata": {"a": None}}}}
    said = attack.refused("ValidationError", made, StackName="n", Template=null)
    assert said == "Template format error: [/Resources/T/Metadata/a] 'null' values are not allowed in templates"


@pytest.mark.parametrize(
    "url", ["https://s3" + "-a" * 2000 + "_/b/k", "https://" + "s3." * 1600 + "!/k", "https://[/b/k", "https://[::1/b"]
)
def test_urls_of_templates(cfn, attack, url):
    text = attack.refused("ValidationError", cfn.validate_template, TemplateURL=url)
    assert text == "TemplateURL must be a supported URL."


# -- macros ---------------------------------------------------------------------------------------------------------


def test_a_file_that_includes_itself(aws, cfn, attack):
    s3 = aws.client("s3")
    bucket = f"snippets-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    include = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": f"s3://{bucket}/k"}}}
    s3.put_object(Bucket=bucket, Key="k", Body=json.dumps({"a": include, "b": include}))
    template = {"Resources": {"T": {**TOPIC, "Metadata": include}}}
    text = attack.refused(
        "ValidationError", cfn.create_stack, StackName="s", TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip
    assert "transforms" in text


def test_a_serverless_template_of_too_many_resources_is_not_translated(attack, made):
    function = {"Type": "AWS::Serverless::Function"}
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {f"F{n}": function for n in range(5000)}}
    text = attack.refused("ValidationError", made, Template=template)
    assert text == "Template format error: Number of resources, 5000, is greater than maximum allowed, 500"
    copied = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {"Environment": {"Variables": {"A": "x" * 100_000}}}},
        "Resources": {f"F{n}": function for n in range(500)},
    }
    assert attack.refused("ValidationError", made, Template=copied) == TOO_LARGE


# -- stack policies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        '{"a":' * 2000 + "1" + "}" * 2000,
        '{"Statement": ["x"]}',
        '{"Statement": {"Effect": "Deny", "Action": [1], "Resource": "*"}}',
        '{"Statement": {"Effect": "Deny", "Action": "*", "Condition": ["x"]}}',
        '{"Statement": {"Effect": "Deny", "Action": "*", "Condition": {"StringLike": 1}}}',
    ],
)
def test_stack_policies_that_are_none(cfn, attack, policy):
    cfn.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"T": TOPIC}}))
    text = attack.refused("ValidationError", cfn.set_stack_policy, StackName="s", StackPolicyBody=policy)
    assert text == "Error validating stack policy: Invalid stack policy"


def test_wildcards_of_stack_policies_are_linear(cfn, attack):
    name = "A" * 255
    cfn.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {name: TOPIC}}))
    cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    statements = [
        {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*a" * 2000 + "*b"},
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "logicalresourceid/*a?*"},
    ]
    cfn.set_stack_policy(StackName="s", StackPolicyBody=json.dumps({"Statement": statements}))
    changed = {"Resources": {name: {**TOPIC, "Properties": {"DisplayName": "x"}}}}
    attack.answered(cfn.update_stack, StackName="s", TemplateBody=json.dumps(changed))
    cfn.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
