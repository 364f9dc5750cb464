"""Stack refactoring: resources move between stacks and keep their identity."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def place(stack, logical_id):
    return {"StackName": stack, "LogicalResourceId": logical_id}


def refactor(cfn, definitions, mappings=(), **kw):
    """Create a refactor and describe it."""
    id = cfn.client.create_stack_refactor(
        StackDefinitions=[{"StackName": name, "TemplateBody": json.dumps(body)} for name, body in definitions.items()],
        ResourceMappings=[{"Source": place(*source), "Destination": place(*target)} for source, target in mappings],
        **kw,
    )["StackRefactorId"]
    return cfn.client.describe_stack_refactor(StackRefactorId=id)


def test_a_resource_moves_to_another_stack(cfn, parameter, aws):
    cfn.create("from", {"Resources": {"Stays": parameter("s"), "Goes": parameter("g")}})
    cfn.create("to", {"Resources": {"There": parameter("t")}})
    moved = cfn.physical("from")["Goes"]
    after = {
        "from": {"Resources": {"Stays": parameter("s")}},
        "to": {"Resources": {"There": parameter("t"), "Came": parameter("g")}},
    }
    made = refactor(cfn, after, [(("from", "Goes"), ("to", "Came"))], Description="d")
    assert (made["Status"], made["ExecutionStatus"], made["Description"]) == ("CREATE_COMPLETE", "AVAILABLE", "d")
    (action,) = cfn.client.list_stack_refactor_actions(StackRefactorId=made["StackRefactorId"])["StackRefactorActions"]
    assert (action["Action"], action["Entity"], action["Detection"]) == ("MOVE", "RESOURCE", "MANUAL")
    assert action["PhysicalResourceId"] == moved
    cfn.client.execute_stack_refactor(StackRefactorId=made["StackRefactorId"])
    assert list(cfn.physical("from")) == ["Stays"]
    assert cfn.physical("to")["Came"] == moved
    assert aws.client("ssm").get_parameter(Name=moved)["Parameter"]["Version"] == 1
    (listed,) = cfn.client.list_stack_refactors()["StackRefactorSummaries"]
    assert listed["ExecutionStatus"] == "EXECUTE_COMPLETE"
    with pytest.raises(ClientError) as error:
        cfn.update("to", after["to"])
    assert "No updates are to be performed" in str(error.value)
    assert cfn.delete("from")["StackStatus"] == "DELETE_COMPLETE"
    assert aws.client("ssm").get_parameter(Name=moved)["Parameter"]["Value"] == "g"
    assert cfn.delete("to")["StackStatus"] == "DELETE_COMPLETE"


def test_a_stack_is_created_and_a_resource_renamed(cfn, parameter):
    cfn.create("one", {"Resources": {"A": parameter("a"), "B": parameter("b")}})
    ids = cfn.physical("one")
    after = {"one": {"Resources": {"C": parameter("b")}}, "two": {"Resources": {"A": parameter("a")}}}
    refused = refactor(cfn, after, [(("one", "B"), ("one", "C"))])
    assert (refused["Status"], refused["ExecutionStatus"]) == ("CREATE_FAILED", "UNAVAILABLE")
    made = refactor(cfn, after, [(("one", "B"), ("one", "C"))], EnableStackCreation=True)
    assert made["Status"] == "CREATE_COMPLETE", made
    cfn.client.execute_stack_refactor(StackRefactorId=made["StackRefactorId"])
    assert (cfn.physical("one"), cfn.physical("two")) == ({"C": ids["B"]}, {"A": ids["A"]})
    assert cfn.stack("two")["StackStatus"] == "CREATE_COMPLETE"


def test_nothing_may_be_created_or_deleted(cfn, parameter):
    cfn.create("kept", {"Resources": {"A": parameter("a"), "B": parameter("b")}})
    lacking = refactor(cfn, {"kept": {"Resources": {"A": parameter("a")}}})
    assert lacking["Status"] == "CREATE_FAILED" and "B" in lacking["StatusReason"]
    with pytest.raises(ClientError) as error:
        cfn.client.execute_stack_refactor(StackRefactorId=lacking["StackRefactorId"])
    assert error.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError) as error:
        cfn.client.describe_stack_refactor(StackRefactorId="0" * 36)
    assert error.value.response["Error"]["Code"] == "StackRefactorNotFoundException"
