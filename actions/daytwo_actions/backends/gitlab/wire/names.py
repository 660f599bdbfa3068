"""Projects, refs, ids, and the paths made of them (below the API's address). Every name is one segment of a path."""

import re
from typing import Final
from urllib.parse import quote

from daytwo_actions.backends.failures import BackendDenied

# GitLab's own rule for a path: letters, digits, "_", "-", ".", not beginning with "-" or ".", subgroups allowed.
_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PROJECT: Final = re.compile(rf"{_PART}(?:/{_PART})+")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")
_JOB: Final = re.compile(r"(?:([1-9][0-9]{0,18})/)?([1-9][0-9]{0,18})")
# What git itself refuses in a ref (git-check-ref-format), and characters that would change a URL's meaning.
_BAD_REF: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-/]|[/.]$|\.lock$|/\.|^\.")
_LONGEST_PATH: Final = 500


def project(path: str) -> str:
    """ "/projects/acme%2Fshop". Raises `BackendDenied` when it is not the path of a project."""
    if not _PROJECT.fullmatch(path) or ".." in path or len(path) > _LONGEST_PATH:
        raise BackendDenied(
            f"{path!r} is not a project. Nothing was asked or sent; write its path with all groups, as in acme/shop."
        )
    return f"/projects/{segment(path)}"


def project_by_id(number: str) -> str:
    """ "/projects/7". A project that was renamed is still found, one made anew under the old name is not."""
    return f"/projects/{_number(number)}"


def pipeline(place: str, number: str) -> str:
    """ "/projects/7/pipelines/31"; `place` is what one of the above gives."""
    return f"{place}/pipelines/{_number(number)}"


def job(place: str, job_id: str) -> str:
    """ "/projects/7/jobs/380". An id of a job elsewhere says in which project: "41/380"."""
    found = _JOB.fullmatch(job_id)
    if found is None:
        raise BackendDenied(f"{job_id!r} is not the id of a job of GitLab; nothing was asked.")
    return f"{project_by_id(found[1]) if found[1] else place}/jobs/{found[2]}"


def commit(place: str, ref: str) -> str:
    """Where the commit of a branch or tag is told."""
    return f"{place}/repository/commits/{segment(checked_ref(ref))}"


def file(place: str, path: str) -> str:
    return f"{place}/repository/files/{segment(path)}"


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise BackendDenied(f"{value!r} is not an id of GitLab's; nothing was asked. Ids there are whole numbers.")
    return value


def checked_ref(ref: str) -> str:
    """The name if it can be one of a branch or tag. Raises `BackendDenied` for what git does not take."""
    if not ref or len(ref) > 255 or _BAD_REF.search(ref):
        raise BackendDenied(
            f"{ref!r} is not the name of a branch or tag. Nothing was asked or sent; correct the step's ref."
        )
    return ref


def short_ref(ref: str) -> str:
    """The name that a pipeline shows as its ref."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


def segment(text: str) -> str:
    """As one segment of a path: a slash in it is no slash of the path, and dots lead nowhere."""
    return quote(text, safe="").replace(".", "%2E") if set(text) <= {"."} else quote(text, safe="")


def no_pipeline(pipeline: str) -> None:
    """Raises `BackendDenied` when a step names one: a project of GitLab has one, and that is not chosen."""
    if pipeline:
        raise BackendDenied(
            f"A project in GitLab has one pipeline, so {pipeline!r} cannot be chosen. Nothing was sent; leave "
            "`pipeline` out, and let an input decide what the pipeline does."
        )
