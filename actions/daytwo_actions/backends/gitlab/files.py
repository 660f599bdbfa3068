"""Files of repositories, as they are at a commit, or at a branch or tag right now.

https://docs.gitlab.com/api/repository_files/
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.refs import File
from daytwo_actions.backends.http.reading import Reading

DEFAULT: Final = "HEAD"  # GitLab's word for the default branch
_LARGEST: Final = 1_000_000  # bytes of a file
_ELSEWHERE: Final = re.compile(r"(?P<file>[^@]+)@(?P<project>[^@:]+)(?::(?P<ref>[^@:]+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file's repository. `ref`: a commit, or a name that may mean another commit the next time.

    `elsewhere` is what people call it ("acme/ci at main") when it is not the commit that is started.
    """

    project: str
    ref: str
    elsewhere: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    content: bytes
    commit: str | None  # what the ref meant


def place_of(project: str, path: str, commit: str) -> tuple[Place, str]:
    """Where a project's pipeline file is: its setting may name one of another project ("ci.yml@acme/ci:main").

    Raises `BackendDenied` for one that is taken from the web.
    """
    if path.startswith(("http://", "https://")):
        raise BackendDenied(
            f"The pipeline of {project} is taken from a web address, where it can change at any time, so it cannot "
            "be approved. Nothing was sent; put the file into a repository (Settings, CI/CD, General pipelines)."
        )
    other = _ELSEWHERE.fullmatch(path)
    if other is None:
        return Place(project=project, ref=commit), path
    words = f"{other['project']} at {other['ref'] or 'its default branch'}"
    return Place(project=other["project"], ref=other["ref"] or DEFAULT, elsewhere=words), other["file"]


class Files:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def read(self, place: Place, path: str) -> Found:
        """Raises `BackendUnreachable`; `BackendDenied` when it is not there, cannot be seen, or is too large."""
        what = f"the file {path} of {place.project} at {place.ref[:12] if not place.elsewhere else place.ref}"
        file = await self._reading.find(
            "file",
            what,
            names.file(names.project(place.project), path),
            lambda answer: File.model_validate_json(answer.body),
            {"ref": place.ref},
        )
        if file is None:
            raise BackendDenied(
                f"There is no {what}, so no pipeline can be started. Nothing was sent; add the file, or correct "
                "the ref."
            )
        try:
            if file.encoding == "base64" and file.size <= _LARGEST:
                return Found(content=base64.b64decode(file.content), commit=file.commit_id)
        except binascii.Error:
            pass
        raise BackendDenied(f"GitLab does not give {what} as a file of at most 1 MB. Nothing was sent.")
