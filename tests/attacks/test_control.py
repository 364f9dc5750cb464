"""The control API is the owner's: nobody without the token gets anything, and no answer holds a secret."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
import subprocess
import sys

import pytest

from fogbank import testing
from fogbank.core import exposure, tokens
from fogbank.core.settings import Settings
from fogbank.testing import control

SECRET = "a-secret-of-our-own"
WIDE_OPEN = {"Host": "localhost", "Origin": "http://localhost:3000", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def guarded():
    """A cloud with a secret of its own."""
    with testing.cloud(secret=SECRET) as cloud:
        yield cloud


def ask(cloud, method, path, token=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.app.port, timeout=30)
    headers = WIDE_OPEN | ({} if token is None else {tokens.HEADER: token})
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def calls(cloud):
    """Every control call there is, and some that are not."""
    found = cloud.app.control
    reads = [("GET", name) for name in (*found._get, "requests/x", "nothing")]
    return [*reads, *(("HEAD", name) for name in found._get), *(("POST", name) for name in (*found._post, "nothing"))]


@pytest.mark.parametrize("token", [None, "", "1", "x" * 43, "é", "TOKEN "], ids=repr)
def test_without_the_token_nothing_is_answered(guarded, token):
    if token == "TOKEN ":
        token = guarded.token[:-1]
    for method, name in calls(guarded):
        status, text = ask(guarded, method, f"/_fogbank/{name}", token and token.encode(), body=b"{}")
        assert status == 403, f"{method} {name}: {status} {text}"
        if method != "HEAD":
            assert "control.token in the data folder" in json.loads(text)["error"]
    assert not guarded.app.stopped.is_set()


def test_health_is_open_and_shows_nothing_secret(guarded):
    for path in ("/_fogbank/health", "/_localstack/health"):
        status, text = ask(guarded, "GET", path)
        assert status == 200
        assert json.loads(text)["services"]["s3"] == "available"
        assert SECRET not in text
        assert guarded.token not in text


def test_no_answer_holds_a_secret(guarded):
    """Neither the root keys' secret, nor a key that IAM or STS issued, nor the token itself."""
    account = testing.Account(
        guarded.endpoint, "000000000000", {"aws_access_key_id": "test", "aws_secret_access_key": SECRET}
    )
    iam, sts, ssm = account.client("iam"), account.client("sts"), account.client("ssm")
    iam.create_user(UserName="u")
    issued = iam.create_access_key(UserName="u")["AccessKey"]["SecretAccessKey"]
    session = sts.get_session_token()["Credentials"]
    answer = ssm.put_parameter(Name="p", Value="a-value", Type="SecureString")
    request_id = answer["ResponseMetadata"]["RequestId"]
    secrets = {SECRET, issued, session["SecretAccessKey"], session["SessionToken"], guarded.token, "a-value"}
    control.call(guarded.endpoint, "POST", "snapshots", {"save": "s"}, token=guarded.token)
    body = json.dumps({"Resources": {"R": {"Type": "AWS::Pipes::Pipe", "Properties": {
        "RoleArn": "arn:aws:iam::000000000000:role/r", "Source": "arn:aws:sqs:us-east-1:000000000000:q",
        "Target": "arn:aws:sqs:us-east-1:000000000000:p"}}}})  # fmt: skip
    account.client("cloudformation").create_stack(StackName="s", TemplateBody=body)
    calls = [f"{name}?stack=s" if name == "recorded" else name for name in guarded.app.control._get]
    for name in (*calls, f"requests/{request_id}"):
        status, text = ask(guarded, "GET", f"/_fogbank/{name}", guarded.token)
        assert status == 200, name
        assert len(text) > 1
        assert not [secret for secret in secrets if secret in text], name


def test_settings_are_shown_without_their_secrets():
    """Two settings with the same secret can be told from two with different ones, and that is all."""
    one = Settings(secret=SECRET, store="postgresql://me:a-password@db/x?password=another")
    text = json.dumps(exposure.shown(one, "token"))
    assert not [secret for secret in (SECRET, "a-password", "another") if secret in text]
    assert exposure.secret_names() == {"secret", "store"}
    assert exposure.shown(one, "token") == exposure.shown(one, "token") != exposure.shown(one, "other")
    assert exposure.shown(Settings(), "token")["store"] == ""


def test_the_token_is_drawn_once_and_readable_by_its_owner_alone(tmp_path):
    data = tmp_path / "data"
    drawn = []
    for mode in ("thread", "process", "thread"):
        with testing.cloud(mode, data=data) as cloud:
            drawn.append(cloud.token)
            file = data / tokens.FILE
            assert file.read_text().strip() == cloud.token
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert cloud.clock.now()
    assert len(set(drawn)) == 1
    assert len(drawn[0]) == 43  # 32 bytes in base64
    with testing.cloud() as other:
        assert other.token != drawn[0]


def test_a_token_that_is_a_link_is_not_followed(tmp_path):
    target = tmp_path / "elsewhere"
    target.write_text("")
    data = tmp_path / "data"
    data.mkdir()
    (data / tokens.FILE).symlink_to(target)
    with pytest.raises(testing.CloudFailed), testing.cloud(data=data):
        pass
    assert target.read_text() == ""


# -- who gets it -------------------------------------------------------------------------------------------------------


def test_suites_get_it_from_the_variable_or_the_file(guarded, monkeypatch):
    monkeypatch.delenv(tokens.VARIABLE, raising=False)
    assert "now" in control.call(guarded.endpoint, "GET", "clock"), "from the file that health names"
    monkeypatch.setenv(tokens.VARIABLE, "of another cloud")
    assert "now" in control.call(guarded.endpoint, "GET", "clock")
    file = guarded.app.settings.data / tokens.FILE
    away = file.rename(file.with_name("away"))
    try:
        with pytest.raises(control.ControlError, match="control API is for the owner"):
            control.call(guarded.endpoint, "GET", "clock")
        monkeypatch.setenv(tokens.VARIABLE, guarded.token)
        assert "now" in control.call(guarded.endpoint, "GET", "clock")
    finally:
        away.rename(file)


def test_a_cloud_elsewhere_is_not_sent_a_file_of_this_machine(guarded, monkeypatch):
    """192.0.2.0/24 is for documentation (RFC 5737): nobody here has such an address."""
    health = {"data": str(guarded.app.settings.data)}
    assert tokens.candidates(health, "127.0.0.1", guarded.app.port, {}) == [guarded.token]
    with monkeypatch.context() as other:  # the port is held by somebody else, who says that it is our cloud
        other.setattr(os, "getuid", lambda: 4711)
        other.setattr(tokens, "ROOT", 4711)
        assert tokens.candidates(health, "127.0.0.1", guarded.app.port, {}) == []
    assert tokens.candidates(health, "192.0.2.1", guarded.app.port, {}) == []
    assert tokens.candidates(health, "192.0.2.1", guarded.app.port, {tokens.VARIABLE: "t"}) == ["t"]


FUNCTION = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"


def test_functions_do_not_get_it(tmp_path, monkeypatch, lambda_of):
    monkeypatch.setenv(tokens.VARIABLE, "in-the-servers-environment")
    with testing.cloud("process", data=tmp_path / "data") as cloud:
        found, _ = lambda_of(cloud.account(), FUNCTION)
        text = json.dumps(found)
        assert "AWS_LAMBDA_RUNTIME_API" in text
        assert cloud.token not in text
        assert tokens.VARIABLE not in text
        assert "in-the-servers-environment" not in text


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path):
    """`command("status", VARIABLE=…)` in a folder of its own, where a cloud is taken down in the end."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOGBANK_", "AWS_"))}
    base = kept | {"FOGBANK_PORT": str(port), "XDG_STATE_HOME": str(tmp_path / "state"), "NO_COLOR": "1"}

    def run(*words, code=0, **env):
        done = subprocess.run(
            [sys.executable, "-m", "fogbank.cli.main", *words], cwd=tmp_path, env=base | env, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    run.folder = tmp_path
    yield run
    run("down", code=0)


@pytest.mark.parametrize("words", [[], ["--ephemeral"]], ids=["kept", "ephemeral"])
def test_the_command_finds_it(command, words):
    command("up", "-d", *words, FOGBANK_SECRET=SECRET)
    data = json.loads(command("status", "--json").stdout)["data"]
    file = os.path.join(data, tokens.FILE)
    with open(file) as opened:
        token = opened.read().strip()
    assert "real time" in command("clock", "show").stdout
    assert "real time" in command("clock", "show", FOGBANK_CONTROL_TOKEN="of another cloud").stdout
    env = json.loads(command("env", "--json", FOGBANK_SECRET=SECRET).stdout)
    assert env[tokens.VARIABLE] == token
    assert env["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert "a different secret" in command("env").stderr
    os.rename(file, file + ".away")
    try:
        assert tokens.VARIABLE in command("clock", "show", code=1).stderr
        assert "real time" in command("clock", "show", FOGBANK_CONTROL_TOKEN=token).stdout
        shell = command("env", "--shell", "bash", FOGBANK_SECRET=SECRET)
        assert tokens.VARIABLE not in shell.stdout
        assert f"{tokens.VARIABLE} is left out" in shell.stderr
        shell = command("env", "--shell", "fish", FOGBANK_CONTROL_TOKEN=token, FOGBANK_SECRET=SECRET)
        assert f"set -gx {tokens.VARIABLE} {token};" in shell.stdout
    finally:
        os.rename(file + ".away", file)


def test_what_a_shell_evaluates_is_what_was_meant(command):
    """A secret is no shell's syntax."""
    nasty = """'"$(touch hurt)`touch hurt`; touch hurt #"""
    command("up", "-d", FOGBANK_SECRET=nasty)
    said = command("env", "--shell", "bash", FOGBANK_SECRET=nasty).stdout
    script = f'{said}\nprintf %s "$AWS_SECRET_ACCESS_KEY"'
    done = subprocess.run(["bash", "-c", script], cwd=command.folder, capture_output=True, text=True, check=True)
    assert done.stdout == nasty
    assert not (command.folder / "hurt").exists()
    assert nasty not in command("up", "-d", FOGBANK_SECRET=nasty).stdout


def test_init_scripts_have_it(command):
    scripts = command.folder / "init"
    scripts.mkdir()
    (scripts / "1.sh").write_text('printf %s "$FOGBANK_CONTROL_TOKEN $AWS_SECRET_ACCESS_KEY" > given; umask > mask\n')
    command("up", "-d", "--init", "init", FOGBANK_SECRET=SECRET)
    token = (command.folder / ".fogbank" / tokens.FILE).read_text().strip()
    assert (command.folder / "given").read_text() == f"{token} {SECRET}"
    before = os.umask(0o022)
    os.umask(before)
    assert int((command.folder / "mask").read_text(), 8) == before


# -- beyond this machine -----------------------------------------------------------------------------------------------

BEYOND = ["0.0.0.0", "", "::", "192.168.1.5", "::ffff:0.0.0.0", "localhost.example", "127.evil.example", "fe80::1%1"]
HERE = ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"]


@pytest.mark.parametrize("host", BEYOND)
def test_keys_that_everybody_knows_stay_on_this_machine(host):
    for known in ({}, {"auth": "open"}, {"auth": "open", "secret": SECRET}):
        with pytest.raises(exposure.Exposed, match=r"FOGBANK_SECRET.*--auth strict.*--expose-test-keys"):
            exposure.refuse_exposure(Settings(host=host, **known))
        exposure.refuse_exposure(Settings(host=host, expose_test_keys=True, **known))
    for fine in ({"auth": "strict"}, {"secret": SECRET}, {"secret": SECRET, "auth": "strict"}):
        exposure.refuse_exposure(Settings(host=host, **fine))


@pytest.mark.parametrize("host", HERE)
def test_addresses_of_this_machine_alone(host):
    for auth in ("default", "open", "strict"):
        exposure.refuse_exposure(Settings(host=host, auth=auth))


def test_every_way_to_start_refuses(command, tmp_path):
    with pytest.raises(testing.CloudFailed, match="--expose-test-keys"), testing.cloud(host="0.0.0.0"):
        pass
    assert not (tmp_path / ".fogbank").exists()
    for words in (["up", "-d"], ["up"]):
        said = command(*words, "--host", "0.0.0.0", code=1).stderr
        assert "everybody who reaches this machine" in said
        assert said.count("\n") == 1
    settings = json.dumps({"host": "0.0.0.0", "port": 0, "data": str(tmp_path / "d")})
    done = subprocess.run(
        [sys.executable, "-m", "fogbank.server"], env=os.environ | {"FOGBANK_SETTINGS": settings}, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "--expose-test-keys" in done.stderr


def test_the_flag_lets_it_start(command):
    command("up", "-d", "--host", "0.0.0.0", FOGBANK_EXPOSE_TEST_KEYS="1")
    assert "real time" in command("clock", "show").stdout
