"""CI systems as they stand under `connections` in the file of settings: one class per kind, told apart by `backend`."""

from typing import Annotated, Final

from pydantic import Field

from daytwo_workflows.connections.argo import ArgoEntry
from daytwo_workflows.connections.entry import Entry
from daytwo_workflows.connections.github import GitHubEntry
from daytwo_workflows.connections.gitlab import GitLabEntry

ConnectionEntry = Annotated[GitHubEntry | GitLabEntry | ArgoEntry, Field(discriminator="backend")]

ENTRIES: Final[tuple[type[Entry], ...]] = (GitHubEntry, GitLabEntry, ArgoEntry)
"""The same as a list, in the order of docs/reference/settings.md."""
