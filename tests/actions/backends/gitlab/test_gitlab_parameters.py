"""A project's pipeline as a form would see it, at a ref and at the default branch."""

import base64
from typing import Any
from urllib.parse import urlsplit

import pytest

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied

pytestmark = pytest.mark.anyio

PROJECT = "/api/v4/projects/acme%2Fshop"
FILE = b"spec: {inputs: {version: }}\n---\njob: {script: make}\n"


def serving(default: str | None) -> Any:
    answers = {
        PROJECT: {"id": 7, "default_branch": default},
        f"{PROJECT}/repository/commits/trunk": {"id": "a" * 40},
        f"{PROJECT}/repository/files/%2Egitlab-ci%2Eyml": {
            "encoding": "base64", "size": len(FILE), "content": base64.b64encode(FILE).decode()
        },
    }  # fmt: skip

    def play(request: Any, line: Any) -> None:
        path = urlsplit(request.path).path
        found = answers.get(path) or answers.get(path.replace(".gitlab-ci.yml", "%2Egitlab-ci%2Eyml"))
        line.answer(200 if found else 404, found or {"message": "404 Not Found"})

    return play


async def test_without_a_ref_it_is_the_default_branch(serve: Any, connect: Any) -> None:
    backend = connect(serve(serving("trunk")).url)
    found = await backend.parameters(Target(project="acme/shop", pipeline="", ref=""))
    assert (found.ref, [one.name for one in found.inputs]) == ("trunk", ["version"])


async def test_an_empty_repository_has_none(serve: Any, connect: Any) -> None:
    backend = connect(serve(serving(None)).url)
    with pytest.raises(BackendDenied):
        await backend.parameters(Target(project="acme/shop", pipeline="", ref=""))
