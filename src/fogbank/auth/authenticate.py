"""Authentication: finds the credentials behind a request's signature, and checks it."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Protocol

from fogbank.core import arns
from fogbank.core.context import Cloud
from fogbank.core.errors import CommonError, ExpiredToken, InvalidSignature, UnrecognizedClient
from fogbank.core.http import Request
from fogbank.core.principal import Credential, LastUse, Principal, anonymous, root
from fogbank.core.settings import is_well_known
from fogbank.store.api import Reader

from . import records, signatures
from .signatures import body, sigv2, sigv4
from .signatures.chunked import Signer
from .signatures.errors import AuthorizationHeaderMalformed

KNOWN = 10_000  # credentials and regions that are cached


WRITTEN_EVERY = 60.0  # seconds between two writes of a key's last use


class InvalidToken(CommonError):
    """S3's error for a session token that does not belong to its key."""

    code = "InvalidToken"
    status = 400
    default = "The provided token is malformed or otherwise invalid."


class Doorkeeper(Protocol):
    """Recognises requests that web pages of unknown origin sent: `gateway.strangers`."""

    def check(self, request: Request, service: str) -> None:
        """Raise AccessDenied if a request with a well-known key for `service` may come from an untrusted web page."""


class Authenticator:
    """Turns requests into principals. Caches credentials until an identity changes.

    Key `test` is root of the default account, a 12-digit id root of that account; their secret is `settings.secret`.
    With --auth=open an unknown key is root of the default account, unverified. With --auth=strict the root keys are
    valid only when their secret was configured. Keys that IAM and STS issued are verified in every mode. Well-known
    keys are accepted only in requests that the doorkeeper lets in.
    """

    def __init__(self, cloud: Cloud, doorkeeper: Doorkeeper) -> None:
        self._cloud = cloud
        self._doorkeeper = doorkeeper
        self._keys = signatures.SigningKeys()
        self._known: dict[str, Credential] = {}
        self._regions: set[str] = {""}  # of this partition; a version 2 signature has no region
        self._used: dict[str, LastUse] = {}  # the last uses of long-term keys, in this process
        self._written: dict[str, float] = {}  # when a key's last use was last written to the store
        for topic in (records.CHANGED, "reset"):
            cloud.signals.on(topic, self._known.clear)

    def authenticate(self, request: Request, claim_service: str) -> Principal:
        """Return the caller; anonymous when the request is unsigned.

        `claim_service` is the signing name for which the request should have been signed. Raises UnrecognizedClient,
        ExpiredToken, AccessDenied (an untrusted web page), and the errors of signatures.read and verify.
        """
        claim = signatures.read(request)
        if claim is None:
            signatures.decode_unsigned(request)
            return anonymous()
        key = claim.access_key
        credential = self._known.get(key) or self._find(key)
        if credential is None:
            if self._cloud.settings.auth == "open":
                self._doorkeeper.check(request, claim_service)
                _take_unverified(request, claim)
                return root(self._cloud.settings.account, key, self._cloud.settings.partition)
            raise self._unknown(key, s3=claim_service == "s3")
        if credential.well_known:
            self._doorkeeper.check(request, claim_service)
        if not credential.any_token and not hmac.compare_digest(claim.token.encode(), credential.token.encode()):
            raise InvalidToken() if claim_service == "s3" else UnrecognizedClient()
        if claim.region not in self._regions:
            self._check_partition(claim.region, s3=claim_service == "s3")
        clock = self._cloud.clock
        now = clock.now()
        if credential.expires is not None and now >= credential.expires:
            raise ExpiredToken("The provided token has expired." if claim_service == "s3" else None)
        against = self._held_against(claim) if clock.moved else now
        if claim.version == 4:
            sigv4.verify(claim, request, credential.secret, against, service=claim_service, keys=self._keys)
        else:
            sigv2.verify(claim, request, credential.secret, against, service=claim_service)
        if key.startswith("AKIA"):
            self._used[key] = used = LastUse(now, claim_service, claim.region)
            if not 0 <= now - self._written.get(key, 0.0) < WRITTEN_EVERY:
                self._written[key] = now
                with self._cloud.store.write() as tx:
                    tx.put(records.KEY_USES, records.KeyUse(id=key, use=used))
        return credential.principal

    def last_use(self, key: str) -> LastUse | None:
        """The last use of a long-term key, by any node and before any restart: exact to a minute."""
        used = self._used.get(key)
        with self._cloud.store.read() as tx:
            written = tx.get(records.KEY_USES, (key,))
        if written is None or (used is not None and used.at > written.use.at):
            return used
        return written.use

    def credential(self, key: str) -> Credential | None:
        """The credential of an access key id. None for an unknown one, even with --auth=open."""
        return self._known.get(key) or self._find(key)

    def signer(self, key: str, request: Request, service: str) -> Credential | None:
        """The credential behind a request whose signature is checked elsewhere (S3's POST policies).

        Raises AccessDenied when the key is well known and the request may come from an untrusted web page.
        """
        credential = self.credential(key)
        if credential is not None and credential.well_known:
            self._doorkeeper.check(request, service)
        return credential

    # -- finding -----------------------------------------------------------------------------------------------------

    def _find(self, key: str) -> Credential | None:
        found = self._root(key) or self._issued(key)
        if found is not None:
            if len(self._known) > KNOWN:
                self._known.clear()
            self._known[key] = found
        return found

    def _root(self, key: str) -> Credential | None:
        settings = self._cloud.settings
        account = settings.account if key == "test" else key
        if not (len(account) == 12 and account.isdecimal() and account.isascii()):
            return None
        well_known = is_well_known(settings.secret)
        if settings.auth == "strict" and well_known:
            return None
        return Credential(
            root(account, key, settings.partition), settings.secret, any_token=True, well_known=well_known
        )

    def _issued(self, key: str) -> Credential | None:
        with self._cloud.store.read() as tx:
            return issued(tx, key, self._cloud.settings.partition)

    def _held_against(self, claim: signatures.Claim) -> float:
        """The time with which a signature's date is compared.

        Clients keep real time when a test has moved this cloud's clock, so the date of a signed header may fit either.
        A presigned URL expires by this clock, counted from the clock's time when the URL was made.
        """
        clock = self._cloud.clock
        now = clock.now()
        try:
            signed = datetime.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:  # verify reports what is wrong; a version 2 URL carries no date of its own
            return now
        if claim.place == "header":
            return min(now, clock.real(), key=lambda candidate: abs(candidate - signed))
        by_our_date = signed > clock.real() + 900  # the client corrected its clock by this cloud's Date header
        return now if by_our_date else signed + now - clock.when(signed)

    def _check_partition(self, region: str, *, s3: bool) -> None:
        """Refuse regions of other partitions: their ARNs would be second names of the same resources."""
        settings = self._cloud.settings
        if arns.partition_of(region) == settings.partition:
            if len(self._regions) < KNOWN:
                self._regions.add(region)
            return
        hint = f"this cloud is the partition {settings.partition}: fogbank up --partition {arns.partition_of(region)}"
        headers = (("x-fogbank-hint", hint + " makes one of that region"),)
        if s3:
            text = (
                f"The authorization header is malformed; the region '{region}' is wrong; expecting '{settings.region}'"
            )
            raise AuthorizationHeaderMalformed(text, headers=headers, Region=settings.region)
        raise InvalidSignature(f"Credential should be scoped to a valid region, not '{region}'.", headers=headers)

    def _unknown(self, key: str, *, s3: bool) -> UnrecognizedClient:
        settings = self._cloud.settings
        hint = (
            "--auth=strict takes only keys that IAM or STS issued here"
            if settings.auth == "strict"
            else f"keys that work: `test` (root of account {settings.account}), any 12-digit account id (its root), "
            "both with the secret key `test` unless another is configured, and keys that IAM or STS issued here"
        )
        headers = (("x-fogbank-hint", hint),)
        if s3:
            text = "The AWS Access Key Id you provided does not exist in our records."
            return UnrecognizedClient(text, headers=headers, AWSAccessKeyId=key)
        return UnrecognizedClient(headers=headers)


class _AnySigner(Signer):
    """Accepts every chunk's signature."""

    def check(self, kind: str, hashes: str, signature: str) -> None:
        self.previous = signature


class _AnyChunks(body.Chunks):
    def signer(self) -> Signer:
        return _AnySigner(b"", "", "", "", "")


def _take_unverified(request: Request, claim: signatures.Claim) -> None:
    """With --auth=open, do the other work of verification: decode chunks, turn a URL's parameters into headers."""
    kind = request.header("x-amz-content-sha256")
    if kind in body.CHUNKED:
        body.decode(request, kind, _AnyChunks(*(None for _ in body.Chunks._fields)))  # type: ignore[arg-type]
    if claim.place == "query":
        body.hoist(request)


def issued(tx: Reader, key: str, partition: str) -> Credential | None:
    """The credential of a key that IAM or STS issued. None when there is none, or its user or role was deleted."""
    if key.startswith("ASIA"):
        session = tx.get(records.SESSIONS, (key,))
        if session is None:
            return None
        entity = _entity(tx, session)
        if entity is None and not session.identity_arn.endswith(":root"):
            return None  # a session ends with the user or role that it came from
        tags = {**entity.tags, **session.tags} if session.kind == "role" and entity else session.tags
        return Credential(_of_session(session, tags), session.secret, session.token, session.expires)
    found = tx.get(records.ACCESS_KEYS, (key,))
    if found is None or not found.active:
        return None
    if not found.user:
        return Credential(root(found.account, key, partition), found.secret)
    user = tx.get(records.USERS, (found.account, found.user.lower()))
    if user is None:
        return None
    return Credential(_of_user(user, key, partition), found.secret)


def _entity(tx: Reader, session: records.Session) -> records.User | records.Role | None:
    """The user or role that a session came from. None when it was deleted, even if another has its name now."""
    name = session.identity_arn.rpartition("/")[2].lower()
    if session.kind == "role":
        role = tx.get(records.ROLES, (session.account, name))
        return role if role is not None and role.id == session.user_id.partition(":")[0] else None
    user = tx.get(records.USERS, (session.account, name))
    return user if user is not None and user.id == (session.issuer or session.user_id) else None


def _of_user(user: records.User, key: str, partition: str) -> Principal:
    arn = f"arn:{partition}:iam::{user.account}:user{user.path}{user.name}"
    return Principal(
        kind="user",
        account=user.account,
        arn=arn,
        identity_arn=arn,
        user_id=user.id,
        access_key=key,
        tags=user.tags,
    )


def _of_session(session: records.Session, tags: dict[str, str]) -> Principal:
    return Principal(
        kind=session.kind,
        account=session.account,
        arn=session.arn,
        identity_arn=session.identity_arn,
        user_id=session.user_id,
        access_key=session.id,
        session_policies=tuple(session.policies),
        tags=tags,
        mfa_at=session.mfa_at,
        issued_at=session.issued,
        source_identity=session.source_identity,
    )
