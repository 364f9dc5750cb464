"""Who is calling: first thin version, root keys only."""

from __future__ import annotations

from fogbank.core.context import Cloud
from fogbank.core.errors import UnrecognizedClient
from fogbank.core.http import Request
from fogbank.core.principal import Principal, anonymous, root

from . import signatures


class Authenticator:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._keys = signatures.SigningKeys()

    def authenticate(self, request: Request, service: str) -> Principal:
        claim = signatures.read(request)
        if claim is None:
            return anonymous()
        key = claim.access_key
        settings = self._cloud.settings
        account = settings.account if key == "test" else key
        if not (len(account) == 12 and account.isdigit()):
            raise UnrecognizedClient
        signatures.verify(claim, request, settings.secret, self._cloud.clock.now(), service=service, keys=self._keys)
        return root(account, key)
