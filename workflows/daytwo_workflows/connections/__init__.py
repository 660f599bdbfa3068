"""CI systems as they stand under `connections` in the file of settings: one class per kind, told apart by `backend`."""

from typing import Final

from daytwo_workflows.connections.entry import Entry
from daytwo_workflows.connections.github import GitHubEntry

ConnectionEntry = GitHubEntry
"""Becomes `Annotated[GitHubEntry | …, Field(discriminator="backend")]` with the second kind; pydantic wants two."""

ENTRIES: Final[tuple[type[Entry], ...]] = (GitHubEntry,)
"""The same as a list, in the order of docs/reference/settings.md."""
