"""Which issuer each kind of connection trusts, and what its claims say.

GitHub: https://docs.github.com/en/actions/reference/security/oidc
GitLab: https://docs.gitlab.com/ci/secrets/id_token_authentication/
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_actions.backends.identity.keys import IssuerKeys
from daytwo_actions.backends.wire.ci_token import Caller, TokenRefused, claims_of, kid_of, number, words
from daytwo_store.ids import ExternalRunId

Claims = Mapping[str, Any]
_GITHUB_FILE: Final = re.compile(r"[^@]+/\.github/workflows/([^/@]+)@(.+)")


class CiIdentity:
    """Verifies the tokens of one connection's CI system."""

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        issuer: str,
        audience: str,
        caller: Callable[[Claims], Caller],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._caller = caller
        self._clock = clock

    async def caller(self, token: str) -> Caller:
        """Who presents this token. Raises `TokenRefused`, `BackendUnreachable`."""
        keys = await self._keys.for_kid(kid_of(token))
        now = self._clock()
        return self._caller(claims_of(token, keys, issuer=self._issuer, audience=self._audience, now=now))

    def close(self) -> None:
        self._keys.close()


def identity_of(settings: HttpSettings, *, audience: str, clock: Callable[[], float]) -> CiIdentity | None:
    """How jobs of this connection's CI system are known; None when it makes no tokens for them."""
    reader = _READERS.get(getattr(settings, "kind", ""))
    if reader is None:
        return None
    derive, caller = reader
    issuer = settings.token_issuer or derive(settings.base)
    return CiIdentity(IssuerKeys(settings, issuer), issuer=issuer, audience=audience, caller=caller, clock=clock)


def github_issuer(base: str) -> str:
    """github.com, a company's own place on it (ghe.com), or GitHub Enterprise Server."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    if host == "api.github.com":
        return "https://token.actions.githubusercontent.com"
    if host.startswith("api.") and host.endswith(".ghe.com"):
        return f"https://token.actions.{host.removeprefix('api.')}"
    return f"{parts.scheme}://{parts.netloc}/_services/token"


def github_caller(claims: Claims) -> Caller:
    """Raises `TokenRefused`. A reusable workflow that does the claiming is named by `job_workflow_ref`, not here."""
    run, attempt = number(claims, "run_id"), int(number(claims, "run_attempt"))
    file = _GITHUB_FILE.fullmatch(words(claims, "workflow_ref") or words(claims, "job_workflow_ref") or "")
    if file is None:
        raise TokenRefused("it does not say which workflow runs")
    ref = words(claims, "ref") or ""
    return Caller(
        project_id=number(claims, "repository_id"),
        run=ExternalRunId(run),
        attempt=attempt,
        execution=f"{run}/{attempt}",
        start="",  # a job that is run again is one of the next attempt
        pipeline=file[1],
        ref=ref.removeprefix("refs/heads/").removeprefix("refs/tags/") or None,
        commit=words(claims, "sha"),
    )


def gitlab_issuer(base: str) -> str:
    return base.removesuffix("/").removesuffix("/api/v4")


def gitlab_caller(claims: Claims) -> Caller:
    """Raises `TokenRefused`. A job that is retried has another id; which job it is, no token of GitLab says."""
    run = number(claims, "pipeline_id")
    return Caller(
        project_id=number(claims, "project_id"),
        run=ExternalRunId(run),
        attempt=1,
        execution=run,
        start=number(claims, "job_id"),
        pipeline=None,
        ref=words(claims, "ref"),
        commit=words(claims, "sha"),
    )


_READERS: Final[Mapping[str, tuple[Callable[[str], str], Callable[[Claims], Caller]]]] = {
    "github": (github_issuer, github_caller),
    "gitlab": (gitlab_issuer, gitlab_caller),
}
