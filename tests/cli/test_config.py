"""Settings: flags before variables before fogbank.toml before defaults; mistakes are explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from fogbank.cli import config
from fogbank.core.settings import Settings


def test_the_order_of_precedence(tmp_path):
    (tmp_path / "fogbank.toml").write_text('port = 1\niam = "audit"\nregion = "eu-west-1"\n')
    found = config.load({"port": 3, "host": None}, {"FOGBANK_PORT": "2", "FOGBANK_IAM": "off"}, tmp_path)
    assert (found.port, found.iam, found.region, found.host) == (3, "off", "eu-west-1", "127.0.0.1")


def test_nothing_set_is_the_defaults(tmp_path):
    found = config.load({}, {}, tmp_path)
    assert found == Settings(data=found.data)
    assert found.data in (Path(".fogbank"), tmp_path / ".fogbank")


def test_words_of_the_environment_become_what_the_setting_is(tmp_path):
    environ = {"FOGBANK_EPHEMERAL": "true", "FOGBANK_DOMAINS": "a.test, b.test", "FOGBANK_DATA": "here",
               "FOGBANK_MAX_BODY": "1000", "PATH": "x"}  # fmt: skip
    found = config.load({}, environ, tmp_path)
    assert found.ephemeral is True
    assert found.domains == ("a.test", "b.test")
    assert found.data.name == "here"
    assert found.max_body == 1000


@pytest.mark.parametrize(
    ("flags", "environ", "toml", "says"),
    [
        ({}, {"FOGBANK_PROT": "1"}, "", r"FOGBANK_PROT \(environment\); did you mean FOGBANK_PORT"),
        ({}, {}, "durabilty = 'full'\n", r"durabilty \(fogbank.toml\); did you mean durability"),
        ({}, {}, "zzz = 1\n", r"there is no setting zzz .*host"),
        ({}, {"FOGBANK_IAM": "of"}, "", "iam cannot be 'of'"),
        ({"auth": "none"}, {}, "", "auth cannot be 'none'"),
        ({}, {"FOGBANK_PORT": "http"}, "", "port cannot be 'http'"),
        ({}, {}, "port = \n", "is not TOML"),
        ({"allow_origin": ["*"]}, {}, "", r"allow_origin cannot be .*\* is none"),
        ({}, {"FOGBANK_ALLOW_ORIGIN": "http://a.example, null"}, "", "allow_origin cannot be"),
        ({"allow_origin": ["http://a.example/"]}, {}, "", "without a path"),
        ({"allow_origin": ["a.example"]}, {}, "", "whole origin of a page"),
    ],
)
def test_mistakes_say_what_to_do(tmp_path, flags, environ, toml, says):
    (tmp_path / "fogbank.toml").write_text(toml)
    with pytest.raises(config.BadSetting, match=says):
        config.load(flags, environ, tmp_path)


def test_origins_are_read_from_flags_and_variables(tmp_path):
    assert config.load({"allow_origin": ["http://a.example:3000"]}, {}, tmp_path).allow_origin == (
        "http://a.example:3000",
    )
    found = config.load({}, {"FOGBANK_ALLOW_ORIGIN": "https://a.example, app://localhost"}, tmp_path)
    assert found.allow_origin == ("https://a.example", "app://localhost")


def test_localstacks_variables_are_noticed():
    said = config.hints({"PERSISTENCE": "1", "GATEWAY_LISTEN": "0.0.0.0:4566", "HOME": "/"})
    assert len(said) == 2
    assert any("FOGBANK_PORT" in line for line in said)


def test_every_setting_is_in_the_manual():
    manual = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    missing = [name for name in Settings.__struct_fields__ if f"`{name}`" not in manual]
    assert not missing


def test_what_kubernetes_sets_for_a_service_of_our_name_is_no_setting(tmp_path):
    injected = {"FOGBANK_SERVICE_HOST": "10.0.0.1", "FOGBANK_SERVICE_PORT": "4566", "FOGBANK_PORT": "tcp://10.0.0.1:4566",
                "FOGBANK_PORT_4566_TCP": "tcp://10.0.0.1:4566", "FOGBANK_SERVICE_PORT_HTTP": "4566"}  # fmt: skip
    assert config.load({}, injected, tmp_path) == config.load({}, {}, tmp_path)


@pytest.mark.parametrize("secret", [" ", "x", "test  ", "1234567"])
def test_a_secret_that_can_be_guessed_is_none(tmp_path, secret):
    with pytest.raises(config.BadSetting, match="at least 8 characters"):
        config.load({"secret": secret}, {}, tmp_path)
    assert config.load({}, {"FOGBANK_SECRET": ""}, tmp_path).secret == "test"


def test_limits_may_be_a_file_of_quotas(tmp_path):
    path = tmp_path / "limits.json"
    path.write_text('{"lambda": {"L-B99A9384": 10}, "111122223333": {"iam": {"L-FE177D64": 1}}}')
    assert config.load({"limits": str(path)}, {}, tmp_path).limits == str(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[lamdba]\n", "there is no service lamdba in Service Quotas; did you mean lambda"),
        ("[lambda]\nL-B99A9385 = 1\n", "lambda has no quota L-B99A9385; did you mean L-B99A9384"),
        ("[lambda]\nL-B99A9384 = -1\n", "cannot be -1: it is a number from 0"),
        ("[lambda]\nL-B99A9384 = true\n", "cannot be True: it is a number from 0"),
        ("lambda = 1\n", "lambda in .* is a value, and has to be a table"),
        ("[lambda\n", "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_of_quotas_is_explained(tmp_path, text, says):
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(config.BadSetting, match=says):
        config.load({"limits": str(path)}, {}, tmp_path)


def test_limits_that_are_no_file_are_refused(tmp_path):
    with pytest.raises(config.BadSetting, match=r"it is aws, off, or a file; fast cannot be read"):
        config.load({"limits": "fast"}, {}, tmp_path)
