"""The API's settings: those of every process, and the refusal to serve strangers."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import field_validator, model_validator

from daytwo_actions.backends.http.settings import is_loopback
from daytwo_api.security import LOOPBACK
from daytwo_workflows.settings import Settings


class ApiSettings(Settings):
    """Nothing but a loopback address is served without authentication (design §10)."""

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("has to be an address such as https://daytwo.example.com")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _knows_who_asks(self) -> Self:
        if self.sign_in is None:
            raise ValueError(
                "nobody could sign in: set `sign_in` to `oidc` or `tokens`, or to `people` on a loopback address to "
                "try it out"
            )
        if self.sign_in == "people" and not is_loopback(self.api_host):
            raise ValueError(
                f"`sign_in: people` lets anybody be anybody, so it is refused on {self.api_host}: set `api_host` to "
                "127.0.0.1, or `sign_in` to `tokens`"
            )
        if self.sign_in == "people" and not is_loopback(urlsplit(self.page).hostname or ""):
            raise ValueError(
                "`sign_in: people` lets anybody be anybody, so it is refused with a `public_url` that others reach, as "
                "through a proxy: leave `public_url` out, or set `sign_in` to `oidc` or `tokens`"
            )
        return self

    @model_validator(mode="after")
    def _knows_its_provider(self) -> Self:
        if self.sign_in != "oidc":
            if self.oidc is not None:
                raise ValueError("`oidc` is of no use without `sign_in: oidc`: set that, or leave `oidc` out")
            return self
        if self.oidc is None or self.public_url is None:
            raise ValueError(
                "`sign_in: oidc` needs `oidc` (in the file), which says who the identity provider is, and "
                "`public_url`, to which it sends people back"
            )
        if not self.https and not is_loopback(urlsplit(self.public_url).hostname or ""):
            raise ValueError(
                "`sign_in: oidc` needs a `public_url` with https: else sessions cross the network readably"
            )
        return self

    @property
    def https(self) -> bool:
        """Is the page reached by https?"""
        return self.page.startswith("https://")

    @property
    def hosts(self) -> frozenset[str] | None:
        """Names that we are reached by; None: any, as nothing here depends on the name."""
        public = urlsplit(self.page).hostname if self.public_url else None
        if is_loopback(self.api_host):
            return LOOPBACK | {self.api_host} | ({public} if public else set())
        return frozenset({public}) if public else None
