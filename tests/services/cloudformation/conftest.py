"""Helpers as fixtures: deploy a template and wait, read a stack's story."""

from __future__ import annotations

import json
import time

import pytest

SETTLED = 20.0  # seconds


class Cfn:
    """A CloudFormation client with the few steps that every test takes."""

    def __init__(self, account):
        self.client = account.client("cloudformation")
        self.account = account

    def create(self, name, template, wait=True, **kw):
        self.client.create_stack(StackName=name, TemplateBody=body(template), **kw)
        return self.settled(name) if wait else None

    def update(self, name, template=None, wait=True, **kw):
        what = {"UsePreviousTemplate": True} if template is None else {"TemplateBody": body(template)}
        self.client.update_stack(StackName=name, **what, **kw)
        return self.settled(name) if wait else None

    def delete(self, name, **kw):
        stack_id = self.stack(name)["StackId"]
        self.client.delete_stack(StackName=name, **kw)
        return self.settled(stack_id)

    def stack(self, name):
        return self.client.describe_stacks(StackName=name)["Stacks"][0]

    def settled(self, name):
        """The stack once nothing is in progress."""
        end = time.monotonic() + SETTLED
        while time.monotonic() < end:
            stack = self.stack(name)
            if not stack["StackStatus"].endswith("_IN_PROGRESS") or stack["StackStatus"].startswith("REVIEW"):
                return stack
            time.sleep(0.02)
        raise AssertionError(f"{name} is still {stack['StackStatus']}: {self.story(name)}")

    def until(self, name, logical_id, status):
        """Wait for an event."""
        end = time.monotonic() + SETTLED
        while time.monotonic() < end:
            if (logical_id, status) in self.story(name):
                return
            time.sleep(0.02)
        raise AssertionError(self.story(name))

    def events(self, name):
        """Every event, the oldest first."""
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def story(self, name):
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in self.events(name)]

    def failures(self, name):
        """(resource, reason) of everything that failed."""
        failed = [event for event in self.events(name) if event["ResourceStatus"].endswith("_FAILED")]
        return [(event["LogicalResourceId"], event.get("ResourceStatusReason", "")) for event in failed]

    def reason(self, name, logical_id, status):
        for event in self.events(name):
            if (event["LogicalResourceId"], event["ResourceStatus"]) == (logical_id, status):
                return event.get("ResourceStatusReason", "")
        raise AssertionError(self.story(name))

    def outputs(self, name):
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack(name).get("Outputs", [])}

    def physical(self, name):
        found = self.client.describe_stack_resources(StackName=name)["StackResources"]
        return {resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "") for resource in found}


def body(template):
    return template if isinstance(template, str) else json.dumps(template)


@pytest.fixture
def cfn(aws):
    return Cfn(aws)


@pytest.fixture
def cfn_of():
    return Cfn


@pytest.fixture
def parameter():
    """An AWS::SSM::Parameter's declaration."""

    def declare(value="v", name=None, **attributes):
        properties = {"Type": "String", "Value": value} | ({"Name": name} if name else {})
        return {"Type": "AWS::SSM::Parameter", "Properties": properties, **attributes}

    return declare
