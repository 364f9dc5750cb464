"""Settings of functions that are kept, the old asynchronous invocation, and what layers show.

https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html
https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html
https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html
https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionPolicy.html
"""

from __future__ import annotations

import json
import time
from typing import Any

from tests.support import refused

NONE = {"FunctionName": "none"}


def test_provisioned_concurrency_is_kept_for_a_version_or_an_alias(fn: Any) -> None:
    fn.make()
    client, where = fn.client, {"FunctionName": "f", "Qualifier": "live"}
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert refused(client.get_provisioned_concurrency_config, **where) == (
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        404,
    )
    made = client.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=3)
    assert (made["Status"], made["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 3)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    kept = client.get_provisioned_concurrency_config(**where)
    assert (kept["Status"], kept["AvailableProvisionedConcurrentExecutions"]) == ("READY", 3)
    client.put_provisioned_concurrency_config(FunctionName="f:1", Qualifier="1", ProvisionedConcurrentExecutions=2)
    listed = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert {c["FunctionArn"].rpartition(":")[2]: c["RequestedProvisionedConcurrentExecutions"] for c in listed} == {
        "live": 3, "1": 2,
    }  # fmt: skip
    client.delete_provisioned_concurrency_config(**where)
    gone = refused(client.delete_provisioned_concurrency_config, **where)
    assert gone[::2] == ("ProvisionedConcurrencyConfigNotFoundException", 404)
    (left,) = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert left["FunctionArn"].endswith(":f:1")
    client.delete_function(FunctionName="f")
    fn.make()
    assert client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"] == []


def test_what_cannot_be_provisioned(fn: Any) -> None:
    fn.make()
    client, put = fn.client, fn.client.put_provisioned_concurrency_config
    client.publish_version(FunctionName="f")
    latest = refused(put, FunctionName="f", Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
    assert latest == (
        "InvalidParameterValueException",
        "Provisioned Concurrency Configs cannot be applied to unpublished versions.",
        400,
    )
    assert refused(put, FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=0).status == 400
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)
    more = refused(put, FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=3)
    assert more == (
        "InvalidParameterValueException",
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
        400,
    )
    put(FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=2)
    missing = ("ResourceNotFoundException", 404)
    assert refused(put, FunctionName="f", Qualifier="9", ProvisionedConcurrentExecutions=1)[::2] == missing
    assert refused(put, **NONE, Qualifier="1", ProvisionedConcurrentExecutions=1)[::2] == missing
    assert refused(client.list_provisioned_concurrency_configs, **NONE)[::2] == missing


def test_runtime_management_is_kept(fn: Any) -> None:
    fn.make()
    client = fn.client
    assert client.get_runtime_management_config(FunctionName="f")["UpdateRuntimeOn"] == "Auto"
    client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="FunctionUpdate")
    kept = client.get_runtime_management_config(FunctionName="f")
    assert (kept["UpdateRuntimeOn"], "RuntimeVersionArn" in kept) == ("FunctionUpdate", False)
    assert kept["FunctionArn"].endswith(":function:f")
    arn = f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"
    client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="Manual", RuntimeVersionArn=arn)
    assert client.get_runtime_management_config(FunctionName="f")["RuntimeVersionArn"] == arn
    put = client.put_runtime_management_config
    assert refused(put, FunctionName="f", UpdateRuntimeOn="Manual").code == "InvalidParameterValueException"
    assert refused(put, FunctionName="f", UpdateRuntimeOn="Never").status == 400
    assert refused(put, **NONE, UpdateRuntimeOn="Auto")[::2] == ("ResourceNotFoundException", 404)
    assert refused(client.get_runtime_management_config, **NONE)[::2] == ("ResourceNotFoundException", 404)


def test_recursion_is_kept(fn: Any) -> None:
    fn.make()
    assert fn.client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    fn.client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert fn.client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
    put = fn.client.put_function_recursion_config
    assert refused(put, FunctionName="f", RecursiveLoop="Maybe").status == 400
    assert refused(put, **NONE, RecursiveLoop="Allow")[::2] == ("ResourceNotFoundException", 404)
    assert refused(fn.client.get_function_recursion_config, **NONE)[::2] == ("ResourceNotFoundException", 404)


def test_an_event_is_handed_over_in_the_old_form(fn: Any) -> None:
    fn.make(code="import json\ndef handler(event, context):\n    print(json.dumps(event))\n")
    answer = fn.client.invoke_async(FunctionName="f", InvokeArgs=json.dumps({"said": "old"}).encode())
    assert (answer["Status"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (202, 202)
    logs = fn.account.client("logs")
    deadline = time.monotonic() + 60
    while not (found := printed(logs)):
        assert time.monotonic() < deadline, "the function was not called"
        time.sleep(0.05)
    assert found == [{"said": "old"}]
    assert refused(fn.client.invoke_async, **NONE, InvokeArgs=b"{}")[::2] == ("ResourceNotFoundException", 404)
    wrong = refused(fn.client.invoke_async, FunctionName="f", InvokeArgs=b"{")
    assert wrong[::2] == ("InvalidRequestContentException", 400)


def printed(logs: Any) -> list[Any]:
    try:
        events = logs.filter_log_events(logGroupName="/aws/lambda/f")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


def test_a_layer_is_got_by_its_arn_with_its_policy(cloud: Any, fn: Any, make_zip: Any) -> None:
    client, where = fn.client, {"LayerName": "lib", "VersionNumber": 1}
    arn = client.publish_layer_version(LayerName="lib", Description="d", Content={"ZipFile": make_zip({"a": "b"})})[
        "LayerVersionArn"
    ]
    shown = client.get_layer_version_by_arn(Arn=arn)
    assert (shown["LayerVersionArn"], shown["Version"], shown["Description"]) == (arn, 1, "d")
    theirs = cloud.account().client("lambda")
    assert refused(theirs.get_layer_version_by_arn, Arn=arn).code == "AccessDeniedException"
    none = ("ResourceNotFoundException", 404)
    assert refused(client.get_layer_version_policy, **where)[::2] == none
    client.add_layer_version_permission(**where, StatementId="all", Action="lambda:GetLayerVersion", Principal="*")
    assert theirs.get_layer_version_by_arn(Arn=arn)["LayerVersionArn"] == arn
    kept = client.get_layer_version_policy(**where)
    (statement,) = json.loads(kept["Policy"])["Statement"]
    assert (statement["Sid"], statement["Action"], statement["Resource"]) == ("all", "lambda:GetLayerVersion", arn)
    remove = client.remove_layer_version_permission
    assert refused(remove, **where, StatementId="none")[::2] == none
    stale = refused(remove, **where, StatementId="all", RevisionId="00000000-0000-0000-0000-000000000000")
    assert stale[::2] == ("PreconditionFailedException", 412)
    remove(**where, StatementId="all", RevisionId=kept["RevisionId"])
    assert refused(theirs.get_layer_version_by_arn, Arn=arn).code == "AccessDeniedException"
    assert refused(client.get_layer_version_policy, **where)[::2] == none
    assert refused(client.get_layer_version_by_arn, Arn=arn[:-1] + "9")[::2] == none
    assert refused(client.get_layer_version_policy, LayerName="none", VersionNumber=1)[::2] == none
