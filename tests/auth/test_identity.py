"""Authenticator and Authorizer over a store, without a server: credentials, modes, caches, and their cost."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.auth import records
from fogbank.auth.authenticate import Authenticator
from fogbank.auth.authorize import Authorizer
from fogbank.core.clock import Clock
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ExpiredToken, InvalidSignature, UnrecognizedClient
from fogbank.core.http import Request
from fogbank.core.kinds import Named, named
from fogbank.core.operation import Access, Operation
from fogbank.core.principal import Principal, root, service
from fogbank.core.settings import Settings
from fogbank.core.signals import Signals
from fogbank.gateway.strangers import Strangers
from fogbank.store.memory import MemoryStore

ACCOUNT = "111122223333"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
NOW = 1_700_000_000.0


def cloud(**settings: Any) -> Any:
    clock = Clock(frozen_at=NOW)
    found = SimpleNamespace(settings=Settings(**settings), store=MemoryStore(), clock=clock, signals=Signals(clock))
    found.store.subscribe(found.signals.fire)
    return found


def authenticator(app: Any) -> Authenticator:
    return Authenticator(app, Strangers(app.settings))


def put(app: Any, table: Any, *found: Any) -> None:
    with app.store.write() as tx:
        for record in found:
            tx.put(table, record)
        records.changed(tx)


def signed(
    key: str, secret: str = "test", token: str | None = None, host: str = "sqs.us-east-1.amazonaws.com"
) -> Request:
    """A request that botocore signed at NOW."""
    import datetime
    from unittest import mock

    from botocore import auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    at = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    request = AWSRequest("POST", f"http://{host}/", data=b"Action=ListQueues")
    with mock.patch("botocore.auth.get_current_datetime", return_value=at):
        auth.SigV4Auth(Credentials(key, secret, token), "sqs", "us-east-1").add_auth(request)
    headers = [(name, value) for name, value in request.headers.items()]
    return Request("POST", "/", "", [("host", host), *headers], b"Action=ListQueues")


def user(name: str = "ann", **more: Any) -> records.User:
    return records.User(account=ACCOUNT, name=name, id=f"AIDA{name.upper():A<17}", created=NOW, **more)


def key(**more: Any) -> records.AccessKey:
    return records.AccessKey(
        **{"id": "AKIAIOSFODNN7EXAMPLE", "account": ACCOUNT, "user": "ann", "secret": "s3cr3t", "created": NOW, **more}
    )


def test_the_well_known_keys_are_roots() -> None:
    app = cloud()
    asked = authenticator(app)
    assert asked.authenticate(signed("test"), "sqs") == root("000000000000", "test")
    assert asked.authenticate(signed(ACCOUNT), "sqs") == root(ACCOUNT, ACCOUNT)
    assert asked.authenticate(signed("test", token="made up"), "sqs").kind == "root"
    assert asked.authenticate(Request("GET", "/"), "sqs").kind == "anonymous"
    with pytest.raises(InvalidSignature):
        asked.authenticate(signed("test", "wrong"), "sqs")


def test_an_unknown_key_is_refused_with_a_hint_unless_open() -> None:
    with pytest.raises(UnrecognizedClient) as caught:
        authenticator(cloud()).authenticate(signed("AKIANOBODY"), "sqs")
    assert "`test`" in dict(caught.value.headers)["x-fogbank-hint"]
    opened = authenticator(cloud(auth="open")).authenticate(signed("AKIANOBODY", "any"), "sqs")
    assert (opened.kind, opened.account) == ("root", "000000000000")


def test_an_open_cloud_decodes_what_it_does_not_verify() -> None:
    chunks = f"3;chunk-signature={'0' * 64}\r\nabc\r\n0;chunk-signature={'0' * 64}\r\n\r\n".encode()
    names = "content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length"
    headers = [
        ("host", "s3.amazonaws.com"),
        ("x-amz-date", "20231114T221320Z"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-decoded-content-length", "3"),
        (
            "authorization",
            f"AWS4-HMAC-SHA256 Credential=AKIANOBODY/20231114/us-east-1/s3/aws4_request,SignedHeaders={names},"
            f"Signature={'0' * 64}",
        ),
    ]
    request = Request("PUT", "/b/k", "", headers, chunks)
    assert authenticator(cloud(auth="open")).authenticate(request, "s3").kind == "root"
    assert request.content == b"abc"


def test_strict_knows_issued_keys_only() -> None:
    app = cloud(auth="strict")
    put(app, records.USERS, user())
    put(app, records.ACCESS_KEYS, key())
    asked = authenticator(app)
    with pytest.raises(UnrecognizedClient):
        asked.authenticate(signed("test"), "sqs")
    assert asked.authenticate(signed("AKIAIOSFODNN7EXAMPLE", "s3cr3t"), "sqs").kind == "user"
    configured = authenticator(cloud(auth="strict", secret="not the default"))
    assert configured.authenticate(signed("test", "not the default"), "sqs").kind == "root"


def test_an_issued_key_works_until_it_is_disabled_or_deleted() -> None:
    app = cloud()
    put(app, records.USERS, user(tags={"team": "red"}))
    put(app, records.ACCESS_KEYS, key())
    asked = authenticator(app)
    request = signed("AKIAIOSFODNN7EXAMPLE", "s3cr3t")
    found = asked.authenticate(request, "sqs")
    assert (found.arn, found.tags) == (f"arn:aws:iam::{ACCOUNT}:user/ann", {"team": "red"})
    with pytest.raises(UnrecognizedClient):
        asked.authenticate(signed("AKIAIOSFODNN7EXAMPLE", "s3cr3t", token="none of its own"), "sqs")
    put(app, records.ACCESS_KEYS, key(active=False))
    with pytest.raises(UnrecognizedClient):
        asked.authenticate(request, "sqs")


def test_a_session_needs_its_token_and_ends() -> None:
    app = cloud()
    session = records.Session(
        id="ASIAIOSFODNN7EXAMPLE", account=ACCOUNT, kind="role", arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one",
        identity_arn=f"arn:aws:iam::{ACCOUNT}:role/app", user_id="AROAAPP:one", secret="s3cr3t", token="t0ken",
        issued=NOW, expires=NOW + 900,
    )  # fmt: skip
    put(app, records.SESSIONS, session)
    put(app, records.ROLES, records.Role(account=ACCOUNT, name="app", id="AROAAPP", created=NOW, trust="{}"))
    asked = authenticator(app)
    request = signed(session.id, "s3cr3t", "t0ken")
    assert asked.authenticate(request, "sqs").arn == session.arn
    with pytest.raises(UnrecognizedClient):
        asked.authenticate(signed(session.id, "s3cr3t", "another"), "sqs")
    with pytest.raises(UnrecognizedClient):
        asked.authenticate(signed(session.id, "s3cr3t"), "sqs")
    app.clock.set(NOW + 900, freeze=True)
    with pytest.raises(ExpiredToken):
        asked.authenticate(request, "sqs")


# -- Authorizer --------------------------------------------------------------------------------------------------------


def queue(policy: str | None = None, name: str = "") -> Named:
    return named(QUEUE + name, ACCOUNT, policy=policy)


def operation(name: str = "SendMessage", *, svc: str = "sqs", resource: Any = "") -> Operation:
    give = None if resource is None else lambda ctx, req: resource if resource != "" else queue()
    return Operation(svc, name, lambda ctx, req: {}, False, f"{svc}:{name}", give, "real", False)


def context(app: Any, principal: Principal, **more: Any) -> Context:
    return Context(
        app=app, account=principal.account or ACCOUNT, region="us-east-1", principal=principal, request_id="r", **more
    )


def document(effect: str = "Allow", **more: Any) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "sqs:*", "Resource": "*", **more}}
    )


ANN = Principal(
    kind="user",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    identity_arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    user_id=f"AIDA{'ANN':A<17}",
    access_key="AKIAIOSFODNN7EXAMPLE",
)


def may(app: Any, asked: Authorizer, principal: Principal = ANN, op: Operation | None = None, policy: str | None = None,
        **more: Any) -> bool:  # fmt: skip
    try:
        asked.authorize(context(app, principal, **more), op or operation(resource=queue(policy)), {})
    except AccessDenied:
        return False
    return True


def test_a_change_of_policy_counts_at_once() -> None:
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user())
    assert not may(app, asked)
    put(app, records.USERS, user(inline={"own": document()}))
    assert may(app, asked) and may(app, asked)
    put(app, records.USERS, user(inline={"own": document(), "no": document("Deny")}))
    assert not may(app, asked)


def test_groups_managed_policies_and_boundaries_count() -> None:
    app = cloud()
    asked = Authorizer(app)
    team = records.Group(account=ACCOUNT, name="Team", id="AGPA", created=NOW, inline={"own": document()})
    put(app, records.GROUPS, team)
    put(app, records.USERS, user(groups=["Team"]))
    assert may(app, asked)
    put(app, records.USERS, user(groups=["Team"], boundary=f"arn:aws:iam::{ACCOUNT}:policy/none"))
    assert not may(app, asked)
    put(app, records.USERS, user(attached=["arn:aws:iam::aws:policy/AdministratorAccess"]))
    assert may(app, asked)
    custom = records.ManagedPolicy(
        account=ACCOUNT, name="Queues", id="ANPA", created=NOW, updated=NOW, default=2, latest=2
    )
    put(app, records.POLICIES, custom)
    version = records.PolicyVersion(account=ACCOUNT, policy="queues", number=2, document=document(), created=NOW)
    put(app, records.VERSIONS, version)
    put(app, records.USERS, user(attached=[f"arn:aws:iam::{ACCOUNT}:policy/Queues"]))
    assert may(app, asked)


def test_an_identity_made_again_under_its_name_is_another() -> None:
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user(inline={"own": document()}))
    other = Principal(**{**{f: getattr(ANN, f) for f in ANN.__struct_fields__}, "user_id": "AIDAGONE"})
    assert not may(app, asked, other)


def test_conditions_are_asked_on_every_call() -> None:
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user(inline={"own": document(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})}))
    assert may(app, asked, source_ip="10.1.1.1")
    assert not may(app, asked, source_ip="192.0.2.1")
    put(app, records.USERS, user(inline={"own": document(Condition={"StringEquals": {"sqs:Thing": "x"}})}))
    with_key = operation(resource=Access("", queue(), {"sqs:Thing": "x"}))
    assert may(app, asked, op=with_key) and not may(app, asked)


def test_every_permission_of_a_list_is_needed_and_an_empty_one_is_refused() -> None:
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user(inline={"own": document(Resource=QUEUE)}))
    both = [Access("", queue()), Access("", queue(name="2"))]
    assert may(app, asked, op=operation(resource=both[:1]))
    assert not may(app, asked, op=operation(resource=both))
    assert not may(app, asked, op=operation(resource=[]))
    assert may(app, asked, op=operation(resource=None))


def test_the_resource_policy_is_read_every_time() -> None:
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user())
    open_ = document(Principal={"AWS": ANN.arn})
    assert may(app, asked, policy=open_) and may(app, asked, policy=open_)
    assert not may(app, asked)


def test_root_is_allowed_at_home_unless_the_resource_says_no() -> None:
    app = cloud()
    asked = Authorizer(app)
    no = document("Deny", Principal="*")
    assert may(app, asked, root(ACCOUNT))
    assert not may(app, asked, root(ACCOUNT), policy=no)
    assert not may(app, asked, root("444455556666"))


def test_a_key_policy_alone_opens_the_door() -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"""
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user(attached=["arn:aws:iam::aws:policy/AdministratorAccess"]))
    shut = document(Action="kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"})
    delegated = document(Action="kms:*", Principal={"AWS": ACCOUNT})
    for policy, opens in ((shut, False), (delegated, True)):
        key = named(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1", ACCOUNT, policy=policy)
        assert may(app, asked, op=operation("Decrypt", svc="kms", resource=key)) is opens


def test_what_is_nobodys_and_what_is_only_text_is_denied_to_everybody() -> None:
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user(inline={"own": document()}))
    for principal in (ANN, root(ACCOUNT)):
        assert not may(app, asked, principal, operation(resource=named(QUEUE, "")))
        assert not may(app, asked, principal, operation(resource=QUEUE))
        assert may(app, asked, principal, operation(resource=queue()))
        assert may(app, asked, principal, operation(resource="*"))


def test_a_service_needs_the_resource_policy_and_brings_its_source() -> None:
    app = cloud()
    asked = Authorizer(app)
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:news"
    text = document(Principal={"Service": "sns.amazonaws.com"}, Condition={"ArnEquals": {"aws:SourceArn": topic}})
    sns = service("sns.amazonaws.com", ACCOUNT)
    acting = service("sns.amazonaws.com", ACCOUNT, topic)
    assert not may(app, asked, sns)
    assert not may(app, asked, sns, policy=text)
    assert may(app, asked, acting, policy=text)


def test_a_denial_hints_at_what_is_missing() -> None:
    app = cloud()
    put(app, records.USERS, user())
    with pytest.raises(AccessDenied) as caught:
        Authorizer(app).authorize(context(app, ANN), operation(), {})
    hint = dict(caught.value.headers)["x-fogbank-hint"]
    assert '{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "' + QUEUE + '"}' in hint


def test_a_resource_policy_that_cannot_be_read_shuts_everybody_but_root_out() -> None:
    """AWS never stores one; here a service may have taken what the evaluator does not know."""
    app = cloud()
    put(app, records.USERS, user(inline={"own": document()}))
    broken = document("Deny", Principal="*", Condition={"NoSuchOperator": {"aws:a": "b"}})
    assert not may(app, Authorizer(app), policy=broken)
    assert may(app, Authorizer(app), root(ACCOUNT), policy=broken)
    assert not may(app, Authorizer(app), root("444455556666"), policy=broken)


def test_a_hint_is_a_header_whatever_a_policy_says() -> None:
    app = cloud()
    put(app, records.USERS, user())
    text = document("Deny", Principal="*", Sid="no\r\nx-evil: ü")
    with pytest.raises(AccessDenied) as caught:
        Authorizer(app).authorize(context(app, ANN), operation(resource=queue(text)), {})
    hint = dict(caught.value.headers)["x-fogbank-hint"]
    assert hint.isascii() and hint.isprintable()


def test_a_narrowed_session_does_not_profit_from_a_remembered_decision() -> None:
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user(inline={"own": document()}))
    fields = {name: getattr(ANN, name) for name in ANN.__struct_fields__}
    plain = Principal(**{**fields, "access_key": ""})
    narrowed = Principal(**{**fields, "access_key": "", "session_policies": (document(Action="s3:*"),)})
    assert may(app, asked, plain)
    assert not may(app, asked, narrowed)


def test_audit_lets_through_what_it_would_deny(caplog: pytest.LogCaptureFixture) -> None:
    app = cloud(iam="audit")
    put(app, records.USERS, user())
    with caplog.at_level("WARNING", "fogbank.auth"):
        assert may(app, Authorizer(app))
    assert "would be denied: User: " in caplog.text
    assert may(cloud(iam="off"), Authorizer(cloud(iam="off")))


def test_a_remembered_decision_costs_microseconds() -> None:
    """The budget is 3 µs on a quiet machine; the bar only catches a decision that is made anew (30 µs and more)."""
    app = cloud()
    asked = Authorizer(app)
    put(app, records.USERS, user(inline={"own": document()}))
    ctx, op = context(app, ANN), operation()
    asked.authorize(ctx, op, {})
    best = 1.0
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(1000):
            asked.authorize(ctx, op, {})
        best = min(best, (time.perf_counter() - begin) / 1000)
    print(f"{best * 1e6:.2f} µs")
    assert best < 10e-6
