from typing import Literal

from pydantic import Field

from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_workflows.connections.entry import Entry


class GitHubEntry(Entry):
    """github.com, GitHub Enterprise Server, or the stand-in."""

    backend: Literal["github"]
    address: str = Field(default="https://api.github.com", description="the API's address")
    login: str | None = Field(default=None, description="whom our dispatches come from, for a GitHub App's token")
    max_inputs: int = Field(default=25, description="inputs that a pipeline takes: 10 on old GitHub Enterprise Servers")

    def settings(self, name: str) -> GitHubSettings:
        """With the secrets read from their files. Raises `SettingsRejected`."""
        return self._make(GitHubSettings, name, login=self.login, max_inputs=self.max_inputs)
