"""Where an Argo Server is, and which token goes there."""

from datetime import timedelta
from typing import Literal

from pydantic import field_validator

from daytwo_actions.backends.http.settings import HttpSettings, Seconds, safe_address


class ArgoSettings(HttpSettings):
    """One connection to an Argo Server ("https://argo.example.com:2746") or the stand-in."""

    kind: Literal["argo"] = "argo"
    stream_silence: Seconds = timedelta(seconds=50)  # of the stream of events, where something comes every 15 seconds
    page: str | None = None  # where people reach Argo's page, when that is not `base`

    @property
    def shown(self) -> str:
        """The address for links."""
        return self.page or self.base

    @field_validator("page")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else safe_address(value)
