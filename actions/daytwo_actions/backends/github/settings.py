"""Where a GitHub connection goes, and what this GitHub can do."""

from typing import Annotated, Literal

from pydantic import Field

from daytwo_actions.backends.http.settings import HttpSettings


class GitHubSettings(HttpSettings):
    """One connection to github.com, GitHub Enterprise Server ("https://HOST/api/v3") or the stand-in."""

    kind: Literal["github"] = "github"
    base: str = "https://api.github.com"
    # Who our dispatches come from ("acme-bot", "acme-app[bot]"). Asked from GitHub once when it is not given;
    # the token of an App's installation cannot ask, so there it has to be given.
    login: str | None = None
    # GitHub Enterprise Server up to 3.19 takes 10 inputs; github.com takes 25 since December 2025.
    max_inputs: Annotated[int, Field(ge=1, le=25)] = 25
    api_version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = "2022-11-28"
