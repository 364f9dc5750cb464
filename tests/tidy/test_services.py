"""What every service declares, looked up as the pipeline does."""

from __future__ import annotations

import ast
import json

import pytest

from fogbank.core import services
from fogbank.wire import models

# operations that name no resource, because AWS asks no permission for the call itself: where AWS says so
PUBLIC = {
    # each key is asked about on its own, as s3:DeleteObject, and refused on its own in the answer
    ("s3", "DeleteObjects"): "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html",
    ("sts", "GetCallerIdentity"): "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
    ("sts", "GetSessionToken"): "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html",
    ("sts", "AssumeRoleWithSAML"): "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html",
    ("sts", "AssumeRoleWithWebIdentity"):
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
}  # fmt: skip


@pytest.mark.parametrize("name", services.built())
def test_every_operation_is_awss_and_names_its_resource(name):
    service = services.load(name)
    assert service is not None
    assert service.operations, f"{name} has a folder and no operation"
    known = models.load(name).operations
    for operation in service.operations.values():
        assert operation.name in known, f"{name} has no operation {operation.name}"
        assert operation.service == name, f"{operation.name} is declared for {operation.service}"
        if operation.resource is None:
            assert (name, operation.name) in PUBLIC, f"{name}:{operation.name} needs a resource, or a line in PUBLIC"


def test_every_job_kind_is_found_by_its_name():
    for name in services.built():
        service = services.load(name)
        assert service is not None
        for kind in service.jobs:
            assert kind.partition(".")[0] == name, f"{kind} would be looked for in another service"


def test_no_service_imports_another(house):
    """lint-imports says it of static imports; this one also sees names given to import_module."""
    wrong = []
    for path, tree in house.python.items():
        if not path.startswith("src/fogbank/services/"):
            continue
        own = path.split("/")[3]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts = node.value.split(".")
                if parts[:2] == ["fogbank", "services"] and len(parts) > 2 and parts[2] != own:
                    wrong.append(f"{path}:{node.lineno} {node.value}")
            elif isinstance(node, ast.ImportFrom):
                parts = (node.module or "").split(".")
                if parts[:2] == ["fogbank", "services"] and len(parts) > 2 and parts[2] != own:
                    wrong.append(f"{path}:{node.lineno} {node.module}")
    assert not wrong


def test_every_service_has_its_differences_written_down(house):
    owed = json.loads(house.text("tests/tidy/exceptions.json"))["no page of differences"]
    missing = [name for name in services.built() if not (house.root / f"docs/differences/{name}.md").exists()]
    assert not set(missing) - set(owed), "docs/differences/NAME.md says where a service is unlike AWS"
