"""GitHub Apps: who signs, which installations there are, and the tokens that were given out.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
Tokens live in memory: a server that starts again knows none of them, and answers 401 as to one that was revoked.
"""

import dataclasses
import secrets
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from daytwo_standins.github.config import App, Config, Installation, Token, caller
from daytwo_standins.github.problems import ApiError

_LONGEST = 600  # seconds that a signature may be good for
_SKEW = 30  # seconds


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Given:
    token: Token
    installation: int
    ends: float


class Apps:
    """The Apps of the configuration."""

    def __init__(self, config: Config) -> None:
        self._repositories = tuple(one.full_name for one in config.repositories)
        self._apps = {str(app.id): (app, _public(app.key.reveal())) for app in config.apps}
        self._given: dict[str, _Given] = {}
        self.suspended: set[int] = set()

    def signer(self, signature: str) -> App:
        """Whose signature this is.

        Raises:
            ApiError: 401, it is nobody's, or not good now.
        """
        try:
            claimed = jwt.decode(signature, options={"verify_signature": False, "verify_exp": False})
            app, key = self._apps[str(claimed.get("iss"))]
            options: Any = {"require": ["iat", "exp", "iss"], "verify_iat": False, "verify_iss": False}
            claims = jwt.decode(signature, key, algorithms=["RS256"], options=options, leeway=_SKEW)
        except KeyError:
            raise ApiError(401, "Integration not found") from None
        except jwt.ExpiredSignatureError:
            raise ApiError(401, "'Expiration time' claim ('exp') must be in the future") from None
        except jwt.PyJWTError:
            raise ApiError(401, "A JSON web token could not be decoded") from None
        now = time.time()
        if claims["exp"] > now + _LONGEST + _SKEW:
            raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
        if claims["iat"] > now + _SKEW:
            raise ApiError(401, "'Issued at' claim ('iat') must be an Integer representing a time in the past")
        return app

    def installation(self, app: App, number: int) -> Installation | None:
        """An installation of an App by its number."""
        return next((one for one in app.installations if one.id == number), None)

    def for_repository(self, app: App, full_name: str) -> Installation | None:
        """The installation that may see a repository."""
        return next((one for one in app.installations if full_name in self.repositories(one)), None)

    def repositories(self, installation: Installation) -> tuple[str, ...]:
        """What an installation may see."""
        if installation.repositories is not None:
            return installation.repositories
        return tuple(name for name in self._repositories if name.startswith(f"{installation.account}/"))

    def give(self, app: App, installation: Installation) -> tuple[str, float]:
        """A new token of an installation, long and with dots as GitHub's are since April 2026, and when it ends."""
        value = f"ghs_{app.id}_" + ".".join(secrets.token_urlsafe(bytes_) for bytes_ in (60, 240, 72))
        ends = time.time() + app.token_seconds
        token = caller(f"{app.slug}[bot]", app.permissions, self.repositories(installation))
        self._given[value] = _Given(token=token, installation=installation.id, ends=ends)
        return value, ends

    def token(self, value: str) -> Token | None:
        """Whose token this is, while it is good.

        Raises:
            ApiError: 403, its installation is suspended.
        """
        given = self._given.get(value)
        if given is None or given.ends <= time.time():
            return None
        if given.installation in self.suspended:
            raise ApiError(403, "This installation has been suspended")
        return given.token

    def revoke(self, value: str) -> None:
        """Take a token back."""
        self._given.pop(value, None)


def _public(pem: str) -> RSAPublicKey:
    data = pem.encode()
    if b"PRIVATE" in data:
        private = load_pem_private_key(data, password=None)
        if isinstance(private, RSAPrivateKey):
            return private.public_key()
    else:
        public = load_pem_public_key(data)
        if isinstance(public, RSAPublicKey):
            return public
    raise ValueError("The key of an App has to be an RSA key in PEM form. Nothing was started.")
