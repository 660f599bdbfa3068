"""Branches, tags, commits, and the identity of repositories and workflows.

https://docs.github.com/en/rest/git/refs, https://docs.github.com/en/rest/branches/branches
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

_Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


class _Vendor(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class GitObject(_Vendor):
    type: str  # "commit", or "tag" when the tag is annotated
    sha: _Commit


class Ref(_Vendor):
    ref: str  # "refs/heads/main"
    object: GitObject


class AnnotatedTag(_Vendor):
    object: GitObject


class Named(_Vendor):
    """A branch or a tag in a listing."""

    name: str


class Repository(_Vendor):
    id: int = Field(gt=0)
    default_branch: str = "main"


class Workflow(_Vendor):
    id: int = Field(gt=0)
    path: str
    state: str
    name: str = ""
    html_url: str | None = None


class Workflows(_Vendor):
    """A page of workflows."""

    workflows: tuple[Workflow, ...]


class User(_Vendor):
    login: str = Field(min_length=1)


class File(_Vendor):
    """A file of the contents API: up to 1 MB it comes in base 64."""

    type: str
    encoding: str = "none"
    content: str = ""


_NAMES = TypeAdapter(list[Named])
_REFS = TypeAdapter(list[Ref])


class _Environments(_Vendor):
    environments: tuple[Named, ...] = Field(strict=False)


def names_in(body: bytes, kind: str) -> tuple[str, ...]:
    """The names in a listing of branches, tags or environments. Raises `ValidationError`."""
    if kind == "environments":
        return tuple(item.name for item in _Environments.model_validate_json(body).environments)
    return tuple(item.name for item in _NAMES.validate_json(body))


def matching_in(body: bytes, kind: str) -> tuple[str, ...]:
    """The names in an answer of `git/matching-refs/<kind>/…`, kind "heads" or "tags". Raises `ValidationError`."""
    prefix = f"refs/{kind}/"
    return tuple(item.ref.removeprefix(prefix) for item in _REFS.validate_json(body) if item.ref.startswith(prefix))
