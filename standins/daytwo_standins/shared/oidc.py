"""ID tokens of jobs: signed with a key that a stand-in makes once and keeps in its data folder.

https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
https://docs.github.com/en/actions/reference/security/oidc
"""

import functools
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daytwo_standins.shared.ids import stable_id

_SECONDS = 3600


class Issuer:
    """Signs, and shows the public key; ``url`` is the issuer, ``keys_at`` where below it its keys are served."""

    def __init__(
        self, folder: Path, url: str, *, keys_at: str = "/oauth/discovery/keys", seconds: int = _SECONDS
    ) -> None:
        self.url = url
        self._path = folder / "oidc.pem"
        self._keys_at = keys_at
        self._seconds = seconds

    @functools.cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return _key(self._path)

    @functools.cached_property
    def _id(self) -> str:
        return str(stable_id("oidc", str(self._key.public_key().public_numbers().n)))

    def keys(self) -> dict[str, Any]:
        """What is served where the keys are."""
        facts = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        shown = {name: facts[name] for name in ("kty", "n", "e")}
        return {"keys": [{**shown, "kid": self._id, "use": "sig", "alg": "RS256"}]}

    def configuration(self) -> dict[str, Any]:
        """What is served at /.well-known/openid-configuration."""
        return {
            "issuer": self.url,
            "jwks_uri": self.url + self._keys_at,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "jti"],
        }

    def token(self, claims: Mapping[str, Any], audience: tuple[str, ...]) -> str:
        """A token with these claims; one audience stands alone, several as a list."""
        now = int(time.time())
        times = {"iat": now, "nbf": now - 5, "exp": now + self._seconds}
        told = {"iss": self.url, "aud": audience[0] if len(audience) == 1 else list(audience), "jti": str(uuid.uuid4())}
        return jwt.encode({**claims, **told, **times}, self._key, algorithm="RS256", headers={"kid": self._id})


def _key(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(found, rsa.RSAPrivateKey)
        return found
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    return made
