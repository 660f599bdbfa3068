from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_workflows.connections.entry import Entry


class ArgoEntry(Entry):
    """Argo Workflows, by the REST API of its server, or the stand-in."""

    backend: Literal["argo"]
    address: str = Field(description="the address of Argo Server, as `https://argo.example.com:2746`")
    token_file: Path | None = Field(default=None, description="file with the token of a service account; read again")
    webhook_secret_files: tuple[()] = Field(default=(), description="nothing: Argo Workflows sends no webhooks")
    page: str | None = Field(default=None, description="address at which people reach Argo, when it is another one")

    @model_validator(mode="after")
    def _has_one_token(self) -> Self:
        self._one_token()
        return self

    def settings(self, name: str) -> ArgoSettings:
        """With the token read from its file. Raises `SettingsRejected`."""
        return self._make(ArgoSettings, name, page=self.page)
