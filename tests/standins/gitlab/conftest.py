"""A GitLab stand-in for all tests of this folder, with a project whose jobs are really run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gitlab_yard import FILES, SECRET, SIGNING, TOKEN, TOKENS, projects_of

from daytwo_standins.gitlab.testing import RunningStandin, eventually, make_repository, start_standin


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two tags."""
    path = tmp_path_factory.mktemp("repositories") / "shop"
    make_repository(
        path,
        [
            ({"VERSION": "1.0.0\n", **FILES}, "1.0.0"),
            ({"VERSION": "1.1.0\n", "docs/read me.md": "# Shop\n"}, "1.1.0"),
            ({"VERSION": "next\n"}, None),
        ],
    )
    return path


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, shop: Path, receiver: Any) -> Iterator[RunningStandin]:
    """The stand-in of this folder's tests."""
    with start_standin(
        tmp_path_factory.mktemp("standin"),
        projects_of(shop),
        tokens=TOKENS,
        webhook={"url": receiver.url, "secret": SECRET, "signing_token": SIGNING},
        environment={"STANDIN_CANARY": "the server's own"},
    ) as standin:
        yield standin


@pytest.fixture
def standin(running: RunningStandin) -> Iterator[RunningStandin]:
    """The stand-in, without the faults of the test before."""
    yield running
    running.control.clear_faults()


@pytest.fixture(scope="session")
def client(running: RunningStandin) -> Iterator[httpx.Client]:
    """Plain HTTP with the bot's token."""
    headers = {"private-token": TOKEN}
    with httpx.Client(base_url=f"{running.url}/api/v4", headers=headers, trust_env=False, timeout=60) as one:
        yield one


@pytest.fixture
def api(client: httpx.Client, standin: RunningStandin) -> httpx.Client:
    """The same, without the faults of the test before."""
    return client


Create = Callable[..., int]
Read = Callable[..., dict[str, Any]]


@pytest.fixture
def create(api: httpx.Client) -> Create:
    """Create a pipeline and give its id."""

    def send(project: str = "shop", ref: str = "main", **inputs: object) -> int:
        answer = api.post(f"/projects/acme%2F{project}/pipeline", json={"ref": ref, "inputs": inputs})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    return send


@pytest.fixture
def reached(api: httpx.Client) -> Read:
    """Wait until a pipeline has a status and give it."""

    def wait(number: int, *wanted: str, project: str = "shop") -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = api.get(f"/projects/acme%2F{project}/pipelines/{number}").json()
            ended = {"success", "failed", "canceled", "skipped"}
            assert found["status"] in wanted or found["status"] not in ended, found["status"]
            return found if found["status"] in wanted else None

        found: dict[str, Any] = eventually(look, seconds=60.0)
        return found

    return wait


@pytest.fixture
def jobs(api: httpx.Client) -> Callable[..., dict[str, dict[str, Any]]]:
    """The jobs of a pipeline by name."""

    def read(number: int, project: str = "shop") -> dict[str, dict[str, Any]]:
        found = api.get(f"/projects/acme%2F{project}/pipelines/{number}/jobs", params={"per_page": 100}).json()
        return {job["name"]: job for job in found}

    return read


@pytest.fixture
def trace(api: httpx.Client) -> Callable[[int, str], str]:
    """The trace of a job."""
    return lambda number, project="shop": api.get(f"/projects/acme%2F{project}/jobs/{number}/trace").text


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A gate that a job waits for; opened at the end, so that nothing waits on."""
    path = tmp_path / "gate"
    yield path
    path.touch()
