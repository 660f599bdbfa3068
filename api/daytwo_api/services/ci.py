"""The door for jobs of CI systems: who is it, by a token that was verified; then the life of the run decides.

Two kinds of token: that of the CI system itself (OpenID Connect), and the attempt's own. Neither opens any other door.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.identity.issuers import CiIdentity
from daytwo_actions.backends.wire.ci_token import TokenRefused
from daytwo_actions.run_token import PREFIX
from daytwo_api.services.too_many import Refusals
from daytwo_api.views.ci import (
    ClaimRequest,
    ClaimView,
    CollectedSecret,
    CollectedSecrets,
    ReportRequest,
    ReportView,
    SecretsRequest,
)
from daytwo_store.errors import Rejected, Unauthenticated, Unavailable
from daytwo_store.ids import Corr
from daytwo_workflows.life import claiming, secret_inputs
from daytwo_workflows.life.claiming import Asking, ByToken, Known
from daytwo_workflows.life.context import Life

log = structlog.get_logger()
_AFTER_THE_END: Final = timedelta(hours=1)  # an attempt's own token is known for so long, and then it is nobody's


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """The header that says who asks, and where the request comes from."""

    authorization: str | None
    address: str


class CiDoor:
    def __init__(self, life: Life, identities: Mapping[str, CiIdentity]) -> None:
        self._life = life
        self._identities = identities
        self._refusals = Refusals()

    async def claim(self, by: Bearer, asked: ClaimRequest) -> ClaimView:
        before, asking = await self._who(by, asked.marker, asked.execution, asked.start or "")
        known = await claiming.claim(self._life, before, asking, asked.job or "")
        run, step, no = known.where
        return ClaimView(run=run, step=step, attempt=no, url=f"{self._life.public_url}/runs/{run}")

    async def report(self, by: Bearer, asked: ReportRequest) -> ReportView:
        before, asking = await self._who(by, asked.marker, asked.execution)
        await claiming.report(self._life, before, asking, asked.outputs)
        return ReportView()

    async def secrets(self, by: Bearer, asked: SecretsRequest) -> CollectedSecrets:
        before, asking = await self._who(by, asked.marker, asked.execution)
        given = await secret_inputs.collect(self._life, before, asking)
        return CollectedSecrets(
            secrets=[
                CollectedSecret(name=name, base64=base64.b64encode(value.encode()).decode())
                for name, value in given.items()
            ]
        )

    async def _who(self, by: Bearer, marker: str, execution: str | None, start: str = "") -> tuple[Known, Asking]:
        """Who asks for which attempt. Raises `Unauthenticated`, the same for whatever does not fit, or `TooMany`."""
        async with self._refusals.watch([f"address {by.address}", f"run {marker}"]):
            return await self._known(by.authorization, marker, execution, start)

    async def _known(
        self, authorization: str | None, marker: str, execution: str | None, start: str
    ) -> tuple[Known, Asking]:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated(
                "The request has no token of a CI system. Nothing was done. Send it as 'Authorization: Bearer …'."
            )
        async with self._life.store.read() as session:
            before = await claiming.known(session, Corr(marker))
            now = await self._life.store.clock.now(session)
        if before is None:
            raise claiming.unknown_identity()
        if token.startswith(PREFIX):
            over = before.run.ended_at is not None and now > before.run.ended_at + _AFTER_THE_END
            if over or not self._is_token_of(before, token):
                raise claiming.unknown_identity()
            return before, ByToken(execution=_said(execution), start=start)
        asking = await self._caller(before, token.strip())
        claiming.must_fit(before.attempt, asking)
        return before, asking

    def _is_token_of(self, before: Known, token: str) -> bool:
        """In constant time; only for an attempt that was sent, on a connection that hands tokens out."""
        attempt = before.attempt
        if attempt.connection not in self._life.hand_tokens or attempt.sent_at is None:
            return False
        right = self._life.token(attempt.connection, Corr(attempt.corr))
        return hmac.compare_digest(right.encode(), token.encode(errors="replace"))

    async def _caller(self, before: Known, token: str) -> Asking:
        identity = self._identities.get(before.attempt.connection)
        if identity is None:
            raise claiming.unknown_identity()
        try:
            return await identity.caller(token)
        except TokenRefused as refused:
            log.warning("ci.token_refused", connection=before.attempt.connection, why=str(refused))
            raise Unauthenticated(f"The token was not taken: {refused}. Nothing was done.") from None
        except BackendUnreachable as error:
            raise Unavailable(f"{error.detail} Nothing was done. Try again.") from error


def _said(execution: str | None) -> str:
    if not execution:
        raise Rejected("With the attempt's own token, say which execution asks (`execution`). Nothing was done.")
    return f"token/{execution}"
