"""Repositories, workflow files and refs, checked, and the paths made of them (below the base address)."""

import re
from typing import Final
from urllib.parse import quote

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied

_PROJECT: Final = re.compile(r"(?!\.+/)[A-Za-z0-9_.-]{1,100}/(?!\.+$)[A-Za-z0-9_.-]{1,100}")
_PIPELINE: Final = re.compile(r"[A-Za-z0-9_.-]{1,250}\.ya?ml")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")
# What git itself refuses in a ref (git-check-ref-format), and characters that would change a URL's meaning.
_BAD_REF: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-/]|[/.]$|\.lock$|/\.|^\.")


def repository(project: str) -> str:
    """ "/repos/owner/name". Raises `BackendDenied` when `project` is not "owner/name"."""
    if not _PROJECT.fullmatch(project):
        raise BackendDenied(
            f"{project!r} is not a repository. Nothing was asked or sent; write it as owner/name, as in acme/shop."
        )
    return f"/repos/{project}"


def workflow(target: Target) -> str:
    """ "/repos/owner/name/actions/workflows/deploy.yml". Raises `BackendDenied`."""
    return f"{repository(target.project)}/actions/workflows/{workflow_file_name(target.pipeline)}"


def workflow_file_name(pipeline: str) -> str:
    """The file name as it is, if it can be one. Raises `BackendDenied`."""
    if not _PIPELINE.fullmatch(pipeline):
        raise BackendDenied(
            f"{pipeline!r} is not a workflow file. Nothing was asked or sent; "
            "give the file's name in .github/workflows, as in deploy.yml."
        )
    return pipeline


def run(project: str, number: str) -> str:
    """ "/repos/owner/name/actions/runs/1". Raises `BackendDenied` for an id that GitHub cannot have given."""
    return f"{repository(project)}/actions/runs/{_number(number)}"


def job(project: str, number: str) -> str:
    """ "/repos/owner/name/actions/jobs/1". Raises `BackendDenied` for an id that GitHub cannot have given."""
    return f"{repository(project)}/actions/jobs/{_number(number)}"


def check_run(project: str, number: str) -> str:
    """ "/repos/owner/name/check-runs/1": a job's check run has the job's id."""
    return f"{repository(project)}/check-runs/{_number(number)}"


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise BackendDenied(f"{value!r} is not an id of GitHub's; nothing was asked. Ids there are whole numbers.")
    return value


def ref_places(ref: str) -> list[str]:
    """Where a ref may be: "heads/main", then "tags/main"; only one of them when the ref says which.

    Raises `BackendDenied` for what git does not take as a name.
    """
    if not ref or len(ref) > 255 or _BAD_REF.search(ref):
        raise BackendDenied(
            f"{ref!r} is not the name of a branch or tag. Nothing was asked or sent; correct the step's ref."
        )
    if ref.startswith(("refs/heads/", "refs/tags/")):
        return [ref.removeprefix("refs/")]
    return [f"heads/{ref}", f"tags/{ref}"]


def short_ref(ref: str) -> str:
    """The name that a run shows as its branch."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


def in_path(text: str) -> str:
    return quote(text, safe="/")
