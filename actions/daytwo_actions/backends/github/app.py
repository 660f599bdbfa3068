"""A GitHub App: who it is, and the signature that proves it for a few minutes.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from typing import Annotated, Final

from github.Auth import AppAuth, AppAuthToken
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_LASTS: Final = 540  # seconds; with the minute below these are the ten that GitHub allows
_BEGINS: Final = -60  # seconds from now, for a clock that is a little ahead of GitHub's


class GitHubApp(BaseModel):
    """An App with its private key; `installation` is looked up by the owner of a repository when it is not given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]  # the App ID, or its client ID
    private_key: SecretStr  # PEM
    installation: Annotated[int, Field(gt=0)] | None = None

    @field_validator("private_key")
    @classmethod
    def _can_sign(cls, value: SecretStr) -> SecretStr:
        try:
            AppAuth("0", value.get_secret_value()).create_jwt()
        except Exception:  # noqa: BLE001 - whatever the libraries say of it may hold parts of the key
            fits = False
        else:
            fits = True
        if not fits:
            raise ValueError("has to be the private key of the App in PEM form, as GitHub generates it (RSA)")
        return value

    def signature(self) -> AppAuthToken:
        """Proves for ten minutes that we are the App."""
        key = self.private_key.get_secret_value()
        return AppAuthToken(AppAuth(self.id, key, jwt_expiry=_LASTS, jwt_issued_at=_BEGINS).create_jwt())
