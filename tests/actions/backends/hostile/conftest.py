"""The same tests for every backend that stands on `backends/http/`: what differs between them is in a `Door`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.argo.backend import ArgoBackend
from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.base import Accepted, Backend, FrozenRequest, Pinned, Target
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_store.ids import Corr, Digest

TOKEN = "ghs_0123456789SECRETTOKENabcdef"


@dataclass
class Door:
    """One kind of CI system: how a dispatch looks there, and what it answers when it has started a run."""

    make: Callable[..., Backend]
    pipeline: str
    path: str
    status: int  # of an answer that says that a run was started
    answer: dict[str, Any]
    id_key: str
    accepted: Accepted
    state: dict[str, Any]  # a run that was read
    limited: dict[str, str]  # headers of an answer that says how much is left
    short: int = 1_000_000  # bytes of an answer to a dispatch that are read
    queues: bool = True  # dispatches wait for a thread
    keeps: bool = True  # reads share a connection
    looks: bool = False  # a 409 says that the run is there already, and it is looked at
    log: str = ""  # the path of a job's log, when it goes another way than everything else
    links: bool = False  # what is there is a link
    token: str = TOKEN
    made: list[Backend] = field(default_factory=list)

    def connect(self, base: str, **settings: Any) -> Backend:
        self.made.append(self.make(base, **({"login": "acme-bot", "token": SecretStr(self.token)} | settings)))
        return self.made[-1]

    @property
    def target(self) -> Target:
        return Target(project="acme/shop", pipeline=self.pipeline, ref="main")

    def frozen(self, backend: Backend, *, ref: str = "main") -> FrozenRequest:
        pinned = Pinned(
            target=Target(project="acme/shop", pipeline=self.pipeline, ref=ref),
            project_id="7",
            pipeline_id="9",
            commit="a" * 40,
            pipeline_digest=Digest("d" * 64),
            marked=True,
        )
        return backend.freeze(pinned, {"version": "1.10"}, Corr("abcdefghij234567abcd"))

    def yes(self, _: Any, line: Any) -> None:
        line.answer(self.status, self.answer)


@dataclass
class ArgoDoor(Door):
    """Its answer is the workflow that was sent, so it depends on the request. A template has no ref."""

    def connect(self, base: str, **settings: Any) -> Backend:
        return super().connect(base, **({"page": "https://argo.example.com"} | settings))

    @property
    def target(self) -> Target:
        return Target(project="shop", pipeline=self.pipeline, ref="")

    def frozen(self, backend: Backend, *, ref: str = "main") -> FrozenRequest:
        pinned = Pinned(
            target=self.target,
            project_id="shop",
            pipeline_id="9",
            commit="generation 3",
            pipeline_digest=Digest("d" * 64),
            marked=True,
        )
        return backend.freeze(pinned, {"version": "1.10", "variant": ref}, Corr("abcdefghij234567abcd"))

    def yes(self, request: Any, line: Any) -> None:
        line.answer(200, self.made_of(request.body))

    def made_of(self, body: bytes) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(body)["workflow"]
        made["metadata"] |= {"uid": "u-1", "creationTimestamp": "2026-03-01T10:00:00Z"}
        return made


def github(observed: Any) -> Door:
    api, web = "https://api.github.com/repos/acme/shop/actions/runs/17", "https://github.com/acme/shop/actions/runs/17"

    def make(base: str, **settings: Any) -> Backend:
        return GitHubBackend(GitHubSettings(name="github", base=base, **settings), observe=observed)  # type: ignore[arg-type]

    return Door(
        make=make,
        pipeline="deploy.yml",
        path="/repos/acme/shop/actions/workflows/deploy.yml/dispatches",
        status=200,
        answer={"workflow_run_id": 17, "run_url": api, "html_url": web},
        id_key="workflow_run_id",
        accepted=Accepted(id="17", url=web),  # type: ignore[arg-type]
        state={"id": 1, "status": "queued"},
        limited={"X_RateLimit_Remaining": "12"},
        log="/repos/acme/shop/actions/jobs/5/logs",
        links=True,
    )


def gitlab(observed: Any) -> Door:
    web = "https://gitlab.com/acme/shop/-/pipelines/17"

    def make(base: str, **settings: Any) -> Backend:
        return GitLabBackend(GitLabSettings(name="gitlab", base=base, **settings), observe=observed)

    return Door(
        make=make,
        pipeline="",
        path="/api/v4/projects/7/pipeline",
        status=201,
        answer={"id": 17, "project_id": 7, "web_url": web},
        id_key="id",
        accepted=Accepted(id="17", url=web),  # type: ignore[arg-type]
        state={"id": 1, "status": "pending"},
        limited={"RateLimit_Remaining": "12"},
        log="/api/v4/projects/acme%2Fshop/jobs/5/trace",
    )


def argo(observed: Any) -> Door:
    name = "dt-abcdefghij234567abcd"

    def make(base: str, *, login: str, **settings: Any) -> Backend:
        del login  # whoever the token belongs to: a workflow is recognised by its name
        return ArgoBackend(ArgoSettings(name="argo", base=base, **settings), observe=observed)

    door = ArgoDoor(
        make=make,
        pipeline="deploy",
        path="/api/v1/workflows/shop",
        status=200,
        answer={},
        id_key="metadata",
        accepted=Accepted(id=f"{name}:u-1", url=f"https://argo.example.com/workflows/shop/{name}", proven=True),  # type: ignore[arg-type]
        state={"metadata": {"name": "1"}},
        limited={"X_Rate_Limit_Remaining": "12"},
        short=4_000_000,
        queues=False,
        keeps=False,
        looks=True,
    )
    door.answer = door.made_of(door.frozen(door.connect("http://127.0.0.1:1")).body)
    return door


DOORS = {"github": github, "gitlab": gitlab, "argo": argo}


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, observed: Any) -> Iterator[Door]:
    opened = DOORS[request.param](observed)
    yield opened
    for backend in opened.made:
        backend.close()
