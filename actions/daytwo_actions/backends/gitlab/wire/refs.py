"""Projects, commits, files, and names in listings."""

from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from daytwo_actions.backends.gitlab.wire.pipelines import Vendor

_Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


class Project(Vendor):
    id: int = Field(gt=0)
    path_with_namespace: str = ""
    ci_config_path: str | None = None  # empty: the usual one
    default_branch: str | None = None
    archived: bool | None = None
    builds_access_level: str | None = None  # "disabled": it has no pipelines
    web_url: str | None = None


class Commit(Vendor):
    id: _Commit


class File(Vendor):
    """A file of the repository files API, in base 64."""

    encoding: str
    content: str
    size: int = 0
    commit_id: str | None = None  # what the asked-for ref meant


class Account(Vendor):
    username: str = Field(min_length=1)


class Named(Vendor):
    """A branch, a tag or an environment in a listing."""

    name: str


_NAMES: Final = TypeAdapter(tuple[Named, ...])


def names_in(body: bytes) -> tuple[str, ...]:
    """Raises `ValidationError`."""
    return tuple(item.name for item in _NAMES.validate_json(body))
