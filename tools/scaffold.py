"""Lay out the folder of a new service, with tests that fail until it is built: `make service S=sqs`."""

from __future__ import annotations

import keyword
import sys
from pathlib import Path

from fogbank.core import services
from fogbank.wire import index, models

ROOT = Path(__file__).parents[1]


def files(name: str) -> dict[str, str]:
    """Path below the root -> text, for a service by botocore's name. Raises KeyError when AWS has no such service."""
    model = models.load(name)
    entry = index.table().services[name]
    folder = name.replace("-", "_") + ("_" if keyword.iskeyword(name) else "")
    source, tests = f"src/fogbank/services/{folder}", f"tests/services/{folder}"
    first = min(model.operations, key=lambda op: (not op.startswith(("List", "Describe")), op))
    class_name = "".join(part.capitalize() for part in name.split("-"))
    return {
        f"{source}/__init__.py": f'"""{entry.full_name}.\n\nhttps://docs.aws.amazon.com/ (say which page)\n"""\n',
        f"{source}/records.py": RECORDS.format(name=name, record=class_name + "Thing"),
        f"{source}/errors.py": ERRORS.format(full=entry.full_name),
        f"{source}/find.py": FIND.format(signing=entry.signing, record=class_name + "Thing"),
        f"{source}/operations/__init__.py": "",
        f"{source}/operations/things.py": OPERATIONS.format(name=name, operation=first, function=_snake(first)),
        f"{tests}/test_things.py": TESTS.format(name=name, operation=first, client=name, function=_snake(first)),
        f"docs/differences/{name}.md": DIFFERENCES.format(full=entry.full_name),
    }


def _snake(name: str) -> str:
    parts = "".join("_" + c.lower() if c.isupper() and not name[max(at - 1, 0)].isupper() else c.lower()
                    for at, c in enumerate(name))  # fmt: skip
    return parts.lstrip("_")


RECORDS = '''"""What {name} keeps."""

from __future__ import annotations

from fogbank.store.api import Record, Table


class {record}(Record):
    """Say what it is; name units."""

    account: str
    region: str
    name: str


THINGS = Table("{name}/thing", {record}, key=lambda thing: (thing.account, thing.region, thing.name))
'''
ERRORS = '''"""The errors of {full}: AWS's codes and texts."""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """Replace it by what the service's pages name."""
'''
FIND = '''"""The look-up of records by the names in requests.

https://docs.aws.amazon.com/service-authorization/latest/reference/ (the page of this service)
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.core.kinds import Kind

from .errors import ResourceNotFoundException
from .records import THINGS, {record}

Place = tuple[str, str, str]  # account, region, name


def _arn(ctx: Context, place: Place, thing: {record} | None = None) -> str:
    account, region, name = place
    return ctx.arn("{signing}", f"thing/{{name}}", region=region, account=account)


def _missing(ctx: Context, place: Place) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Thing {{place[2]}} not found")


THING: Kind[{record}] = Kind(
    "thing", THINGS, key=lambda ctx, name: (ctx.account, ctx.region, name), arn=_arn, missing=_missing
)
'''
OPERATIONS = '''"""The family of {operation}."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation


@operation("{name}", "{operation}", resource="*")  # or THING.of("Name"), of find.py
def {function}(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Say what it does, its errors, and AWS's page."""
    raise NotImplementedError
'''
TESTS = '''"""{operation}: success, each error, denial by IAM, paging, restart. Each test says where AWS says so."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def client(aws):
    return aws.client("{client}")


def test_success(client):
    client.{function}()
    pytest.fail("say what the answer holds")


def test_a_user_without_permission_is_denied(aws):
    with pytest.raises(ClientError) as denied:
        aws.user().client("{client}").{function}()
    assert denied.value.response["Error"]["Code"].startswith("AccessDenied")


def test_errors(client):
    pytest.fail("one test for each error of the operation's page")


def test_paging(client):
    pytest.fail("or delete it where nothing is paged")


def test_it_survives_a_kill(restarted):
    restarted.account().client("{client}")
    restarted.restart()
    pytest.fail("say what is still there")
'''
DIFFERENCES = """# {full}: what differs from AWS

Nothing is built yet.
"""


def main() -> int:
    """Write the files; 2 for a wrong name, 1 for a service that exists."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in index.table().services:
        print("name a service as botocore does: make service S=sqs")
        return 2
    if name in services.built():
        print(f"{services.package_of(name).replace('.', '/')} is there already")
        return 1
    for path, text in files(name).items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        print(path)
    print("\nNow read docs/adding-a-service.md, and make the tests pass.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
