"""What holds for every operation that is built, whatever it does. Requests are generated from AWS's models.

No request that a model allows is answered with an InternalFailure; a caller without policies is denied; what is not
there is answered with an error that the operation declares. Calls go through validation, authorization, the operation
and the serializer, as in the pipeline, without HTTP.
"""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.core import services
from fogbank.core.errors import AccessDenied, CommonError, InternalFailure, ServiceError
from fogbank.wire import models

from ..attacks import building
from ..attacks.world import World
from .requests import operations, requests

EVERY = list(operations())
# in a world where nothing happens by itself they wait for the function to become active
WAITS = {("lambda", "Invoke"), ("lambda", "InvokeWithResponseStream"), ("lambda", "InvokeAsync")}
LATE = 10  # seconds after which `World.call` gives up
# they name a thing by an id that only its maker was told, which is looked up first; the world has none of these
HANDED_OUT = {
    ("lambda", "DeleteEventSourceMapping"), ("lambda", "GetEventSourceMapping"), ("lambda", "UpdateEventSourceMapping"),
    ("sqs", "CancelMessageMoveTask"),
}  # fmt: skip
# what the API references say, or said, beside the models: DashboardNotFoundError is on the page of DeleteDashboards,
# the other two are not confirmed
UNDECLARED = {
    ("cloudwatch", "DeleteDashboards"): "DashboardNotFoundError",
    ("iam", "GetAccessKeyLastUsed"): "NoSuchEntity",
    ("sqs", "CancelMessageMoveTask"): "InvalidParameterValue",
}


def outcome(world: World, who: Any, service: str, name: str, request: dict[str, Any]) -> ServiceError | None:
    """The error that is answered. What is none of ServiceError is an InternalFailure to a client: it is raised."""
    model = building.operation(service, name)
    protocol = models.load(service).protocols[0]
    try:
        model.validate(request)
        answer = world.call(who, service, name, **request)
        model.serialize(protocol, answer, "id")
    except InternalFailure:
        raise
    except ServiceError as error:
        model.error(protocol, error, "id")
        return error
    return None


@pytest.mark.parametrize(("service", "name"), EVERY)
def test_no_request_fails_inside(world: World, service: str, name: str) -> None:
    # with names of nothing, and with names of what is there
    for things in (None,) if (service, name) in WAITS else (None, world):
        for request in requests(service, name, things):
            try:
                outcome(world, world.owner, service, name, request)
            except TimeoutError:
                pytest.fail(f"no answer within {LATE} s to {request!r}")
            except Exception as error:
                error.add_note(f"the request was {request!r}")
                raise
            finally:
                world.restore()


def _denied(error: ServiceError) -> bool:
    """SNS has a code of its own: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html (AuthorizationError)"""
    return isinstance(error, AccessDenied) or error.code == "AuthorizationError"


@pytest.mark.parametrize(("service", "name"), EVERY)
def test_without_a_policy_it_is_denied(world: World, service: str, name: str) -> None:
    """None of the requests is answered, and what the model allows is denied in the service's own code."""
    loaded = services.load(service)
    assert loaded is not None
    if loaded.operations[name].resource is None:
        pytest.skip("AWS asks no permission")
    errors = []
    for request in requests(service, name, world):
        with pytest.raises(ServiceError) as caught:
            world.call(world.nobody, service, name, **request)
        errors.append(caught.value)
    after = world.rows()
    world.restore()
    assert not [key for key, value in world.began.items() if after.get(key) != value]
    assert (service, name) in HANDED_OUT or any(_denied(error) for error in errors), errors


@pytest.mark.parametrize(("service", "name"), EVERY)
def test_an_error_is_one_that_is_declared(world: World, service: str, name: str) -> None:
    """Of an operation's own errors or those that every service has; S3's model declares hardly any, EC2's none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    model = building.operation(service, name)
    declared = {shape.name for shape in model.errors} | {
        shape.raw.error.code for shape in model.errors if shape.raw.error and shape.raw.error.code
    }
    error = outcome(world, world.owner, service, name, next(requests(service, name)))
    world.restore()
    if error is None or isinstance(error, CommonError) or error.code == "NotImplemented":
        return
    assert 400 <= error.status < 500
    declared.add(UNDECLARED.get((service, name), ""))
    assert service in ("ec2", "s3") or error.code in declared, f"{error!r}"
