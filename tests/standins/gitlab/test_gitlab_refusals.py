"""Who may not, and what is refused: nothing is stored, and the answer looks like GitLab's."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gitlab_yard import GUEST, NARROW, READER, REPORTER, REVOKED, SHOP, TOKEN, runs_jobs

from daytwo_standins.gitlab.testing import RunningStandin, start_standin

Create = Callable[..., int]
INSTANT = "/projects/acme%2Finstant"
HIGHER = "The request requires higher privileges than provided by the access token."


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({}, 401, {"message": "401 Unauthorized"}),
        ({"private-token": "nobody's"}, 401, {"message": "401 Unauthorized"}),
        ({"authorization": f"Basic {TOKEN}"}, 401, {"message": "401 Unauthorized"}),
        (
            {"private-token": REVOKED},
            401,
            {
                "error": "invalid_token",
                "error_description": "Token was revoked. You have to re-authorize from the user.",
            },
        ),
        ({"private-token": READER}, 403, {"error": "insufficient_scope", "error_description": HIGHER, "scope": "api"}),
        ({"private-token": REPORTER}, 403, {"message": "403 Forbidden"}),
        ({"private-token": GUEST}, 403, {"message": "403 Forbidden"}),
        ({"private-token": NARROW}, 404, {"message": "404 Project Not Found"}),
    ],
)
def test_who_may_not_create(standin: RunningStandin, headers: dict[str, str], status: int, body: Any) -> None:
    before = len(standin.control.ledger())
    url = f"{standin.url}/api/v4{SHOP}/pipeline"
    answer = httpx.post(url, json={"ref": "main", "inputs": {"version": "1"}}, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (status, body)
    assert len(standin.control.ledger()) == before


def test_a_bearer_is_as_good(standin: RunningStandin) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"{standin.url}/api/v4/user", headers=headers, trust_env=False)
    assert answer.json()["username"] == "daytwo-bot"
    assert answer.headers["ratelimit-limit"] == "2000"


@pytest.mark.parametrize(
    ("project", "body", "message"),
    [
        ("instant", {}, {"error": "ref is missing"}),
        ("instant", {"ref": "nowhere"}, {"message": {"base": ["Reference not found"]}}),
        ("instant", {"ref": "main"}, {"message": {"base": ["`version` input: required value has not been provided"]}}),
        (
            "instant",
            {"ref": "main", "inputs": {"version": 1, "count": "4", "where": "moon", "dry": "true"}},
            {
                "message": {
                    "base": [
                        "`version` input: provided value is not a string",
                        "`count` input: provided value is not a number",
                        "`dry` input: provided value is not a boolean",
                        "`where` input: `moon` cannot be used because it is not in the list of allowed options",
                    ]
                }
            },
        ),
        (
            "instant",
            {"ref": "main", "inputs": {"version": "v1"}},
            {"message": {"base": ["`version` input: provided value does not match required RegEx pattern"]}},
        ),
        (
            "instant",
            {"ref": "main", "inputs": {f"n{number}": "x" for number in range(21)}},
            {"message": {"base": ["There are 21 inputs, and 20 at most can be given"]}},
        ),
        (
            "strict",
            {"ref": "main", "inputs": {"version": "1"}, "variables": [{"key": "A", "value": "b"}]},
            {"message": {"base": ["Insufficient permissions to set pipeline variables"]}},
        ),
        ("empty", {"ref": "main"}, {"message": {"base": ["jobs config should contain at least one visible job"]}}),
        ("missing", {"ref": "main"}, {"message": {"base": ["Missing CI config file"]}}),
    ],
)
def test_what_is_refused_is_not_stored(
    api: httpx.Client, standin: RunningStandin, project: str, body: Any, message: Any
) -> None:
    before = len(standin.control.ledger())
    answer = api.post(f"/projects/acme%2F{project}/pipeline", json=body)
    assert (answer.status_code, answer.json()) == (400, message)
    assert len(standin.control.ledger()) == before


def test_bad_yaml_is_refused(api: httpx.Client) -> None:
    answer = api.post("/projects/acme%2Fbroken/pipeline", json={"ref": "main"})
    assert answer.status_code == 400
    assert answer.json()["message"]["base"][0].startswith("Invalid YAML syntax")


@runs_jobs
def test_what_gitlab_ci_local_refuses(api: httpx.Client) -> None:
    wrong = api.post("/projects/acme%2Fwrong/pipeline", json={"ref": "main"})
    assert (wrong.status_code, wrong.json()) == (400, {"message": {"base": ["job must have script specified"]}})
    never = api.post("/projects/acme%2Fnever/pipeline", json={"ref": "main"})
    assert never.status_code == 400
    assert "rules configuration prevented any jobs" in never.json()["message"]["base"][0]


def test_what_is_not_there(api: httpx.Client, create: Create) -> None:
    number = create("instant", version="1")
    assert api.get(f"{INSTANT}/pipelines/{number}").status_code == 200
    assert api.get(f"{SHOP}/pipelines/{number}").json() == {"message": "404 Not Found"}
    assert api.get(f"{INSTANT}/jobs/{number}9999").status_code == 400
    assert api.get(f"{INSTANT}/jobs/7").status_code == 404
    assert api.get(f"{INSTANT}/jobs/{number * 1000 + 1}/artifacts/..%2f..%2fplan.json").status_code == 404
    assert api.get("/projects/acme%2Fshop%2F..%2Fshop").json() == {"message": "404 Project Not Found"}
    assert api.get("/nothing").json() == {"error": "404 Not Found"}
    assert api.get("/projects/acme%2Fstrict/pipelines/latest").status_code == 403
    assert api.get(f"{SHOP}/repository/files/..%2f.git%2fconfig/raw", params={"ref": "main"}).status_code == 404
    assert api.get(f"{SHOP}/repository/files/--help/raw", params={"ref": "--all"}).status_code == 404
    assert api.post(f"{INSTANT}/jobs/{number * 1000 + 1}/play").json()["message"].endswith("Unplayable Job")


def test_the_rate_limit(tmp_path: Any, shop: Any) -> None:
    projects = [{"full_path": "acme/instant", "path": shop, "executor": "instant"}]
    tokens = [{"login": "bot", "token": "t"}]
    with start_standin(tmp_path, projects, tokens=tokens, settings={"rate_limit": 2}) as one:
        got = [httpx.get(f"{one.url}/api/v4/user", headers={"private-token": "t"}, trust_env=False) for _ in range(3)]
    assert [answer.status_code for answer in got] == [200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in got] == ["1", "0", "0"]
    assert got[2].text == "Retry later\n"
    assert 1 <= int(got[2].headers["retry-after"]) <= 60
