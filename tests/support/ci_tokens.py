"""An issuer of tokens for jobs of a CI system, as tests need it: it signs whatever they like."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from daytwo_actions.backends.wire.ci_token import Keys, keys_of

ISSUER = "https://token.example/_services/token"
AUDIENCE = "http://127.0.0.1:8080"
_KEY = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})


@dataclass
class Issuer:
    """Signs tokens, and gives its keys as `IssuerKeys` does."""

    key: RSAKey = field(default_factory=lambda: _KEY)
    issuer: str = ISSUER

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    async def for_kid(self, kid: str) -> Keys:
        return keys_of(self.jwks())

    def close(self) -> None:
        return None

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        told = {"iss": self.issuer, "aud": AUDIENCE, "iat": now, "nbf": now - 5, "exp": now + 300, "sub": "whatever"}
        given = {name: value for name, value in {**told, **claims}.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "one", **(header or {})}, given, self.key)

    def github(self, *, run: str = "1", attempt: str = "1", **claims: Any) -> str:
        """A token of a job in a run of acme/shop's deploy.yml, as GitHub makes them; the CI in memory calls it 1."""
        file = "acme/shop/.github/workflows/deploy.yml@refs/heads/main"
        usual = {"repository_id": "1", "run_id": run, "run_attempt": attempt, "workflow_ref": file, "sha": "c" * 40}
        return self.token(**{**usual, "job_workflow_ref": file, "ref": "refs/heads/main", **claims})
