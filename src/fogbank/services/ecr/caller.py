"""One request to the registry: who asks, and for which repository. Every look-up is authorised first."""

from __future__ import annotations

from typing import NamedTuple

from fogbank.core.context import Context
from fogbank.core.principal import Principal
from fogbank.core.visit import Visit
from fogbank.store.api import Reader, Transaction

from . import find, names, templates
from .door_errors import NameInvalid, Unauthorized
from .errors import RepositoryNotFound
from .names import Place
from .records import REPOSITORIES, Repository

PULLS = frozenset(("BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability", "ListImages"))


class Caller(NamedTuple):
    visit: Visit
    place: Place
    principal: Principal

    @property
    def is_public(self) -> bool:
        return not self.place.region

    def enter(self, action: str, name: str | None = None) -> Context:
        """Authorise an action on the repository (or on another one of its registry), and return the context.

        Anybody may pull from a public repository. Raises AccessDenied, Unauthorized and NameInvalid.
        """
        name = self.place.name if name is None else name
        if name != "*" and not names.is_repository(name):
            raise NameInvalid(f"invalid repository name: {name[:256]}")
        service = "ecr-public" if self.is_public else "ecr"
        self.visit.hop.service = service
        self.visit.reaches(self.place.account, self.place.region or self.visit.app.settings.region, action)
        ctx = self.visit.enter(self.principal)
        if self.is_public and action in PULLS:
            return ctx
        if self.principal.kind == "anonymous":
            raise Unauthorized
        if name == "*":
            resource = find.every(ctx, {"registryId": self.place.account})
        else:
            resource = find.REPOSITORY.name(ctx, f"{self.place.account}:{name}")
        self.visit.allow(resource, f"{service}:{action}")
        return ctx

    async def allowed(self, action: str) -> tuple[Context, Repository]:
        """Authorise an action, and return the context and the repository. Raises RepositoryNotFound as well."""
        ctx = await self.visit.app.run(lambda: self.enter(action))
        return ctx, await ctx.fetch(self.repository)

    def repository(self, tx: Reader) -> Repository:
        found = tx.get(REPOSITORIES, self.place)
        if found is None:
            raise RepositoryNotFound.of(self.place.account, self.place.name)
        return found

    async def to_push(self, action: str = "InitiateLayerUpload") -> tuple[Context, Repository]:
        """As `allowed`; creates the repository where a template for pushes says so.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-create-on-push.html
        """
        try:
            return await self.allowed(action)
        except RepositoryNotFound:
            ctx = await self.visit.app.run(lambda: self.enter(action))
            if self.is_public or await ctx.fetch(templates.applying, self.place, "CREATE_ON_PUSH") is None:
                raise
        ctx = await self.visit.app.run(lambda: self.enter("CreateRepository"))

        def create(tx: Transaction) -> Repository:
            found = tx.get(REPOSITORIES, self.place)
            return found or templates.create(tx, ctx, self.place, "CREATE_ON_PUSH")

        return ctx, await ctx.transact(create)
