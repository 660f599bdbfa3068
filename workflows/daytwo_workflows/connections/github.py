from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_workflows.connections.entry import Entry


class GitHubEntry(Entry):
    """github.com, GitHub Enterprise Server, or the stand-in."""

    backend: Literal["github"]
    address: str = Field(default="https://api.github.com", description="the API's address")
    token_file: Path | None = Field(
        default=None, description="file with a token, when it is not a GitHub App; read again"
    )
    app_id: int | str | None = Field(default=None, description="a GitHub App's App ID or client ID")
    app_key_file: Path | None = Field(default=None, description="file with the App's private key (PEM)")
    installation: int | None = Field(
        default=None, description="number of the App's installation; else looked up by the repository's owner"
    )
    login: str | None = Field(default=None, description="whom our dispatches come from; else GitHub is asked")
    max_inputs: int = Field(default=25, description="inputs that a pipeline takes: 10 on old GitHub Enterprise Servers")
    run_details: bool = Field(
        default=True, description="dispatches ask for the run's id; off for GitHub Enterprise Servers before 3.21"
    )

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        app = [self.app_id is not None, self.app_key_file is not None]
        if any(app) != all(app) or (self.installation is not None and not all(app)):
            raise ValueError("app_id and app_key_file belong together, and installation to them")
        if sum([self.token_file is not None, self.token is not None, all(app)]) != 1:
            raise ValueError(
                "needs token_file, or app_id with app_key_file, or token with a reference, and only one of them"
            )
        return self

    def settings(self, name: str) -> GitHubSettings:
        """With the secrets read from their files. Raises `SettingsRejected`."""
        rest: dict[str, Any] = {"login": self.login, "max_inputs": self.max_inputs, "run_details": self.run_details}
        for key in self._read(name, "app_key_file"):
            rest["app"] = {"id": str(self.app_id), "private_key": key, "installation": self.installation}
        return self._make(GitHubSettings, name, **rest)
