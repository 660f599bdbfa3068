from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_workflows.connections.entry import Entry
from daytwo_workflows.secret_files import secret_text


class GitLabEntry(Entry):
    """gitlab.com, a GitLab of one's own, or the stand-in."""

    backend: Literal["gitlab"]
    address: str = Field(default="https://gitlab.com", description="where people reach it, without /api/v4")
    token_file: Path | None = Field(
        default=None, description="file with an access token of a project, a group or a person; read again"
    )
    trigger_token_files: Mapping[str, Path] = Field(
        default={}, description="files with trigger tokens, by project path: what is dispatched there goes by them"
    )
    signing_token_files: tuple[Path, ...] = Field(
        default=(), description="files with signing tokens of webhooks; two during a change; then all must be signed"
    )
    login: str | None = Field(default=None, description="whom our dispatches come from; else GitLab is asked")
    approves_deployments: bool = Field(
        default=False, description="the token's account may answer deployments that wait for approval"
    )
    max_inputs: int = Field(
        default=20,
        description="declared inputs that one pipeline takes, the marker among them; more are refused, and what is not "
        "declared goes as variables",
    )

    @model_validator(mode="after")
    def _has_one_token(self) -> Self:
        self._one_token()
        return self

    def settings(self, name: str) -> GitLabSettings:
        """With the secrets read from their files. Raises `SettingsRejected`."""
        where = f"connections.{name}.trigger_token_files"
        return self._make(
            GitLabSettings,
            name,
            trigger_tokens={
                project: SecretStr(secret_text(path, where)) for project, path in self.trigger_token_files.items()
            },
            signing_tokens=self._read(name, "signing_token_files"),
            login=self.login,
            approves_deployments=self.approves_deployments,
            max_inputs=self.max_inputs,
        )
