"""Where a GitHub connection goes, and what this GitHub can do."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from daytwo_actions.backends.github.app import GitHubApp
from daytwo_actions.backends.http.settings import HttpSettings


class GitHubSettings(HttpSettings):
    """One connection to github.com, GitHub Enterprise Server ("https://HOST/api/v3") or the stand-in."""

    kind: Literal["github"] = "github"
    base: str = "https://api.github.com"
    token: SecretStr = SecretStr("")  # empty: it is an App
    app: GitHubApp | None = None
    # Who our dispatches come from ("acme-bot", "acme-app[bot]"). Asked from GitHub once when it is not given; only a
    # token of an App's installation that somebody else renews cannot ask, so there it has to be given.
    login: str | None = None
    # GitHub Enterprise Server up to 3.19 takes 10 inputs; github.com takes 25 since December 2025.
    max_inputs: Annotated[int, Field(ge=1, le=25)] = 25
    # GitHub Enterprise Server before 3.21 knows no `return_run_details`. Off, it is not among the bytes from the start.
    run_details: bool = True
    api_version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = "2022-11-28"

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if bool(self.token.get_secret_value()) == (self.app is not None):
            raise ValueError("needs a token or a GitHub App, and not both")
        return self

    def credentials(self) -> Iterator[str]:
        yield from filter(None, super().credentials())

    def secrets(self) -> Iterator[str]:
        yield from filter(None, super().secrets())
        if self.app is not None:
            yield self.app.private_key.get_secret_value()
