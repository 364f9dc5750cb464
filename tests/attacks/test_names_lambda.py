"""Lambda: whatever a function, a layer, a mapping or a role is called, its own ARN decides.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
"""

import io
import json
import zipfile
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from .spellings import OTHER_ACCOUNT, spellings, turn

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ROLE = {"Runtime": "python3.11", "Handler": "app.handler"}
DESTINATION = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}
PERMISSION = {"StatementId": "more", "Action": "lambda:InvokeFunction", "Principal": "*"}

# operation → what it needs besides the function's name
OPERATIONS = {
    "add_permission": PERMISSION,
    "create_alias": {"Name": "more", "FunctionVersion": "1"},
    "create_function_url_config": {"AuthType": "NONE"},
    "delete_alias": {"Name": "live"},
    "delete_function": {},
    "delete_function_concurrency": {},
    "delete_function_event_invoke_config": {},
    "delete_function_url_config": {},
    "delete_provisioned_concurrency_config": {"Qualifier": "1"},
    "get_alias": {"Name": "live"},
    "get_function": {},
    "get_function_code_signing_config": {},
    "get_function_concurrency": {},
    "get_function_configuration": {},
    "get_function_event_invoke_config": {},
    "get_function_recursion_config": {},
    "get_function_url_config": {},
    "get_policy": {},
    "get_provisioned_concurrency_config": {"Qualifier": "1"},
    "get_runtime_management_config": {},
    "invoke": {},
    "invoke_async": {"InvokeArgs": b"{}"},
    "invoke_with_response_stream": {},
    "list_aliases": {},
    "list_function_event_invoke_configs": {},
    "list_function_url_configs": {},
    "list_provisioned_concurrency_configs": {},
    "list_versions_by_function": {},
    "publish_version": {},
    "put_function_concurrency": {"ReservedConcurrentExecutions": 5},
    "put_function_event_invoke_config": {"DestinationConfig": DESTINATION},
    "put_function_recursion_config": {"RecursiveLoop": "Allow"},
    "put_provisioned_concurrency_config": {"Qualifier": "1", "ProvisionedConcurrentExecutions": 2},
    "put_runtime_management_config": {"UpdateRuntimeOn": "FunctionUpdate"},
    "remove_permission": {"StatementId": "first"},
    "update_alias": {"Name": "live", "Description": "other"},
    "update_function_code": {},
    "update_function_configuration": {"Description": "other"},
    "update_function_event_invoke_config": {"MaximumRetryAttempts": 1},
    "update_function_url_config": {"AuthType": "NONE"},
}
LAYERS = {
    "add_layer_version_permission": {"StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"},
    "delete_layer_version": {},
    "get_layer_version": {},
    "get_layer_version_policy": {},
    "remove_layer_version_permission": {"StatementId": "s"},
}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(*resources, action="*", **condition):
    return {"Effect": "Deny", "Action": action, "Resource": list(resources), **condition}


def package():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    return buffer.getvalue()


def role_of(account, name, path="/"):
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = account.client("iam")
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(ALLOW))
    return made


@pytest.fixture(scope="module")
def here(cloud):
    """A function with all it can have, a layer, a mapping, a role; who may not touch them; and another account."""
    owner, other = cloud.account(), cloud.account()
    client, role = owner.client("lambda"), role_of(owner, "Runner")
    made = client.create_function(FunctionName="Victim", Role=role, Code={"ZipFile": package()}, **ROLE)
    arn = made["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName="Victim", WaiterConfig={"Delay": 0.05})
    client.publish_version(FunctionName="Victim")
    client.create_alias(FunctionName="Victim", Name="live", FunctionVersion="1")
    client.add_permission(
        FunctionName="Victim", **PERMISSION | {"StatementId": "first", "Principal": "s3.amazonaws.com"}
    )
    client.create_function_url_config(FunctionName="Victim", AuthType="AWS_IAM")
    client.put_function_event_invoke_config(FunctionName="Victim", MaximumRetryAttempts=0)
    client.put_function_concurrency(FunctionName="Victim", ReservedConcurrentExecutions=7)
    client.put_provisioned_concurrency_config(FunctionName="Victim", Qualifier="1", ProvisionedConcurrentExecutions=1)
    layer = client.publish_layer_version(LayerName="Shared", Content={"ZipFile": package()})
    owner.client("sqs").create_queue(QueueName="q")
    queue = f"arn:aws:sqs:us-east-1:{owner.id}:q"
    mapping = client.create_event_source_mapping(FunctionName="Victim", EventSourceArn=queue, Enabled=False)
    denied = owner.user(policy(ALLOW, deny(arn, f"{arn}:*", layer["LayerArn"], f"{layer['LayerArn']}:*",
                                           mapping["EventSourceMappingArn"], role)))  # fmt: skip
    return SimpleNamespace(
        owner=owner, other=other, client=client, denied=denied, role=role, arn=arn, queue=queue,
        layer=layer["LayerArn"],
        version=layer["LayerVersionArn"], mapping=mapping["UUID"], mapping_arn=mapping["EventSourceMappingArn"],
    )  # fmt: skip


def callers(here):
    return here.denied.client("lambda"), here.other.client("lambda")


def state(client):
    """Everything of the function, the layer and the mapping that a call could have changed."""
    ask, name = client, {"FunctionName": "Victim"}
    function = ask.get_function(**name)
    del function["Code"]
    found = [
        function,
        ask.get_policy(**name), ask.list_aliases(**name), ask.list_versions_by_function(**name),
        ask.list_function_url_configs(**name), ask.list_function_event_invoke_configs(**name),
        ask.list_provisioned_concurrency_configs(**name), ask.get_function_recursion_config(**name),
        ask.get_runtime_management_config(**name), ask.list_functions(), ask.list_layers(),
        ask.list_layer_versions(LayerName="Shared"), ask.list_event_source_mappings(),
    ]  # fmt: skip
    for answer in found:
        del answer["ResponseMetadata"]
    return found


def refused(call, **request):
    """The error code; any answer of a 2xx fails the test."""
    try:
        call(**request)
    except ClientError as error:
        assert 400 <= error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, (request, error)
        return error.response["Error"]["Code"]
    raise AssertionError(f"{call.__name__}({request}) was answered")


def others(arn, name=""):
    """Spellings of an ARN that are not just the ARN of something else of the account, which anybody may have made."""
    head = arn.rpartition(":")[0]
    for text in spellings(arn, name or arn):
        if text.rpartition(":")[0] != head or not text.rpartition(":")[2].isalnum():
            yield text


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_function_by_any_other_name(here, operation):
    """Names that mean it are denied, other spellings mean nothing; its own account's user and another's root."""
    before, more = state(here.client), dict(OPERATIONS[operation])
    if operation == "update_function_code":
        more["ZipFile"] = package()
    account = here.owner.id
    for caller in callers(here):
        call = getattr(caller, operation)
        for text in (here.arn, f"{account}:function:Victim", f"{account}:Victim"):
            assert refused(call, FunctionName=text, **more) == "AccessDeniedException", text
        for text in turn(spellings(here.arn, "Victim"), list(OPERATIONS).index(operation)):
            refused(call, FunctionName=text, **more)
    for text in ("Victim", "function:Victim"):
        assert (
            refused(getattr(here.denied.client("lambda"), operation), FunctionName=text, **more)
            == "AccessDeniedException"
        )
    assert state(here.client) == before


@pytest.mark.parametrize("qualifier", ["0", "00", "01", "1 ", "٠", "١", "$latest", "LIVE", "live:1", "*"])
def test_a_version_by_any_other_number(here, qualifier):
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html: numbers, and $LATEST."""
    user = here.owner.user(policy(ALLOW, deny(f"{here.arn}:1", f"{here.arn}:$LATEST", f"{here.arn}:live")))
    for operation in ("get_function", "invoke"):
        call = getattr(user.client("lambda"), operation)
        assert refused(call, FunctionName="Victim", Qualifier="1") == "AccessDeniedException"
        refused(call, FunctionName="Victim", Qualifier=qualifier)
        refused(call, FunctionName=f"{here.arn}:{qualifier}")
    refused(here.client.create_alias, FunctionName="Victim", Name="zero", FunctionVersion=qualifier)


def test_a_function_is_made_under_its_own_name_and_account(here):
    before = state(here.client)
    request = {"Role": here.role, "Code": {"ZipFile": package()}, **ROLE}
    made = here.arn.replace("Victim", "New")
    user = here.owner.user(policy(ALLOW, deny(made)))
    for text in (made, "New", f"{here.owner.id}:function:New"):
        assert refused(user.client("lambda").create_function, FunctionName=text, **request) == "AccessDeniedException"
    for text in others(made):
        if text not in (f"{here.owner.id}:function:New", "function:New", "New"):
            refused(user.client("lambda").create_function, FunctionName=text, **request)
    for text in (made, f"{here.owner.id}:New"):
        assert (
            refused(here.other.client("lambda").create_function, FunctionName=text, **request)
            == "AccessDeniedException"
        )
    assert state(here.client) == before


# -- roles -------------------------------------------------------------------------------------------------------------


def test_a_role_by_any_other_arn(here):
    """iam:PassRole on the very role: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
    before = state(here.client)
    pathed = role_of(here.owner, "Pathed", "/a/b/")
    request = {"Code": {"ZipFile": package()}, **ROLE}
    user = here.owner.user(policy(ALLOW, deny(here.role, pathed, action="iam:PassRole"))).client("lambda")
    for start, arn in enumerate((here.role, pathed)):
        for text in (arn, *turn(spellings(arn, arn), start, 2)):
            refused(user.create_function, FunctionName="new", Role=text, **request)
            refused(user.update_function_configuration, FunctionName="Victim", Role=text)
        for text in turn(spellings(arn, arn), start, 2):
            refused(here.client.create_function, FunctionName="new", Role=text, **request)
    assert state(here.client) == before


def test_a_role_of_another_account(here):
    """A role is passed within its account only."""
    foreign = role_of(here.other, "Foreign")
    with pytest.raises(ClientError) as caught:
        here.client.create_function(FunctionName="new", Role=foreign, Code={"ZipFile": package()}, **ROLE)
    assert caught.value.response["Error"]["Message"] == "Cross-account pass role is not allowed."
    assert (
        refused(here.client.update_function_configuration, FunctionName="Victim", Role=foreign)
        == "AccessDeniedException"
    )


# -- layers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", LAYERS)
def test_a_layer_version_by_any_other_name(here, operation):
    before, more = state(here.client), {"VersionNumber": 1, **LAYERS[operation]}
    own, foreign = callers(here)
    for caller in (own, foreign):
        call = getattr(caller, operation)
        assert refused(call, LayerName=here.layer, **more) == "AccessDeniedException"
        for text in (here.version, *turn(spellings(here.layer, here.layer), list(LAYERS).index(operation))):
            absent = text != here.layer and text.rpartition(":")[2] in ("Shared", "shared", "SHARED")
            if operation == "delete_layer_version" and absent and (caller is own or ":" not in text):
                continue  # to delete what one does not have is no error
            refused(call, LayerName=text, **more)
    for name in ("Shared", here.layer):
        assert (
            refused(getattr(here.denied.client("lambda"), operation), LayerName=name, **more) == "AccessDeniedException"
        )
    assert state(here.client) == before


def test_a_layer_by_any_other_arn(here):
    before = state(here.client)
    for start, caller in enumerate(callers(here)):
        for text in (here.layer, *turn((t for t in others(here.layer) if ":" in t), start, 2)):
            refused(caller.list_layer_versions, LayerName=text)
            refused(caller.publish_layer_version, LayerName=text, Content={"ZipFile": package()})
        request = {"Role": here.role, "Code": {"ZipFile": package()}, **ROLE}
        for text in (here.version, *turn(spellings(here.version, "Shared:1"), start, 2)):
            refused(caller.get_layer_version_by_arn, Arn=text)
            refused(caller.create_function, FunctionName="new", Layers=[text], **request)
    user = here.owner.user(policy(ALLOW, deny(here.version)))
    for text in (here.version, *spellings(here.version, "Shared:1")):
        refused(user.client("lambda").update_function_configuration, FunctionName="Victim", Layers=[text])
    assert state(here.client) == before


def test_a_layer_that_is_shared_may_be_read_and_used_and_no_more(here):
    """https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html

    ListLayerVersions is asked on the layer, which no policy can open: https://github.com/keithrozario/Klayers/issues/81
    """
    shared = here.client.publish_layer_version(LayerName="open", Content={"ZipFile": package()})
    here.client.add_layer_version_permission(
        LayerName="open", VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal=here.other.id
    )
    theirs = here.other.client("lambda")
    assert theirs.get_layer_version_by_arn(Arn=shared["LayerVersionArn"])["Version"] == 1
    assert theirs.get_layer_version(LayerName=shared["LayerArn"], VersionNumber=1)["Version"] == 1
    made = theirs.create_function(
        FunctionName="uses", Role=role_of(here.other, "user"), Layers=[shared["LayerVersionArn"]],
        Code={"ZipFile": package()}, **ROLE,
    )  # fmt: skip
    assert made["Layers"][0]["Arn"] == shared["LayerVersionArn"]
    for operation in ("delete_layer_version", "get_layer_version_policy"):
        call = getattr(theirs, operation)
        assert refused(call, LayerName=shared["LayerArn"], VersionNumber=1) == "AccessDeniedException"
    assert refused(theirs.list_layer_versions, LayerName=shared["LayerArn"]) == "AccessDeniedException"


# -- event source mappings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
def test_a_mapping_by_any_other_name(here, operation):
    before = state(here.client)
    for start, caller in enumerate(callers(here)):
        call = getattr(caller, f"{operation}_event_source_mapping")
        for text in (here.mapping, here.mapping_arn, *turn(spellings(here.mapping_arn, here.mapping), start, 2)):
            refused(call, UUID=text)
    assert state(here.client) == before


def test_the_function_of_a_mapping_is_its_condition(here):
    """lambda:FunctionArn is the function's ARN, however the request calls it, and whether it does."""
    condition = {"Condition": {"ArnLike": {"lambda:FunctionArn": [here.arn, f"{here.arn}:*"]}}}
    user = here.owner.user(policy(ALLOW, deny("*", action="lambda:*EventSourceMapping", **condition))).client("lambda")
    other = here.client.create_function(FunctionName="Else", Role=here.role, Code={"ZipFile": package()}, **ROLE)
    here.client.get_waiter("function_active_v2").wait(FunctionName="Else", WaiterConfig={"Delay": 0.05})
    before, account = state(here.client), here.owner.id
    mine = ["Victim", "function:Victim", f"{account}:Victim", f"{account}:function:Victim", here.arn]
    for text in (*mine, *(f"{text}:live" for text in mine), "Victim:$LATEST"):
        call = user.create_event_source_mapping
        assert refused(call, FunctionName=text, EventSourceArn=here.queue) == "AccessDeniedException", text
        call = user.update_event_source_mapping
        assert refused(call, UUID=here.mapping, FunctionName=text) == "AccessDeniedException", text
    for text in spellings(here.arn, "Victim"):
        refused(user.create_event_source_mapping, FunctionName=text, EventSourceArn=here.queue)
    for request in ({}, {"FunctionName": "Else"}, {"FunctionName": other["FunctionArn"], "BatchSize": 2}):
        assert refused(user.update_event_source_mapping, UUID=here.mapping, **request) == "AccessDeniedException"
    for operation in ("get", "delete"):
        assert refused(getattr(user, f"{operation}_event_source_mapping"), UUID=here.mapping) == "AccessDeniedException"
    assert state(here.client) == before
    here.client.delete_function(FunctionName="Else")


def test_a_mapping_is_for_a_function_of_its_account_and_a_queue_by_its_arn(here):
    before = state(here.client)
    theirs = here.other.client("lambda")
    here.other.client("sqs").create_queue(QueueName="q")
    queue = f"arn:aws:sqs:us-east-1:{here.other.id}:q"
    for text in (here.arn, f"{here.owner.id}:function:Victim"):
        refused(theirs.create_event_source_mapping, FunctionName=text, EventSourceArn=queue)
        assert theirs.list_event_source_mappings(FunctionName=text)["EventSourceMappings"] == []
    for text in spellings(here.queue, here.queue):
        if ":sqs:" in text:  # other services are not polled, which is another error
            refused(here.client.create_event_source_mapping, FunctionName="Victim", EventSourceArn=text)
    assert state(here.client) == before


# -- tags, destinations, URLs ------------------------------------------------------------------------------------------


def test_tags_by_any_other_arn(here):
    before = state(here.client)
    for start, caller in enumerate(callers(here)):
        for arn in (here.arn, here.mapping_arn):
            for text in (arn, *turn(spellings(arn, arn.rpartition(":")[2]), start)):
                refused(caller.tag_resource, Resource=text, Tags={"a": "b"})
                refused(caller.untag_resource, Resource=text, TagKeys=["a"])
                refused(caller.list_tags, Resource=text)
    for text in ("Victim", f"{here.owner.id}:function:Victim", here.mapping):
        refused(here.client.tag_resource, Resource=text, Tags={"a": "b"})
    assert state(here.client) == before


def test_tags_on_what_is_made_need_the_permission_to_tag(here):
    """lambda:TagResource, beside CreateFunction and CreateEventSourceMapping.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
    """
    user = here.owner.user(policy(ALLOW, deny("*", action="lambda:TagResource"))).client("lambda")
    request = {"FunctionName": "new", "Role": here.role, "Code": {"ZipFile": package()}, **ROLE}
    with pytest.raises(ClientError, match=r"lambda:TagResource on resource: .*:function:new with an explicit deny"):
        user.create_function(**request, Tags={"a": "b"})
    with pytest.raises(ClientError, match="lambda:TagResource"):
        user.create_event_source_mapping(FunctionName="Victim:live", EventSourceArn=here.queue, Tags={"a": "b"})
    keys = {"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["secret"]}}}
    user = here.owner.user(policy(ALLOW, deny("*", action="lambda:*", **keys))).client("lambda")
    assert refused(user.create_function, **request, Tags={"secret": "b"}) == "AccessDeniedException"
    assert refused(user.tag_resource, Resource=here.arn, Tags={"secret": "b"}) == "AccessDeniedException"
    assert refused(user.untag_resource, Resource=here.arn, TagKeys=["secret"]) == "AccessDeniedException"


@pytest.mark.parametrize("partition", ["aws-cn", "aws-x", ""])
def test_records_go_to_this_partition_only(here, partition):
    destination = f"arn:{partition}:sqs:us-east-1:{OTHER_ACCOUNT}:q"
    call = here.client.put_function_event_invoke_config
    refused(call, FunctionName="Victim", DestinationConfig={"OnFailure": {"Destination": destination}})
    letters = {"TargetArn": destination}
    refused(here.client.update_function_configuration, FunctionName="Victim", DeadLetterConfig=letters)


def test_the_kind_of_a_url_is_a_condition_whether_the_request_says_it_or_not(here):
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html: lambda:FunctionUrlAuthType, lambda:FunctionArn"""
    iam = {"Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}}
    this = {"Condition": {"ArnEquals": {"lambda:FunctionArn": here.arn}}}
    for condition in (iam, this):
        user = here.owner.user(policy(ALLOW, deny("*", action="lambda:*FunctionUrlConfig", **condition))).client(
            "lambda"
        )
        for operation in ("get", "update", "delete"):
            call = getattr(user, f"{operation}_function_url_config")
            for name in ("Victim", here.arn):
                assert refused(call, FunctionName=name) == "AccessDeniedException"


def test_whose_permission_is_removed_is_a_condition(here):
    condition = {"Condition": {"StringEquals": {"lambda:Principal": "s3.amazonaws.com"}}}
    user = here.owner.user(policy(ALLOW, deny("*", action="lambda:RemovePermission", **condition))).client("lambda")
    assert refused(user.remove_permission, FunctionName="Victim", StatementId="first") == "AccessDeniedException"
