"""Terraform's AWS provider, unmodified: apply, a plan without changes, an update in place, destroy.

FOGBANK_TERRAFORM_PLUGINS names a folder with the provider, as `terraform providers mirror FOLDER` makes it: it is too
large to be fetched by every run of the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

PLUGINS = os.environ.get("FOGBANK_TERRAFORM_PLUGINS", "")
UNCHANGED = 0  # of `plan -detailed-exitcode`

pytestmark = pytest.mark.skipif(
    not (shutil.which("terraform") and PLUGINS),
    reason="needs FOGBANK_TERRAFORM_PLUGINS=D, and: terraform -chdir=tests/clients/terraform providers mirror D",
)


class Terraform:
    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._env = os.environ | variables | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(["terraform", *words, "-no-color"], cwd=self._folder, env=self._env, capture_output=True,
                              text=True, timeout=900, check=False)  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done


def test_a_network_with_all_that_stands_in_it(own_cloud, tmp_path):
    account = own_cloud.account("000000000000")
    folder = tmp_path / "configuration"
    shutil.copytree(Path(__file__).parent / "terraform", folder)
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
        archive.writestr("a.py", "def h(event, context):\n    return {}\n")
    terraform = Terraform(folder, account.env | {"TF_VAR_package": str(tmp_path / "function.zip")})
    terraform.run("init", f"-plugin-dir={PLUGINS}")
    terraform.run("apply", "-auto-approve")
    plan = terraform.run("plan", "-detailed-exitcode", check=False)
    assert plan.returncode == UNCHANGED, plan.stdout + plan.stderr
    terraform.run("apply", "-auto-approve", "-var", "size=t3.small")
    ec2 = account.client("ec2")
    (instance,) = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    assert (instance["InstanceType"], instance["State"]["Name"]) == ("t3.small", "running")
    terraform.run("destroy", "-auto-approve", "-var", "size=t3.small")
    assert [vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]] == [True]
    assert account.client("secretsmanager").list_secrets()["SecretList"] == []


def test_registries_with_all_their_settings(own_cloud, tmp_path):
    account = own_cloud.account()
    here = Path(__file__).parent
    shutil.copytree(here / "terraform_registry", tmp_path, dirs_exist_ok=True)
    shutil.copy(here / "terraform" / "provider.tf", tmp_path)
    terraform = Terraform(tmp_path, account.env)
    terraform.run("init", f"-plugin-dir={PLUGINS}")
    terraform.run("apply", "-auto-approve")
    plan = terraform.run("plan", "-detailed-exitcode", check=False)
    assert plan.returncode == UNCHANGED, plan.stdout + plan.stderr
    url = terraform.run("output", "-raw", "url").stdout
    (made,) = account.client("ecr").describe_repositories()["repositories"]
    assert url == made["repositoryUri"]
    terraform.run("destroy", "-auto-approve")
    assert account.client("ecr").describe_repositories()["repositories"] == []
    assert account.client("ecr-public").describe_repositories()["repositories"] == []
